/*
 * Console framing (Zephyr SMP transport specification, Console/UART) without XS: what a `ConsoleCodec` does, which
 * modules/smp/transport/codec.ts describes. Hosts give it to JavaScript: codec.c, hosts/rtl8721f/native.c.
 */
#ifndef CONSOLE_FRAME_H
#define CONSOLE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where in a line the next byte stands. The first is that of a state that is all zeros. */
typedef enum {
	CONSOLE_START,
	CONSOLE_MARKER_FIRST, /* the first byte of a marker was read */
	CONSOLE_MARKER_NEXT,
	CONSOLE_FOREIGN, /* not for SMP, or of a frame that is lost */
	CONSOLE_DATA,
	CONSOLE_PAD_DUE, /* behind the first of two padding characters */
	CONSOLE_PADDED, /* behind the padding or a space: only spaces or a CR may come */
	CONSOLE_ENDED, /* behind the CR */
} ConsoleLine;

/* A line that arrives, and the frame that it belongs to. Nothing that stands here leads the decoder out of a buffer. */
typedef struct {
	uint32_t at; /* of what the last call was given, so much was taken */
	uint32_t line; /* ConsoleLine */
	uint32_t lineLength, maxLine; /* bytes */
	uint32_t first; /* 1: the line is the first of its frame */
	uint32_t active; /* 1: a frame is in progress */
	uint32_t got; /* bytes of the frame so far, the two of its length counted */
	uint32_t length; /* that it has announced */
	uint32_t characters, bits; /* of the base64 group in progress: 0 to 3, and what they say */
} ConsoleState;

/* What consoleDecode() returns besides the length of a packet. The order of the losses is that of codec.ts. */
enum {
	CONSOLE_NOTHING = -1,
	CONSOLE_BAD_CRC = -2,
	CONSOLE_BAD_BASE64 = -3,
	CONSOLE_BAD_LENGTH = -4,
	CONSOLE_TOO_LONG = -5,
	CONSOLE_UNFINISHED = -6,
};

/* Takes bytes from `at` up to `end`, or up to the first that completes or loses a frame. `frame` has `size` bytes. */
int32_t consoleDecode(ConsoleState *state, uint8_t *frame, uint32_t size, const uint8_t *bytes, uint32_t at,
	uint32_t end);

/* Bytes of the frame of a packet. */
size_t consoleSize(size_t length);
/* Frames a packet; `into` has consoleSize(length) bytes. */
void consoleEncode(const uint8_t *packet, size_t length, uint8_t *into);

#endif
