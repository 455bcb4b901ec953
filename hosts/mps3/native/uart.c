/*
 * CMSDK APB UART (Cortex-M System Design Kit Technical Reference Manual) with a ring buffer each way.
 *
 * QEMU's line has no speed of its own; with a baud rate given the driver takes and gives as many bytes in a millisecond as a
 * line of that speed carries. What it does not take waits at the sender, so nothing is lost while the buffer is full.
 */
#include "board.h"

#define DATA (*(volatile uint32_t *)0x59303000)
#define STATE (*(volatile uint32_t *)0x59303004)
#define CTRL (*(volatile uint32_t *)0x59303008)
#define INTERRUPT (*(volatile uint32_t *)0x5930300c)
#define BAUDDIV (*(volatile uint32_t *)0x59303010)
#define NVIC_ENABLE ((volatile uint32_t *)0xe000e100)

enum { TX_FULL = 1, RX_FULL = 2 }; /* STATE */
enum { TX_ON = 1, RX_ON = 2, TX_INTERRUPT = 4, RX_INTERRUPT = 8 }; /* CTRL */
enum { SENT = 1, RECEIVED = 2 }; /* INTERRUPT */

#define SIZE 2048 /* of a ring; a power of two that holds the longest response, framed */
#define WORTH 256 /* so many bytes are handed over before their line ends */
#define QUIET 2 /* and any number after so many milliseconds of silence */
#define LF 0x0a

typedef struct {
	volatile uint32_t head, tail; /* counted up for ever */
	uint8_t bytes[SIZE];
	int32_t credit; /* bytes that the line still carries now, in thousandths */
} Ring;

static Ring receiver, sender;
static volatile bool due;
static volatile uint32_t silence;
static int32_t rate; /* thousandths of a byte in a millisecond; 0: no limit */

static uint32_t used(const Ring *ring) { return ring->head - ring->tail; }

static bool may(Ring *ring) { return !rate || ring->credit >= 1000; }

static void spend(Ring *ring)
{
	if (rate)
		ring->credit -= 1000;
}

/* Listens while there is room and the line has had time for a byte. */
static void listen(void)
{
	if (used(&receiver) < SIZE && may(&receiver))
		CTRL |= RX_ON;
	else
		CTRL &= ~RX_ON;
}

static void transmit(void)
{
	while (used(&sender) && may(&sender) && !(STATE & TX_FULL)) {
		DATA = sender.bytes[sender.tail++ % SIZE];
		spend(&sender);
	}
}

void onUartReceive(void)
{
	INTERRUPT = RECEIVED;
	while (STATE & RX_FULL) {
		uint8_t byte = (uint8_t)DATA;
		receiver.bytes[receiver.head++ % SIZE] = byte;
		spend(&receiver);
		silence = 0;
		if (byte == LF || used(&receiver) >= WORTH)
			due = true;
		listen();
		if (!(CTRL & RX_ON))
			return;
	}
}

void onUartTransmit(void)
{
	INTERRUPT = SENT;
	transmit();
}

static void earn(Ring *ring)
{
	ring->credit += rate;
	/* A line that was idle does not run faster afterwards. */
	if (ring->credit > rate + 1000)
		ring->credit = rate + 1000;
}

void uartTick(void)
{
	if (used(&receiver) && ++silence >= QUIET)
		due = true;
	if (!rate)
		return;
	earn(&receiver);
	earn(&sender);
	listen();
	transmit();
}

void uartStart(void)
{
	rate = (int32_t)(boardOptions()->baud / 10); /* ten bits a byte */
	receiver.credit = sender.credit = rate;
	BAUDDIV = 278; /* 115200 from 32 MHz; it has to be 16 or more */
	CTRL = TX_ON | RX_ON | TX_INTERRUPT | RX_INTERRUPT;
	NVIC_ENABLE[1] = 3 << 1; /* 33 and 34 */
	if (STATE & RX_FULL) {
		interruptsOff();
		onUartReceive();
		interruptsOn();
	}
}

void uartStop(void) { CTRL = 0; }

uint32_t uartReady(void) { return due ? used(&receiver) : 0; }

uint32_t uartTake(uint8_t *into, uint32_t most)
{
	uint32_t count = 0;
	while (count < most && used(&receiver))
		into[count++] = receiver.bytes[receiver.tail++ % SIZE];
	interruptsOff();
	due = used(&receiver) > 0;
	listen();
	interruptsOn();
	return count;
}

bool uartSend(const uint8_t *bytes, uint32_t length)
{
	if (length > SIZE - used(&sender))
		return false;
	for (uint32_t i = 0; i < length; i++)
		sender.bytes[(sender.head + i) % SIZE] = bytes[i];
	interruptsOff();
	sender.head += length;
	transmit();
	interruptsOn();
	return true;
}
