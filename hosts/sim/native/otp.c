/*
 * The chip's one-time programmable memory in a file: 32-bit words, little endian, all bits set when new. A bit that was
 * cleared stays clear.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "natives.h"

/* A bit for each locked word. Each boot is a process of its own, which begins with none. */
static uint32_t locked;

static off_t wordAt(xsMachine *the, xsSlot *slot)
{
	int32_t word = xsToInteger(*slot);
	if (simOf(the)->otp.fd < 0)
		xsUnknownError("this chip has no OTP memory");
	if (word < 0 || word >= OTP_WORDS)
		xsRangeError("there is no OTP word %d", (int)word);
	return word * 4;
}

static uint32_t readWord(xsMachine *the, off_t at)
{
	uint8_t bytes[4];
	if (pread(simOf(the)->otp.fd, bytes, sizeof bytes, at) != sizeof bytes)
		xsUnknownError("%s", strerror(errno));
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* otpRead(word) */
static void otp_read(xsMachine *the) { xsResult = xsNumber(readWord(the, wordAt(the, &xsArg(0)))); }

/* otpProgram(word, value): clears the bits that `value` has clear. */
static void otp_program(xsMachine *the)
{
	const Sim *sim = simOf(the);
	off_t at = wordAt(the, &xsArg(0));
	if (locked & 1u << at / 4)
		xsUnknownError("OTP word %d is locked until the next reset", (int)(at / 4));
	if (!chipFileKept(sim->events, &sim->otp))
		_exit(EXIT_FILE_LOST);
	uint32_t word = readWord(the, at) & (uint32_t)xsToNumber(xsArg(1));
	uint8_t bytes[4] = { word, word >> 8, word >> 16, word >> 24 };
	if (pwrite(sim->otp.fd, bytes, sizeof bytes, at) != sizeof bytes)
		xsUnknownError("%s", strerror(errno));
}

/* otpLock(word): until the next reset the word cannot be programmed. */
static void otp_lock(xsMachine *the) { locked |= 1u << wordAt(the, &xsArg(0)) / 4; }

const RuntimeFunction otpFunctions[] = {
	{ "otpRead", otp_read, 1 },
	{ "otpProgram", otp_program, 2 },
	{ "otpLock", otp_lock, 1 },
	{ NULL },
};
