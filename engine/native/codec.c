/*
 * The work on each byte of console framing: CRC-16 and base64. What they do stands in modules/smp/transport/codec.ts.
 *
 * Moddable's own modules do not fit: Base64.decode wants a string and skips what is not base64, where SMP has bytes and
 * such a line is lost; and both make a new buffer for each call.
 */
#include "native.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint32_t argument(xsMachine *the, xsSlot *slot, int32_t most)
{
	int32_t value = xsToInteger(*slot);
	if (value < 0 || value > most)
		xsRangeError("not an offset");
	return (uint32_t)value;
}

/* crc16(bytes, crc) */
static void codec_crc16(xsMachine *the)
{
	int32_t length;
	uint32_t crc = (uint32_t)xsToInteger(xsArg(1)) & 0xffff;
	const uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	for (int32_t i = 0; i < length; i++) {
		crc = (crc >> 8 | crc << 8) & 0xffff;
		crc ^= bytes[i];
		crc ^= (crc & 0xff) >> 4;
		crc ^= crc << 12 & 0xffff;
		crc ^= (crc & 0xff) << 5;
	}
	xsResult = xsInteger((xsIntegerValue)crc);
}

/* 0 to 63, or negative for what is not of the alphabet. */
static int32_t value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* base64Decode(characters, at, end, into, intoAt): number of characters that were decoded, a multiple of four. */
static void codec_base64Decode(xsMachine *the)
{
	int32_t length, room;
	const uint8_t *characters = runtimeBytes(the, &xsArg(0), &length);
	uint32_t end = argument(the, &xsArg(2), length), at = argument(the, &xsArg(1), (int32_t)end), from = at;
	uint8_t *into = runtimeBytes(the, &xsArg(3), &room);
	uint32_t to = argument(the, &xsArg(4), INT32_MAX);
	/* The conversions above allocate nothing, so both pointers still hold. */
	for (; at + 4 <= end && to + 3 <= (uint32_t)room; at += 4) {
		int32_t a = value(characters[at]), b = value(characters[at + 1]);
		int32_t c = value(characters[at + 2]), d = value(characters[at + 3]);
		if ((a | b | c | d) < 0)
			break;
		into[to++] = (uint8_t)(a << 2 | b >> 4);
		into[to++] = (uint8_t)(b << 4 | c >> 2);
		into[to++] = (uint8_t)(c << 6 | d);
	}
	xsResult = xsInteger((xsIntegerValue)(at - from));
}

/* base64Encode(bytes, into, at): where the characters end. */
static void codec_base64Encode(xsMachine *the)
{
	int32_t length, room;
	const uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	uint8_t *into = runtimeBytes(the, &xsArg(1), &room);
	uint32_t to = argument(the, &xsArg(2), room);
	if (((uint32_t)length + 2) / 3 * 4 > (uint32_t)room - to)
		xsRangeError("no room for the base64");
	for (int32_t i = 0; i < length; i += 3) {
		int32_t left = length - i;
		uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
		into[to++] = (uint8_t)alphabet[group >> 18];
		into[to++] = (uint8_t)alphabet[group >> 12 & 63];
		into[to++] = (uint8_t)(left > 1 ? alphabet[group >> 6 & 63] : '=');
		into[to++] = (uint8_t)(left > 2 ? alphabet[group & 63] : '=');
	}
	xsResult = xsInteger((xsIntegerValue)to);
}

const RuntimeFunction codecFunctions[] = {
	{ "crc16", codec_crc16, 2 },
	{ "base64Decode", codec_base64Decode, 5 },
	{ "base64Encode", codec_base64Encode, 3 },
	{ NULL },
};
