/*
 * What the Moddable SDK's Zephyr port has no way to do, behind native.ts: restart the chip (its System.restart() waits
 * for ever), tell why it started, run its watchdog, write to the console (trace() speaks to the debugger), and hash by
 * PSA Crypto, which uses the chip's engine where Zephyr has a driver for it. The UART of uart.c for JavaScript. And
 * console framing, as engine/native/codec.c has it for other hosts.
 */
#include "xsmc.h"
#include "xsHost.h"

#include "console-frame.h"
#include "turn.h"
#include "uart.h"

#include <string.h>

#include <psa/crypto.h>
#include <zephyr/drivers/hwinfo.h>
#include <zephyr/drivers/watchdog.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/reboot.h>

#define SHA256_LENGTH 32

/* mcconfig finds these by the names in native.ts; no header declares them before it has run. */
void xs_rtl8721f_reset(xsMachine *the);
void xs_rtl8721f_log(xsMachine *the);
void xs_rtl8721f_buildTime(xsMachine *the);
void xs_rtl8721f_resetCause(xsMachine *the);
void xs_rtl8721f_watchdog(xsMachine *the);
void xs_rtl8721f_uartOpen(xsMachine *the);
void xs_rtl8721f_uartWrite(xsMachine *the);
void xs_rtl8721f_uartClose(xsMachine *the);
void xs_rtl8721f_sha256_destructor(void *data);
void xs_rtl8721f_sha256(xsMachine *the);
void xs_rtl8721f_sha256_update(xsMachine *the);
void xs_rtl8721f_sha256_finish(xsMachine *the);
void xs_rtl8721f_consoleState(xsMachine *the);
void xs_rtl8721f_consoleDecode(xsMachine *the);
void xs_rtl8721f_consoleAt(xsMachine *the);
void xs_rtl8721f_consoleEncode(xsMachine *the);

/* reset(): does not return. */
void xs_rtl8721f_reset(xsMachine *the)
{
	(void)the;
	sys_reboot(SYS_REBOOT_COLD);
}

/* log(line) */
void xs_rtl8721f_log(xsMachine *the) { printk("%s\n", xsmcToString(xsArg(0))); }

/* buildTime(): string */
void xs_rtl8721f_buildTime(xsMachine *the) { xsmcSetString(xsResult, __DATE__ " " __TIME__); }

/* resetCause(): Zephyr's bits, of this start alone; 0 if the chip's driver does not tell. */
void xs_rtl8721f_resetCause(xsMachine *the)
{
	uint32_t cause = 0;

	if (hwinfo_get_reset_cause(&cause) < 0)
		cause = 0;
	/* They add up until somebody clears them. */
	hwinfo_clear_reset_cause();
	xsmcSetInteger(xsResult, (xsIntegerValue)cause);
}

#if defined(CONFIG_WATCHDOG) && DT_NODE_HAS_STATUS_OKAY(DT_ALIAS(watchdog0))
static const struct device *const watchdog = DEVICE_DT_GET(DT_ALIAS(watchdog0));
static int channel;
/* Half of the time that JavaScript has, milliseconds; 0: the watchdog is off. */
static int interval;

/* watchdog(milliseconds): 0 stops it. False if the driver will not. */
void xs_rtl8721f_watchdog(xsMachine *the)
{
	struct wdt_timeout_cfg config = { .window.max = (uint32_t)xsmcToInteger(xsArg(0)), .flags = WDT_FLAG_RESET_SOC };
	bool done = interval ? wdt_disable(watchdog) == 0 : device_is_ready(watchdog);

	if (done)
		interval = 0;
	if (done && config.window.max) {
		channel = wdt_install_timeout(watchdog, &config);
		done = channel >= 0 && wdt_setup(watchdog, 0) == 0;
		if (done)
			interval = (int)(config.window.max / 2);
	}
	xsmcSetBoolean(xsResult, done);
}

/* The event loop has come round. Returns how long it may wait. */
static int feed(int wait)
{
	if (!interval)
		return wait;
	wdt_feed(watchdog, channel);
	return wait < interval ? wait : interval;
}
#else
void xs_rtl8721f_watchdog(xsMachine *the) { xsmcSetBoolean(xsResult, xsmcToInteger(xsArg(0)) == 0); }

static int feed(int wait) { return wait; }
#endif

/* Where the UART's bytes go, and who hears of them. */
static struct {
	xsMachine *the;
	xsSlot into, callback;
} input;

/* The message only ends the wait of the event loop. */
static void woken(void *the, void *refcon, uint8_t *message, uint16_t length)
{
	ARG_UNUSED(the);
	ARG_UNUSED(refcon);
	ARG_UNUSED(message);
	ARG_UNUSED(length);
}

/* A queue that is full drops the message, and does not let the event loop wait. */
static void wake(void) { modMessagePostToMachineFromISR(input.the, woken, NULL); }

/* uartOpen(baud, into, onReadable): bytes that arrive are put into `into`, then onReadable(count) is called. */
void xs_rtl8721f_uartOpen(xsMachine *the)
{
	if (input.the)
		xsUnknownError("the UART is open");
	input.the = the;
	input.into = xsArg(1);
	input.callback = xsArg(2);
	xsRemember(input.into);
	xsRemember(input.callback);
	if (!uartStart((uint32_t)xsmcToInteger(xsArg(0)), wake))
		xsUnknownError("the UART cannot be opened");
}

