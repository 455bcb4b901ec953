/*
 * The serial line: a pseudo-terminal. Writes queue here and never block. With a baud rate, bytes move in bursts, each
 * of which comes out when the line would have moved its last byte.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "natives.h"

#define QUEUE_SIZE 65536
#define BURST 4096
/* A paced line moves so many milliseconds' worth of bytes at a time. */
#define PACE 4.0
/* Bytes that nobody has taken for so many milliseconds are gone, as on a line that nobody listens to. */
#define STALE 2000.0

/* One direction of the line: the burst that is on it, how many bytes wait behind it, and when it is done. */
typedef struct {
	size_t burst, behind;
	double free;
} Direction;

static struct {
	RuntimeInput input;
	bool receiving, sending;
	RuntimeTimer *sent; /* while sending: when the burst is through */
	Direction incoming, outgoing;
	uint8_t queue[QUEUE_SIZE];
	size_t head, length;
	double drained; /* when all we sent had last been taken */
} uart;

static void watchFor(Runtime *runtime);

static size_t burst(const Sim *sim, size_t most)
{
	if (!sim->byteTime)
		return most;
	size_t paced = (size_t)(PACE / sim->byteTime);
	if (paced < 1)
		paced = 1;
	return paced < most ? paced : most;
}

/*
 * Puts the first of `waiting` bytes on the line. They follow on the burst before them without a gap if they waited for
 * its end, however late we woke.
 */
static RuntimeTimer *occupy(Runtime *runtime, Direction *line, size_t waiting, RuntimeElapsed moved)
{
	const Sim *sim = runtimeContext(runtimeMachine(runtime));
	double now = runtimeNow();
	double start = line->behind ? line->free : now;
	line->burst = burst(sim, waiting);
	line->behind = waiting - line->burst;
	line->free = start + line->burst * sim->byteTime;
	return runtimeAfter(runtime, line->free - now, moved, NULL);
}

/* Hands up to `most` bytes of the queue to the pty. False if it takes none. */
static bool transmitSome(const Sim *sim, size_t most)
{
	size_t part = most < uart.length ? most : uart.length;
	if (part > QUEUE_SIZE - uart.head)
		part = QUEUE_SIZE - uart.head;
	ssize_t n;
	do
		n = write(sim->pty, uart.queue + uart.head, part);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	uart.head = (uart.head + n) % QUEUE_SIZE;
	uart.length -= n;
	return true;
}

static void transmit(Runtime *runtime);

static void sent(Runtime *runtime, void *data)
{
	(void)data;
	uart.sending = false;
	size_t left = uart.length > uart.outgoing.burst ? uart.length - uart.outgoing.burst : 0;
	uart.outgoing.behind = left;
	while (uart.length > left && transmitSome(runtimeContext(runtimeMachine(runtime)), uart.length - left)) {}
	transmit(runtime);
	watchFor(runtime);
}

static void transmit(Runtime *runtime)
{
	const Sim *sim = runtimeContext(runtimeMachine(runtime));
	if (!sim->byteTime) {
		while (uart.length && transmitSome(sim, BURST)) {}
	} else if (uart.length && !uart.sending) {
		uart.sending = true;
		uart.sent = occupy(runtime, &uart.outgoing, uart.length, sent);
	}
}

/* Reads up to `most` bytes of the pty and gives them to JavaScript. Returns how many there were. */
static size_t receive(Runtime *runtime, size_t most)
{
	xsMachine *the = runtimeMachine(runtime);
	const Sim *sim = runtimeContext(the);
	volatile size_t got = 0; /* set between setjmp and longjmp of xsBeginHost */
	xsBeginHost(the);
	{
		int32_t length;
		uint8_t *into = runtimeBytes(the, &uart.input.into, &length);
		ssize_t n = read(sim->pty, into, most < (size_t)length ? most : (size_t)length);
		if (n > 0) {
			got = (size_t)n;
			xsCallFunction1(uart.input.callback, xsGlobal, xsInteger((xsIntegerValue)n));
		}
	}
	xsEndHost(the);
	return got;
}

/*
 * The burst is through, and more with it if the device was busy: a UART goes on receiving. It all comes at once, so that
 * no packet waits for what the device does between two of its bursts.
 */
