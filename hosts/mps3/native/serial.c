/* The UART for JavaScript, and the wait for it. */
#include "natives.h"

static RuntimeInput input;

void runtimeWait(RuntimeDescriptor *descriptors, size_t count, double milliseconds)
{
	uint32_t most = milliseconds > 0 ? (uint32_t)milliseconds : 0;
	if (most < milliseconds)
		most++;
	uint32_t start = clockMilliseconds();
	bool ready = false;
	interruptsOff();
	for (;;) {
		for (size_t i = 0; i < count; i++) {
			descriptors[i].ready = uartReady() ? descriptors[i].events & RUNTIME_READABLE : 0;
			ready |= descriptors[i].ready != 0;
		}
		if (ready || (milliseconds >= 0 && clockMilliseconds() - start >= most))
			break;
		clockSleep();
	}
	interruptsOn();
}

static void ready(Runtime *runtime, int fd, int events, void *data)
{
	(void)fd;
	(void)events;
	(void)data;
	xsMachine *the = runtimeMachine(runtime);
	xsBeginHost(the);
	{
		int32_t length;
		uint8_t *into = runtimeBytes(the, &input.into, &length);
		uint32_t count = uartTake(into, (uint32_t)length);
		if (count > 0)
			xsCallFunction1(input.callback, xsGlobal, xsInteger((xsIntegerValue)count));
	}
	xsEndHost(the);
}

/* uartOpen(into, onReadable): bytes that arrive are put into `into`, then onReadable(count) is called. */
static void uart_open(xsMachine *the)
{
	runtimeOpenInput(the, &input, "the UART", UART_DESCRIPTOR, ready);
	uartStart();
}

/* uartWrite(bytes): false if there is no room for all of them; then none is sent. */
static void uart_write(xsMachine *the)
{
	int32_t length;
	const uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	xsResult = xsBoolean(uartSend(bytes, (uint32_t)length));
}

/* uartClose() */
static void uart_close(xsMachine *the)
{
	if (input.watch)
		uartStop();
	runtimeCloseInput(the, &input);
}

const RuntimeFunction uartFunctions[] = {
	{ "uartOpen", uart_open, 2 },
	{ "uartWrite", uart_write, 1 },
	{ "uartClose", uart_close, 0 },
	{ NULL },
};
