#include "console-frame.h"

#define LF 0x0a
#define CR 0x0d

/* Bytes of a frame that one sent line carries: 124 characters make 127 bytes with marker and LF, the line limit. */
#define BYTES_PER_LINE 93

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Values of the characters from '+' to 'z' (RFC 4648, section 4). */
static const int8_t values[] = { 62, -1, -1, -1, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1, -1,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51 };

/* 0 to 63, or -1 for what is not of the alphabet. */
static inline int32_t value(uint8_t character)
{
	uint32_t index = (uint32_t)character - '+';
	return index < sizeof values ? values[index] : -1;
}

/* Polynomial 0x1021, not reflected, going on from `crc`: over data and its CRC, 0 (modules/bytes/crc16.ts). */
static uint32_t crc16(uint32_t crc, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		crc = (crc >> 8 | crc << 8) & 0xffff;
		crc ^= bytes[i];
		crc ^= (crc & 0xff) >> 4;
		crc ^= crc << 12 & 0xffff;
		crc ^= (crc & 0xff) << 5;
	}
	return crc;
}

static int32_t drop(ConsoleState *state, int32_t loss)
{
	state->active = 0;
	return loss;
}

/* Drops the frame, and the rest of its line. */
static int32_t lose(ConsoleState *state, int32_t loss)
{
	state->line = CONSOLE_FOREIGN;
	return drop(state, loss);
}

static void frameByte(ConsoleState *state, uint8_t *frame, uint32_t size, uint32_t byte)
{
	uint32_t at = state->got++;
	byte &= 0xff;
	if (at < 2)
		state->length = state->length << 8 | byte;
	else if (at - 2 < size)
		frame[at - 2] = (uint8_t)byte;
}

static int32_t marker(ConsoleState *state, uint8_t byte)
{
	if (state->line == CONSOLE_START) {
		state->line = byte == 0x06 ? CONSOLE_MARKER_FIRST : byte == 0x04 ? CONSOLE_MARKER_NEXT : CONSOLE_FOREIGN;
		return CONSOLE_NOTHING;
	}
	if (state->line == CONSOLE_MARKER_FIRST && byte == 0x09) {
		int32_t event = state->active ? CONSOLE_UNFINISHED : CONSOLE_NOTHING;
		state->line = CONSOLE_DATA;
		state->first = state->active = 1;
		state->got = state->length = state->characters = 0;
		return event;
	}
	bool goesOn = state->line == CONSOLE_MARKER_NEXT && byte == 0x14 && state->active;
	state->line = goesOn ? CONSOLE_DATA : CONSOLE_FOREIGN;
	return CONSOLE_NOTHING;
}

/* What may follow the base64 of a line: padding, then one CR or spaces. */
static int32_t tail(ConsoleState *state, uint8_t *frame, uint32_t size, uint8_t byte)
{
	uint32_t line = state->line;
	if (byte == '=' && line == CONSOLE_DATA && state->characters >= 2) {
		bool one = state->characters == 3;
		frameByte(state, frame, size, state->bits >> (one ? 10 : 4));
		if (one)
			frameByte(state, frame, size, state->bits >> 2);
		state->characters = 0;
		state->line = one ? CONSOLE_PADDED : CONSOLE_PAD_DUE;
	} else if (byte == '=' && line == CONSOLE_PAD_DUE) {
		state->line = CONSOLE_PADDED;
	} else if ((byte == CR || byte == ' ') && (line == CONSOLE_DATA || line == CONSOLE_PADDED)) {
		state->line = byte == CR ? CONSOLE_ENDED : CONSOLE_PADDED;
	} else {
		return lose(state, CONSOLE_BAD_BASE64);
	}
	return CONSOLE_NOTHING;
}

static int32_t data(ConsoleState *state, uint8_t *frame, uint32_t size, uint8_t byte)
{
	int32_t six = state->line == CONSOLE_DATA ? value(byte) : -1;
	if (six < 0)
		return tail(state, frame, size, byte);
	state->bits = state->characters == 0 ? (uint32_t)six : state->bits << 6 | (uint32_t)six;
	if (++state->characters == 4) {
		for (int shift = 16; shift >= 0; shift -= 8)
			frameByte(state, frame, size, state->bits >> shift);
		state->characters = 0;
	}
	return CONSOLE_NOTHING;
}

