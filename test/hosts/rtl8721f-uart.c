/*
 * hosts/rtl8721f/uart.c on the desk: a UART with a FIFO each way in place of Zephyr's driver, and the event loop of
 * app/src/main.c with its message queue. What main() is told to do is in rtl8721f-uart.test.ts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zephyr/drivers/uart.h>
#include <zephyr/irq.h>

#include "uart.h"

#define QUEUE 10 /* MODDEF_TASK_QUEUELENGTH of the SDK's xsHost.c */
#define LINE 65536

const struct device chosen_zephyr_uart_mcumgr = { "uart2" };

static struct {
	int fifo; /* bytes */
	bool prompt; /* enabling the transmitter calls the interrupt routine at once, as Arm's CMSDK driver does */
	bool edge; /* a byte interrupts at its arrival alone, and not if the interrupt was off then: Arm's CMSDK UART */
	bool raised; /* with `edge`: it has interrupted */
	bool stuck; /* nothing leaves */
	bool receives, sends; /* interrupts that are on */
	uint8_t in[LINE], out[LINE], waiting[64];
	int inHead, inTail, outLength, outWaiting;
	uart_irq_callback_user_data_t call;
} line = { .fifo = 16 };

static int locked;
static int queued;

bool device_is_ready(const struct device *device) { return device == &chosen_zephyr_uart_mcumgr; }

int uart_configure(const struct device *device, const struct uart_config *config)
{
	(void)device;
	return config->baudrate == 115200 && config->parity == UART_CFG_PARITY_NONE ? 0 : -1;
}

int uart_irq_callback_user_data_set(const struct device *device, uart_irq_callback_user_data_t call, void *data)
{
	(void)device;
	(void)data;
	line.call = call;
	return 0;
}

void uart_irq_update(const struct device *device) { (void)device; }

int uart_irq_rx_ready(const struct device *device)
{
	(void)device;
	return line.receives && line.inHead > line.inTail && (line.raised || !line.edge);
}

int uart_irq_tx_ready(const struct device *device)
{
	(void)device;
	return line.sends && line.outWaiting < line.fifo;
}

int uart_irq_is_pending(const struct device *device) { return uart_irq_rx_ready(device) || uart_irq_tx_ready(device); }

int uart_fifo_read(const struct device *device, uint8_t *into, int size)
{
	(void)device;
	int count = 0;
	while (count < size && line.inTail < line.inHead)
		into[count++] = line.in[line.inTail++];
	/* What waited behind the byte arrives now. */
	line.raised |= count > 0 && line.receives;
	return count;
}

int uart_fifo_fill(const struct device *device, const uint8_t *bytes, int size)
{
	(void)device;
	int count = 0;
	while (count < size && line.outWaiting < line.fifo)
		line.waiting[line.outWaiting++] = bytes[count++];
	if (line.prompt && !line.stuck) {
		memcpy(line.out + line.outLength, line.waiting, (size_t)line.outWaiting);
		line.outLength += line.outWaiting;
		line.outWaiting = 0;
	}
	return count;
}

void uart_irq_rx_enable(const struct device *device)
{
	(void)device;
	line.receives = true;
}

void uart_irq_rx_disable(const struct device *device)
{
	(void)device;
	line.receives = line.raised = false;
}

void uart_irq_tx_enable(const struct device *device)
{
	line.sends = true;
	if (line.prompt)
		line.call(device, NULL);
}

void uart_irq_tx_disable(const struct device *device)
{
	(void)device;
	line.sends = false;
}

unsigned int irq_lock(void) { return (unsigned int)locked++; }
void irq_unlock(unsigned int key) { locked = (int)key; }

