/*
 * The simulated device: what its parts in C share.
 *
 * The supervisor (supervisor.c) holds what outlives a reset: the flash file, the pseudo-terminal, the UDP socket. For
 * each boot it forks a child (device.c) that runs the boot loader and then the application, each on a fresh XS
 * machine, so that RAM is lost at every boot as it is on a board.
 */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a device process ends with; RuntimeCrashCode for a crash. */
enum {
	EXIT_RESET = 20,
	EXIT_POWER_CUT,
	EXIT_NO_IMAGE,
};

/* Seen by supervisor and device. */
typedef struct {
	int64_t cutAt; /* power fails at this flash operation of a swap; 0: never */
	int64_t swapOperations; /* flash operations since the swap began; -1: none has begun */
	double clockOffset; /* what the chip's clock is ahead of this machine's, milliseconds */
} SimShared;

typedef struct {
	const char *config; /* JSON, for JavaScript only */
	int events; /* descriptor that takes lines of JSON */
	int flash;
	int64_t flashSize;
	int64_t sectorSize;
	int64_t writeAlign;
	int otp; /* one-time programmable memory; -1: none */
	int pty; /* our side of the serial line */
	int ptySlave; /* held open, so that clients may come and go */
	double byteTime; /* milliseconds a byte takes on the serial line; 0: no time */
	int udp;
	int tcp; /* listens; -1: none */
	int files; /* directory of the file system group; -1: none */
	SimShared *shared;
} Sim;

/* 32-bit words of one-time programmable memory: one an image. */
#define OTP_WORDS 2

/* device.c: runs one boot. Never returns; ends the process. */
void deviceBoot(const Sim *sim) __attribute__((noreturn));

/* event.c: one event a line. A reader that is far behind loses events, the device never waits for it. */
void eventLine(int fd, const char *json);
/* {"event":NAME, KEY:TEXT}; `key` NULL leaves the text out. */
void eventText(int fd, const char *name, const char *key, const char *text);

#endif