static void received(Runtime *runtime, void *data)
{
	(void)data;
	Direction *line = &uart.incoming;
	const Sim *sim = runtimeContext(runtimeMachine(runtime));
	int waiting = 0;
	uart.receiving = false;
	/* What came while the burst was on its way follows it without a gap. */
	if (ioctl(sim->pty, FIONREAD, &waiting) == 0 && (size_t)waiting > line->burst)
		line->behind = (size_t)waiting - line->burst;
	double late = (runtimeNow() - line->free) / sim->byteTime;
	size_t more = late < 0 ? 0 : late < (double)line->behind ? (size_t)late : line->behind;
	line->burst += more;
	line->behind -= more;
	line->free += (double)more * sim->byteTime;
	for (size_t left = line->burst, got = 1; left && got && uart.input.watch; left -= got)
		got = receive(runtime, left);
	watchFor(runtime);
}

/* What is there begins to move. False if there is nothing. */
static bool take(Runtime *runtime)
{
	int waiting = 0;
	if (ioctl(((const Sim *)runtimeContext(runtimeMachine(runtime)))->pty, FIONREAD, &waiting) < 0 || waiting <= 0)
		return false;
	uart.receiving = true;
	occupy(runtime, &uart.incoming, (size_t)waiting, received);
	return true;
}

void uartBusy(Runtime *runtime, double until)
{
	const Sim *sim = runtimeContext(runtimeMachine(runtime));
	bool listening = sim->byteTime && uart.input.watch;
	for (double now; (now = runtimeNow()) < until;) {
		RuntimeDescriptor line = { .fd = sim->pty, .events = RUNTIME_READABLE };
		double next = uart.sending && uart.outgoing.free < until ? uart.outgoing.free : until;
		runtimeWait(&line, listening && !uart.receiving, next > now ? next - now : 0);
		if (line.ready)
			listening = take(runtime);
		if (uart.sending && runtimeNow() >= uart.outgoing.free) {
			runtimeCancel(uart.sent);
			sent(runtime, NULL);
		}
	}
	watchFor(runtime);
}

static void ready(Runtime *runtime, int fd, int events, void *data)
{
	(void)data;
	(void)fd;
	const Sim *sim = runtimeContext(runtimeMachine(runtime));
	if (events & RUNTIME_WRITABLE)
		transmit(runtime);
	if (events & RUNTIME_READABLE && !sim->byteTime) {
		receive(runtime, BURST);
	} else if (events & RUNTIME_READABLE) {
		take(runtime);
	}
	watchFor(runtime);
}

static void watchFor(Runtime *runtime)
{
	(void)runtime;
	if (uart.input.watch)
		runtimeWatchEvents(uart.input.watch,
			(uart.receiving ? 0 : RUNTIME_READABLE) | (uart.length && !uart.sending ? RUNTIME_WRITABLE : 0));
}

/* uartOpen(into, onReadable): bytes that arrive are put into `into`, then onReadable(count) is called. */
static void uart_open(xsMachine *the)
{
	runtimeOpenInput(the, &uart.input, "the UART", simOf(the)->pty, ready);
	uart.drained = runtimeNow();
}

/* uartWrite(bytes): false if the queue has no room for all of them; then none is sent. */
static void uart_write(xsMachine *the)
{
	const Sim *sim = simOf(the);
	int32_t length, waiting = 0;
	uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	double now = runtimeNow();
	if (ioctl(sim->ptySlave, FIONREAD, &waiting) < 0 || (waiting == 0 && uart.length == 0)) {
		uart.drained = now;
	} else if (waiting && now - uart.drained > STALE) {
		tcflush(sim->ptySlave, TCIFLUSH);
		tcflush(sim->pty, TCOFLUSH);
		uart.length = 0;
		uart.drained = now;
	}
	bool fits = (size_t)length <= QUEUE_SIZE - uart.length;
	if (fits) {
		size_t tail = (uart.head + uart.length) % QUEUE_SIZE;
		size_t first = QUEUE_SIZE - tail < (size_t)length ? QUEUE_SIZE - tail : (size_t)length;
		memcpy(uart.queue + tail, bytes, first);
		memcpy(uart.queue, bytes + first, length - first);
		uart.length += length;
		transmit(runtimeOf(the));
		watchFor(runtimeOf(the));
	}
	xsResult = xsBoolean(fits);
}

/* uartClose() */
static void uart_close(xsMachine *the) { runtimeCloseInput(the, &uart.input); }

const RuntimeFunction uartFunctions[] = {
	{ "uartOpen", uart_open, 2 },
	{ "uartWrite", uart_write, 1 },
	{ "uartClose", uart_close, 0 },
	{ NULL },
};
