/*
 * NOR flash in a file: the raw bytes of the device. Writes go to erased bytes only; every call goes to the file at
 * once, so that ending the process at any moment loses no more than the operation under way. With times of a chip the
 * device waits for each operation, as a driver does that polls the chip's status; the cells change at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "natives.h"

#define ERASED 0xff
/* What one erase command of a chip erases, if sectors are not smaller. */
#define ERASE_UNIT 4096

/* The rest of a transfer that the kernel cut short. Returns 0, or -1 with errno. */
static int transfer(int fd, uint8_t *bytes, int64_t length, int64_t address, bool out)
{
	while (length > 0) {
		ssize_t n = out ? pwrite(fd, bytes, length, address) : pread(fd, bytes, length, address);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			return -1;
		}
		bytes += n;
		address += n;
		length -= n;
	}
	return 0;
}

static void inside(xsMachine *the, uint32_t address, uint32_t length, int64_t unit)
{
	flashInside(the, (uint32_t)simOf(the)->flashSize, address, length, (uint32_t)unit);
}

/* The file that counts is the one under the name: before anything is written to another, the device stops. */
static void ownFile(const Sim *sim)
{
	if (!chipFileKept(sim->events, &sim->flash))
		_exit(EXIT_FILE_LOST);
}

static void busy(xsMachine *the, double milliseconds)
{
	if (milliseconds <= 0)
		return;
	/* The system's usual slack is an eighth of a page. */
	prctl(PR_SET_TIMERSLACK, 1);
	uartBusy(runtimeOf(the), runtimeNow() + milliseconds);
}

/* Pages of the chip that a write touches. */
static int64_t pages(const Sim *sim, uint32_t address, int32_t length)
{
	return length > 0 && sim->pageSize > 0 ? (address + length - 1) / sim->pageSize - address / sim->pageSize + 1 : 0;
}

/* Counts an operation of a swap. True: power fails during it. */
static bool powerFails(const Sim *sim)
{
	SimShared *shared = sim->shared;
	return shared->swapOperations >= 0 && ++shared->swapOperations == shared->cutAt;
}

/* flashRead(into, address): fills `into`. */
static void flash_read(xsMachine *the)
{
	int32_t length;
	uint32_t address = flashArgument(the, &xsArg(1));
	uint8_t *into = runtimeBytes(the, &xsArg(0), &length);
	inside(the, address, length, 1);
	if (transfer(simOf(the)->flash.fd, into, length, address, false) < 0)
		xsUnknownError("%s", strerror(errno));
}

/* flashWrite(bytes, address): programs erased bytes. */
static void flash_write(xsMachine *the)
{
	const Sim *sim = simOf(the);
	int32_t length;
	uint32_t address = flashArgument(the, &xsArg(1));
	uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	inside(the, address, length, sim->writeAlign);
	ownFile(sim);
	uint8_t before[4096];
	for (int32_t at = 0; at < length; at += sizeof before) {
		int32_t part = length - at < (int32_t)sizeof before ? length - at : (int32_t)sizeof before;
		if (transfer(sim->flash.fd, before, part, address + at, false) < 0)
			xsUnknownError("%s", strerror(errno));
		for (int32_t i = 0; i < part; i++)
			if (before[i] != ERASED)
				xsUnknownError("the byte at 0x%x is not erased", (unsigned)(address + at + i));
	}
	busy(the, (double)pages(sim, address, length) * sim->programTime);
	bool cut = powerFails(sim);
	if (cut)
		length = length / sim->writeAlign / 2 * sim->writeAlign;
	recordBefore(sim);
	if (transfer(sim->flash.fd, bytes, length, address, true) < 0)
		xsUnknownError("%s", strerror(errno));
	recordWrite(sim, address, bytes, length);
	if (cut)
		_exit(EXIT_POWER_CUT);
}

/* Bytes of the page that begins at an address. */
static int64_t pageAt(const Sim *sim, int64_t address)
{
	int64_t end = 0;
	for (char *at = (char *)sim->pages; *at; at += *at == ',') {
		int64_t size = strtoll(at, &at, 10);
		end += size * strtoll(at + 1, &at, 10);
		if (address < end)
			return size;
	}
	return sim->sectorSize;
}

/* flashErase(address, length): erases whole sectors. */
static void flash_erase(xsMachine *the)
{
	const Sim *sim = simOf(the);
	uint32_t address = flashArgument(the, &xsArg(0));
	uint32_t length = flashArgument(the, &xsArg(1));
	inside(the, address, length, sim->sectorSize);
	ownFile(sim);
	uint8_t erased[4096];
	memset(erased, ERASED, sizeof erased);
	for (int64_t begin = 0, page; begin < length; begin += page) {
		page = pageAt(sim, address + begin);
		double commands = page > ERASE_UNIT ? (double)page / ERASE_UNIT : 1;
		busy(the, commands * sim->eraseTime);
		/* An operation is one page, as the chip erases it. */
		bool cut = powerFails(sim);
		int64_t end = cut ? page / 2 : page;
		recordBefore(sim);
		for (int64_t at = 0; at < end; at += sizeof erased) {
			int64_t part = end - at < (int64_t)sizeof erased ? end - at : (int64_t)sizeof erased;
			if (transfer(sim->flash.fd, erased, part, address + begin + at, true) < 0)
				xsUnknownError("%s", strerror(errno));
		}
		recordErase(sim, (uint32_t)(address + begin), end);
		if (cut)
			_exit(EXIT_POWER_CUT);
	}
}

/* flashErased(address, length): whether all bytes are erased. */
static void flash_erased(xsMachine *the)
{
	uint32_t address = flashArgument(the, &xsArg(0));
	uint32_t length = flashArgument(the, &xsArg(1));
	inside(the, address, length, 1);
	uint8_t bytes[4096];
	bool erased = true;
	for (uint32_t at = 0; at < length && erased; at += sizeof bytes) {
		uint32_t part = length - at < sizeof bytes ? length - at : (uint32_t)sizeof bytes;
		if (transfer(simOf(the)->flash.fd, bytes, part, address + at, false) < 0)
			xsUnknownError("%s", strerror(errno));
		erased = flashBlank(bytes, part);
	}
	xsResult = xsBoolean(erased);
}

/* swapBegins(): from here on flash operations count towards the power cut that the user asked for. */
static void sim_swapBegins(xsMachine *the)
{
	SimShared *shared = simOf(the)->shared;
	if (shared->swapOperations < 0)
		shared->swapOperations = 0;
}

const RuntimeFunction flashFunctions[] = {
	{ "flashRead", flash_read, 2 },
	{ "flashWrite", flash_write, 2 },
	{ "flashErase", flash_erase, 2 },
	{ "flashErased", flash_erased, 2 },
	{ "swapBegins", sim_swapBegins, 0 },
	{ NULL },
};
