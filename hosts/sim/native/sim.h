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
#include <sys/socket.h>
#include <sys/types.h>

/* What a device process ends with; RuntimeCrashCode for a crash. */
enum {
	EXIT_RESET = 20,
	EXIT_POWER_CUT,
	EXIT_NO_IMAGE,
	EXIT_FILE_LOST, /* and has said so */
};

/* A file that holds what a chip keeps. */
typedef struct {
	int fd; /* -1: none */
	const char *path;
	const char *what; /* for sentences */
	/* Which file it was when it was opened, and its size. */
	dev_t device;
	ino_t inode;
	off_t size;
} ChipFile;

/* Seen by supervisor and device. */
typedef struct {
	int64_t cutAt; /* power fails at this flash operation of a swap; 0: never */
	int64_t swapOperations; /* flash operations since the swap began; -1: none has begun */
	double clockOffset; /* what the chip's clock is ahead of this machine's, milliseconds */
	double watchdog; /* milliseconds within which the device has to show that it lives; 0: for ever */
	uint32_t beats; /* how often it has */
	int32_t bootMode; /* what the application wants the boot loader to do; lost with the power */
	char crash[200]; /* what the device that just crashed has said of it */
	uint32_t recordings; /* boots of which there is a recording */
} SimShared;

typedef struct {
	const char *config; /* JSON, for JavaScript only */
	int events; /* descriptor that takes lines of JSON */
	ChipFile flash;
	int64_t flashSize;
	int64_t sectorSize;
	/* "SIZExCOUNT,..." from the start of the flash; "": a sector is a page. */
	const char *pages;
	int64_t writeAlign;
	/* Milliseconds that the chip takes to erase a sector of 4 KB, and to program a page or a part of it; 0: none. */
	double eraseTime, programTime;
	int64_t pageSize;
	ChipFile otp; /* one-time programmable memory */
	int pty; /* our side of the serial line */
	int ptySlave; /* held open, so that clients may come and go */
	double byteTime; /* milliseconds a byte takes on the serial line; 0: no time */
	int udp;
	int tcp; /* listens; -1: none */
	struct sockaddr_storage hci; /* where a Bluetooth controller listens */
	socklen_t hciLength; /* 0: none */
	const char *files; /* path of the directory of the file system group; NULL: none */
	bool pin; /* the recovery pin is held */
	const char *record; /* path of the directory of recordings; NULL: none are made */
	uint32_t *wear; /* for each sector: erases, changes */
	char start[256]; /* why the device starts: a cause, seconds that it ran before or "?", words; spaces between */
	SimShared *shared;
} Sim;

/* 32-bit words of one-time programmable memory: one an image. */
#define OTP_WORDS 2

/* device.c: runs one boot. Never returns; ends the process. */
void deviceBoot(const Sim *sim) __attribute__((noreturn));

/* chip-file.c: notes which file was opened. */
void chipFileOpened(ChipFile *file, int fd, const char *path, const char *what);
/* Whether its name still stands for the open file. If not, tells the event {"event":"lost","reason":…}. */
bool chipFileKept(int events, const ChipFile *file);

/* event.c: one event a line. A reader that is far behind loses events, the device never waits for it. */
void eventLine(int fd, const char *json);
/* {"event":NAME, KEY:TEXT}; `key` NULL leaves the text out. */
void eventText(int fd, const char *name, const char *key, const char *text);

#endif