/* The bytes in the FIFO leave, then the UART interrupts if it has a reason. */
static bool hardware(void)
{
	bool moved = line.outWaiting > 0 && !line.stuck;
	if (moved) {
		memcpy(line.out + line.outLength, line.waiting, (size_t)line.outWaiting);
		line.outLength += line.outWaiting;
		line.outWaiting = 0;
	}
	if (locked || !uart_irq_is_pending(&chosen_zephyr_uart_mcumgr))
		return moved;
	line.call(&chosen_zephyr_uart_mcumgr, NULL);
	return true;
}

/* modMessagePostToMachineFromISR(): drops the message when the queue is full. */
static void wake(void)
{
	if (queued < QUEUE)
		queued++;
}

static int takes;

/* One turn of the event loop, as nativeTurn() and modMessageService() make it. False: it would wait for ever. */
static bool turn(void)
{
	bool due = uartDue();
	if (due) {
		uint8_t bytes[100];
		uint32_t count;
		takes++;
		while ((count = uartTake(bytes, sizeof bytes)) > 0)
			fwrite(bytes, 1, count, stdout);
	}
	if (queued == 0)
		return due;
	queued--;
	return true;
}

static void arrive(const char *text)
{
	line.raised |= line.receives && line.inHead == line.inTail;
	memcpy(line.in + line.inHead, text, strlen(text));
	line.inHead += (int)strlen(text);
}

/* Until nothing happens any more. */
static void settle(void)
{
	while (hardware() | turn())
		;
}

/* Bytes that are not the same anywhere, sent in writes of `size`. */
static int sendMany(int writes, uint32_t size)
{
	static uint8_t bytes[4096];
	static uint32_t next;
	int taken = 0;
	for (int i = 0; i < writes; i++) {
		for (uint32_t j = 0; j < size; j++)
			bytes[j] = (uint8_t)((next + j) * 7 + ((next + j) >> 8));
		if (uartSend(bytes, size)) {
			next += size;
			taken++;
		}
	}
	return taken;
}

/* Whether all that was sent came out, in order. */
static bool whole(int length)
{
	for (int i = 0; i < line.outLength; i++)
		if (line.out[i] != (uint8_t)(i * 7 + (i >> 8)))
			return false;
	return line.outLength == length;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? atoi(argv[2]) : 0;

	line.prompt = !strcmp(what, "prompt");
	if (!strcmp(what, "fifo"))
		line.fifo = number;
	line.edge = !strcmp(what, "early") || !strcmp(what, "flood");
	if (!strcmp(what, "early"))
		arrive("before ");
	if (!uartStart(115200, wake))
		return 2;

	if (!strcmp(what, "early")) {
		arrive("and after\n");
		settle();
	} else if (!strcmp(what, "crowded")) {
		queued = QUEUE;
		arrive("first\n");
		settle();
		arrive("second\n");
		settle();
	} else if (!strcmp(what, "worth")) {
		arrive("half of ");
		settle();
		printf("[%d]", takes);
		arrive("a line\n");
		settle();
		printf("[%d]", takes);
		for (int i = 0; i < number; i++)
			arrive("x");
		settle();
		printf("[%d]", takes);
	} else if (!strcmp(what, "flood")) {
		for (int i = 0; i < number; i++)
			arrive("0123456789");
		while (hardware())
			;
		printf("[%d left]", line.inHead - line.inTail);
		settle();
	} else if (!strcmp(what, "prompt") || !strcmp(what, "fifo")) {
		int sent = 0;
		for (int i = 0; i < 20; i++) {
			sent += 1001 * sendMany(2, 1001);
			settle();
		}
		printf("%s", sent == 40 * 1001 && whole(sent) ? "whole" : "broken");
	} else if (!strcmp(what, "stuck")) {
		line.stuck = true;
		printf("%d", sendMany(5, 1400));
		settle();
		line.stuck = false;
		settle();
		printf(" %s", whole(2 * 1400) ? "whole" : "broken");
		printf(" %d", sendMany(1, 1400));
		settle();
		printf(" %s", whole(3 * 1400) ? "whole" : "broken");
	} else {
		return 2;
	}
	return locked ? 3 : 0;
}
