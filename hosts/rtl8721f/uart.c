/*
 * In place of the SDK's serial.c (SDK 8.2.3), which can stall for ever: see README.md, section 7. Two rules keep this one going.
 * What is due is a flag that stays until somebody has looked, so no wake-up can be lost. And whether the transmitter is on is
 * the driver's knowledge alone: a copy of it here could be wrong.
 */
#include "uart.h"

#include <stdatomic.h>
#include <stddef.h>

#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/irq.h>

#define RECEIVE_SIZE 2048 /* powers of two */
#define SEND_SIZE 4096 /* two responses of 1,024 bytes in their base64 frames, and more */
#define WORTH 256 /* so many bytes are handed over before their line ends */
#define LF 0x0a

/* One side writes `head`, the other `tail`; both count up for ever. */
typedef struct {
	atomic_uint head, tail;
	uint32_t size;
	uint8_t *bytes;
} Ring;

static uint8_t received[RECEIVE_SIZE], sending[SEND_SIZE];
static Ring receiver = { .size = RECEIVE_SIZE, .bytes = received };
static Ring sender = { .size = SEND_SIZE, .bytes = sending };
static atomic_bool due, full;
static void (*wakeUp)(void);

static const struct device *const uart = DEVICE_DT_GET(DT_CHOSEN(zephyr_uart_mcumgr));

static uint32_t used(Ring *ring) { return atomic_load(&ring->head) - atomic_load(&ring->tail); }

static void receive(void)
{
	uint32_t head = atomic_load(&receiver.head);
	bool worth = false;
	for (;;) {
		uint8_t byte;
		if (used(&receiver) == RECEIVE_SIZE) {
			/* What does not fit stays in the UART until uartTake() has made room. */
			uart_irq_rx_disable(uart);
			full = true;
			worth = true;
			break;
		}
		if (uart_fifo_read(uart, &byte, 1) != 1)
			break;
		received[head++ % RECEIVE_SIZE] = byte;
		atomic_store(&receiver.head, head);
		worth |= byte == LF || used(&receiver) >= WORTH;
	}
	if (worth && !atomic_exchange(&due, true))
		wakeUp();
}

/*
 * Turns the receiver's interrupt on. Some UARTs, like Arm's CMSDK, raise it at a byte's arrival alone: a byte that came while it
 * was off would lie there, and block all that follow.
 */
static void listen(void)
{
	unsigned int key = irq_lock();
	uart_irq_rx_enable(uart);
	receive();
	irq_unlock(key);
}

static void transmit(void)
{
	uint32_t tail = atomic_load(&sender.tail), count = used(&sender);
	if (count == 0) {
		uart_irq_tx_disable(uart);
		return;
	}
	uint32_t at = tail % SEND_SIZE, straight = SEND_SIZE - at;
	int taken = uart_fifo_fill(uart, sending + at, (int)(count < straight ? count : straight));
	if (taken > 0)
		atomic_store(&sender.tail, tail + (uint32_t)taken);
}

static void onInterrupt(const struct device *device, void *data)
{
	(void)data;
	/* Newer drivers give no result here, so that none is looked at. */
	for (uart_irq_update(device); uart_irq_is_pending(device); uart_irq_update(device)) {
		if (uart_irq_rx_ready(device))
			receive();
		if (uart_irq_tx_ready(device))
			transmit();
	}
}

bool uartStart(uint32_t baud, void (*wake)(void))
{
	const struct uart_config config = {
		.baudrate = baud,
		.parity = UART_CFG_PARITY_NONE,
		.stop_bits = UART_CFG_STOP_BITS_1,
		.data_bits = UART_CFG_DATA_BITS_8,
		.flow_ctrl = UART_CFG_FLOW_CTRL_NONE,
	};
	wakeUp = wake;
	if (!device_is_ready(uart) || uart_configure(uart, &config) < 0)
		return false;
	if (uart_irq_callback_user_data_set(uart, onInterrupt, NULL) < 0)
		return false;
	listen();
	return true;
}

bool uartDue(void) { return atomic_exchange(&due, false); }

uint32_t uartTake(uint8_t *into, uint32_t size)
{
	uint32_t tail = atomic_load(&receiver.tail), count = used(&receiver);
	if (count > size)
		count = size;
	for (uint32_t i = 0; i < count; i++)
		into[i] = received[(tail + i) % RECEIVE_SIZE];
	atomic_store(&receiver.tail, tail + count);
	if (count > 0 && atomic_exchange(&full, false))
		listen();
	return count;
}

bool uartSend(const uint8_t *bytes, uint32_t size)
{
	uint32_t head = atomic_load(&sender.head);
	if (size > SEND_SIZE - used(&sender))
		return false;
	for (uint32_t i = 0; i < size; i++)
		sending[(head + i) % SEND_SIZE] = bytes[i];
	atomic_store(&sender.head, head + size);
	/* Some drivers call the interrupt routine here, and others write a register that it writes too. */
	unsigned int key = irq_lock();
	uart_irq_tx_enable(uart);
	irq_unlock(key);
	return true;
}

void uartStop(void)
{
	uart_irq_rx_disable(uart);
	uart_irq_tx_disable(uart);
}
