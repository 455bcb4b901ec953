/*
 * What the Moddable SDK's Zephyr port has no way to do, behind native.ts: restart the chip (its System.restart() waits
 * for ever), write to the console (trace() speaks to the debugger), and hash by PSA Crypto, which uses the chip's
 * engine where Zephyr has a driver for it. And console framing, as engine/native/codec.c has it for other hosts.
 */
#include "xsmc.h"

#include "console-frame.h"

#include <string.h>

#include <psa/crypto.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>
#include <zephyr/sys/reboot.h>

#define SHA256_LENGTH 32

/* mcconfig finds these by the names in native.ts; no header declares them before it has run. */
void xs_rtl8721f_reset(xsMachine *the);
void xs_rtl8721f_log(xsMachine *the);
void xs_rtl8721f_buildTime(xsMachine *the);
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