/* uartWrite(bytes): false if there is no room for all of them; then none is sent. */
void xs_rtl8721f_uartWrite(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(0), &bytes, &length);
	xsmcSetBoolean(xsResult, uartSend(bytes, length));
}

/* uartClose() */
void xs_rtl8721f_uartClose(xsMachine *the)
{
	if (!input.the)
		return;
	uartStop();
	xsForget(input.into);
	xsForget(input.callback);
	input.the = NULL;
}

static void hand(xsMachine *the)
{
	xsBeginHost(the);
	while (input.the) {
		void *into;
		xsUnsignedValue size;

		xsmcGetBufferWritable(input.into, &into, &size);
		size = uartTake(into, size);
		if (size == 0)
			break;
		xsmcSetInteger(xsResult, (xsIntegerValue)size);
		xsCallFunction1(input.callback, xsGlobal, xsResult);
	}
	xsEndHost(the);
}

int nativeTurn(xsMachine *the, int wait)
{
	/* Asked before each wait: what has become due since is in the queue, or the queue is full. Neither lets the wait begin. */
	if (uartDue()) {
		hand(the);
		wait = 0;
	}
	return feed(wait);
}

/* The state of a computation that nobody finished. */
void xs_rtl8721f_sha256_destructor(void *data)
{
	if (data) {
		psa_hash_abort(data);
		k_free(data);
	}
}

/* constructor(). The state lives outside XS, which would move it: a driver may keep its address. */
void xs_rtl8721f_sha256(xsMachine *the)
{
	psa_hash_operation_t *operation = k_calloc(1, sizeof *operation);

	if (!operation)
		xsUnknownError("no memory for a hash");
	if (psa_crypto_init() != PSA_SUCCESS || psa_hash_setup(operation, PSA_ALG_SHA_256) != PSA_SUCCESS) {
		k_free(operation);
		xsUnknownError("no SHA-256");
	}
	xsmcSetHostData(xsThis, operation);
}

static psa_hash_operation_t *operationOf(xsMachine *the)
{
	psa_hash_operation_t *operation = xsmcGetHostData(xsThis);

	if (!operation)
		xsUnknownError("the hash is finished");
	return operation;
}

/* update(bytes) */
void xs_rtl8721f_sha256_update(xsMachine *the)
{
	psa_hash_operation_t *operation = operationOf(the);
	void *bytes;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(0), &bytes, &length);
	if (psa_hash_update(operation, bytes, length) != PSA_SUCCESS)
		xsUnknownError("SHA-256 failed");
}

/* finish(): ArrayBuffer of 32 bytes */
void xs_rtl8721f_sha256_finish(xsMachine *the)
{
	psa_hash_operation_t *operation = operationOf(the);
	uint8_t digest[SHA256_LENGTH];
	size_t length;
	psa_status_t status = psa_hash_finish(operation, digest, sizeof digest, &length);

	xsmcSetHostData(xsThis, NULL);
	xs_rtl8721f_sha256_destructor(operation);
	if (status != PSA_SUCCESS)
		xsUnknownError("SHA-256 failed");
	xsmcSetArrayBuffer(xsResult, digest, sizeof digest);
}

/* consoleState(maxLine): ArrayBuffer */
void xs_rtl8721f_consoleState(xsMachine *the)
{
	ConsoleState state = { .maxLine = (uint32_t)xsmcToInteger(xsArg(0)) };

	xsmcSetArrayBuffer(xsResult, &state, sizeof state);
}

/* The state is copied: a buffer may lie anywhere, a struct is aligned. Returns the buffer's bytes. */
static void *stateOf(xsMachine *the, ConsoleState *state)
{
	void *bytes;
	xsUnsignedValue length;

	xsmcGetBufferWritable(xsArg(0), &bytes, &length);
	if (length != sizeof *state)
		xsRangeError("not the state of a console");
	memcpy(state, bytes, sizeof *state);
	return bytes;
}

/* consoleDecode(state, frame, bytes, at): number */
void xs_rtl8721f_consoleDecode(xsMachine *the)
{
	ConsoleState state;
	xsIntegerValue at = xsmcToInteger(xsArg(3));
	void *kept = stateOf(the, &state);
	void *frame, *bytes;
	xsUnsignedValue size, end;

	xsmcGetBufferWritable(xsArg(1), &frame, &size);
	xsmcGetBufferReadable(xsArg(2), &bytes, &end);
	if (at < 0 || (xsUnsignedValue)at > end)
		xsRangeError("not an offset");
	xsmcSetInteger(xsResult, consoleDecode(&state, frame, size, bytes, (uint32_t)at, end));
	memcpy(kept, &state, sizeof state);
}

/* consoleAt(state): number */
void xs_rtl8721f_consoleAt(xsMachine *the)
{
	ConsoleState state;

	stateOf(the, &state);
	xsmcSetInteger(xsResult, (xsIntegerValue)state.at);
}

/* consoleEncode(packet, into): number */
void xs_rtl8721f_consoleEncode(xsMachine *the)
{
	void *packet, *into;
	xsUnsignedValue length, room, size;

	xsmcGetBufferReadable(xsArg(0), &packet, &length);
	xsmcGetBufferWritable(xsArg(1), &into, &room);
	if (length > UINT16_MAX - 2)
		xsRangeError("too long for a frame");
	size = consoleSize(length);
	if (room == size)
		consoleEncode(packet, length, into);
	xsmcSetInteger(xsResult, (xsIntegerValue)size);
}
