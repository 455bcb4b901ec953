/*
 * CMSDK APB UART (Cortex-M System Design Kit Technical Reference Manual) with a ring buffer each way.
 *
 * QEMU's line has no speed of its own; with a baud rate given the driver makes one of that speed of it. Each byte that
 * arrives or waits to be sent takes its time on the line after the one before it, and goes on when that time is over.
 * Bytes are taken from QEMU before their time, so that the line stays busy however late QEMU is to hand over the next
 * ones. What the driver does not take waits at the sender, so nothing is lost while the buffer is full.
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
	uint64_t free; /* when the line is done with the last byte received, or sent, clock ticks */
} Ring;

static Ring receiver, sender;
static volatile uint32_t worth; /* bytes before this one, counted like head, are worth a call once they have arrived */
static bool listening;
static volatile uint32_t silence;
static uint32_t byteTime; /* clock ticks; 0: no limit */

static uint32_t used(const Ring *ring) { return ring->head - ring->tail; }

/* So far ahead of the line bytes are taken, clock ticks. */
#define AHEAD (CLOCK_HZ / 1000 * 20)

/* Listens while there is room and the line is not far behind; once it is, until it has caught up with half. */
static void listen(void)
{
	uint64_t ahead = listening ? AHEAD : AHEAD / 2;
	bool on = used(&receiver) < SIZE && (!byteTime || receiver.free <= clockTicks() + ahead);
	if (on != listening)
		CTRL = on ? RECEIVING : RECEIVING & ~RX_ON;
	listening = on;
}

/* How many of the bytes that were taken the line has carried. */
static uint32_t arrived(void)
{
	uint64_t now = clockTicks(), free = receiver.free;
	uint32_t count = used(&receiver);
	if (!byteTime || free <= now)
		return count;
	uint32_t ahead = (uint32_t)((free - now + byteTime - 1) / byteTime);
	return count > ahead ? count - ahead : 0;
}

static void transmit(void)
{
	uint64_t now = byteTime ? clockTicks() : 0;
	while (used(&sender) && sender.free + byteTime <= now && !(STATE & TX_FULL)) {
		DATA = sender.bytes[sender.tail++ % SIZE];
		sender.free += byteTime;
	}
}

void onUartReceive(void)
{
	INTERRUPT = RECEIVED;
	uint32_t head = receiver.head;
	while (STATE & RX_FULL) {
		uint8_t byte = (uint8_t)DATA;
		receiver.bytes[head++ % SIZE] = byte;
		receiver.head = head;
		if (byteTime) {
			uint64_t now = clockTicks();
			receiver.free = (receiver.free > now ? receiver.free : now) + byteTime;
		}
		silence = 0;
		uint32_t count = head - receiver.tail;
		if (byte == LF || count >= WORTH)
			worth = head;
		if (byteTime || count >= SIZE)
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
		worth = receiver.head;
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

uint32_t uartReady(void)
{
	uint32_t count = worth - receiver.tail;
	return count && arrived() >= (count < WORTH ? count : WORTH) ? count : 0;
}

uint32_t uartTake(uint8_t *into, uint32_t most)
{
	uint32_t count = 0;
	interruptsOff();
	uint32_t whole = arrived(), due = worth - receiver.tail;
	interruptsOn();
	/* Not what came of the next line: so there are few lengths, and JavaScript has a view of each. */
	if (due < whole)
		whole = due;
	if (whole < most)
		most = whole;
	while (count < most)
		into[count++] = receiver.bytes[receiver.tail++ % SIZE];
	interruptsOff();
	if ((int32_t)(worth - receiver.tail) < 0)
		worth = receiver.tail;
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
	uint64_t now = clockTicks();
	if (byteTime && !used(&sender) && sender.free < now)
		sender.free = now;
	sender.head += length;
	transmit();
	interruptsOn();
	return true;
}
