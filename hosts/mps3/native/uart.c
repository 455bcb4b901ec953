/*
 * CMSDK APB UART (Cortex-M System Design Kit Technical Reference Manual) with a ring buffer each way.
 *
 * QEMU's line has no speed of its own; with a baud rate given the driver takes and gives no more bytes than a line of that
 * speed carries. What it does not take waits at the sender, so nothing is lost while the buffer is full.
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

#define RECEIVING (TX_ON | RX_ON | TX_INTERRUPT | RX_INTERRUPT)

typedef struct {
	volatile uint32_t head, tail; /* counted up for ever */
	uint8_t bytes[SIZE];
	uint64_t free; /* when the line is done with the last byte, clock ticks */
} Ring;

static Ring receiver, sender;
static volatile bool due;
static bool listening;
static volatile uint32_t silence;
static uint32_t byteTime; /* clock ticks; 0: no limit */

static uint32_t used(const Ring *ring) { return ring->head - ring->tail; }

/* A byte that follows on another within this time began when that ended, however late we are to see it. */
#define PACE (CLOCK_HZ / 1000 * 4)

static bool may(const Ring *ring) { return !byteTime || clockTicks() >= ring->free; }

static void spend(Ring *ring)
{
	if (!byteTime)
		return;
	uint64_t now = clockTicks();
	ring->free = (now - ring->free < PACE ? ring->free : now) + byteTime;
}

/* Listens while there is room and the line has had time for a byte. */
static void listen(void)
{
	bool on = used(&receiver) < SIZE && may(&receiver);
	if (on != listening)
		CTRL = on ? RECEIVING : RECEIVING & ~RX_ON;
	listening = on;
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
		if (!listening)
			return;
	}
}

void onUartTransmit(void)
{
	INTERRUPT = SENT;
	transmit();
}

void uartTick(void)
{
	if (used(&receiver) && ++silence >= QUIET)
		due = true;
	if (!byteTime)
		return;
	listen();
	transmit();
}

void uartStart(void)
{
	uint32_t baud = boardOptions()->baud;
	byteTime = baud ? (uint32_t)((uint64_t)CLOCK_HZ * 10 / baud) : 0; /* ten bits a byte */
	BAUDDIV = 278; /* 115200 from 32 MHz; it has to be 16 or more */
	CTRL = RECEIVING;
	listening = true;
	NVIC_ENABLE[1] = 3 << 1; /* 33 and 34 */
	if (STATE & RX_FULL) {
		interruptsOff();
		onUartReceive();
		interruptsOn();
	}
}

void uartStop(void)
{
	CTRL = 0;
	listening = false;
}

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