static int32_t endLine(ConsoleState *state, const uint8_t *frame, uint32_t size)
{
	uint32_t line = state->line;
	state->line = CONSOLE_START;
	state->lineLength = 0;
	if (line < CONSOLE_DATA)
		return CONSOLE_NOTHING;
	/* Zephyr wants more than the length in the first line; what is there has to be a possible length in any case. */
	bool tooShort = state->first && state->got < 3;
	state->first = 0;
	if (line == CONSOLE_PAD_DUE)
		return drop(state, CONSOLE_BAD_BASE64);
	if (state->length > size)
		return drop(state, CONSOLE_TOO_LONG);
	if (tooShort || state->length < 2 || state->got > state->length + 2)
		return drop(state, CONSOLE_BAD_LENGTH);
	if (state->got < state->length + 2 || state->characters != 0)
		return CONSOLE_NOTHING;
	if (crc16(0, frame, state->length) != 0)
		return drop(state, CONSOLE_BAD_CRC);
	state->active = 0;
	return (int32_t)state->length - 2;
}

/* Whole groups go straight into the frame, behind the two bytes of its length. Returns where they end. */
static uint32_t groups(ConsoleState *state, uint8_t *frame, uint32_t size, const uint8_t *bytes, uint32_t at,
	uint32_t end)
{
	uint32_t from = at, to = state->got - 2;
	for (; end - at >= 4 && to < size && size - to >= 3; at += 4) {
		int32_t a = value(bytes[at]), b = value(bytes[at + 1]), c = value(bytes[at + 2]), d = value(bytes[at + 3]);
		if ((a | b | c | d) < 0)
			break;
		frame[to++] = (uint8_t)(a << 2 | b >> 4);
		frame[to++] = (uint8_t)(b << 4 | c >> 2);
		frame[to++] = (uint8_t)(c << 6 | d);
	}
	state->got = to + 2;
	state->lineLength += at - from;
	return at;
}

int32_t consoleDecode(ConsoleState *state, uint8_t *frame, uint32_t size, const uint8_t *bytes, uint32_t at,
	uint32_t end)
{
	int32_t event = CONSOLE_NOTHING;
	while (at < end && event == CONSOLE_NOTHING) {
		if (state->line == CONSOLE_DATA && state->characters == 0 && state->got >= 2) {
			/* As many as the line may still have. */
			uint32_t left = state->lineLength < state->maxLine ? state->maxLine - 1 - state->lineLength : 0;
			at = groups(state, frame, size, bytes, at, end - at < left ? end : at + left);
			if (at == end)
				break;
		}
		uint8_t byte = bytes[at++];
		if (byte == LF)
			event = endLine(state, frame, size);
		else if (++state->lineLength >= state->maxLine && state->line > CONSOLE_FOREIGN)
			event = lose(state, CONSOLE_TOO_LONG);
		else if (state->line < CONSOLE_FOREIGN)
			event = marker(state, byte);
		else if (state->line > CONSOLE_FOREIGN)
			event = data(state, frame, size, byte);
	}
	state->at = at;
	return event;
}

size_t consoleSize(size_t length)
{
	size_t raw = length + 4, lines = (raw + BYTES_PER_LINE - 1) / BYTES_PER_LINE;
	return 3 * lines + (raw + 2) / 3 * 4;
}

/* The byte at `at` of what is framed: length, packet, CRC. Behind the end it is 0. */
static uint32_t rawByte(const uint8_t *packet, size_t length, uint32_t crc, size_t at)
{
	if (at < 2)
		return at == 0 ? (uint32_t)(length + 2) >> 8 & 0xff : (uint32_t)(length + 2) & 0xff;
	if (at - 2 < length)
		return packet[at - 2];
	return at - 2 == length ? crc >> 8 : at - 2 == length + 1 ? crc & 0xff : 0;
}

void consoleEncode(const uint8_t *packet, size_t length, uint8_t *into)
{
	size_t raw = length + 4;
	uint32_t crc = crc16(0, packet, length);
	for (size_t at = 0; at < raw; at += 3) {
		if (at % BYTES_PER_LINE == 0) {
			*into++ = at == 0 ? 0x06 : 0x04;
			*into++ = at == 0 ? 0x09 : 0x14;
		}
		uint32_t group = rawByte(packet, length, crc, at) << 16 | rawByte(packet, length, crc, at + 1) << 8 |
			rawByte(packet, length, crc, at + 2);
		*into++ = (uint8_t)alphabet[group >> 18];
		*into++ = (uint8_t)alphabet[group >> 12 & 63];
		*into++ = (uint8_t)(raw - at > 1 ? alphabet[group >> 6 & 63] : '=');
		*into++ = (uint8_t)(raw - at > 2 ? alphabet[group & 63] : '=');
		if ((at + 3) % BYTES_PER_LINE == 0 || at + 3 >= raw)
			*into++ = LF;
	}
}
