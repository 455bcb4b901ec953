/* Console framing for JavaScript: the functions of `ConsoleNatives` (modules/smp/transport/codec.ts). */
#include <string.h>

#include "console-frame.h"
#include "native.h"

/* The state is copied: an array may lie anywhere, a struct is aligned. Returns the array's bytes. */
static uint8_t *stateOf(xsMachine *the, ConsoleState *state)
{
	int32_t length;
	uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	if (length != sizeof *state)
		xsRangeError("not the state of a console");
	memcpy(state, bytes, sizeof *state);
	return bytes;
}

/* consoleState(maxLine): the state of a line that begins, an ArrayBuffer. */
static void codec_consoleState(xsMachine *the)
{
	int32_t maxLine = xsToInteger(xsArg(0));
	if (maxLine < 1)
		xsRangeError("not the length of a line");
	ConsoleState state = { .maxLine = (uint32_t)maxLine };
	xsResult = xsArrayBuffer(&state, sizeof state);
}

/* consoleDecode(state, frame, bytes, at): the length of a packet, or what else there is to tell. */
static void codec_consoleDecode(xsMachine *the)
{
	ConsoleState state;
	int32_t size, end;
	int32_t at = xsToInteger(xsArg(3));
	uint8_t *bytes = stateOf(the, &state);
	uint8_t *frame = runtimeBytes(the, &xsArg(1), &size);
	const uint8_t *from = runtimeBytes(the, &xsArg(2), &end);
	if (at < 0 || at > end)
		xsRangeError("not an offset");
	/* Nothing above allocates once the first pointer is there, so all of them still hold. */
	int32_t event = consoleDecode(&state, frame, (uint32_t)size, from, (uint32_t)at, (uint32_t)end);
	memcpy(bytes, &state, sizeof state);
	xsResult = xsInteger(event);
}

/* consoleAt(state): so many of the bytes were taken. */
static void codec_consoleAt(xsMachine *the)
{
	ConsoleState state;
	stateOf(the, &state);
	xsResult = xsInteger((xsIntegerValue)state.at);
}

/* consoleEncode(packet, into): the length of the frame, which is written if `into` has it. */
static void codec_consoleEncode(xsMachine *the)
{
	int32_t length, room;
	const uint8_t *packet = runtimeBytes(the, &xsArg(0), &length);
	uint8_t *into = runtimeBytes(the, &xsArg(1), &room);
	if (length > UINT16_MAX - 2)
		xsRangeError("too long for a frame");
	int32_t size = (int32_t)consoleSize((size_t)length);
	if (room == size)
		consoleEncode(packet, (size_t)length, into);
	xsResult = xsInteger(size);
}

const RuntimeFunction codecFunctions[] = {
	{ "consoleState", codec_consoleState, 1 },
	{ "consoleDecode", codec_consoleDecode, 4 },
	{ "consoleAt", codec_consoleAt, 1 },
	{ "consoleEncode", codec_consoleEncode, 2 },
	{ NULL },
};
