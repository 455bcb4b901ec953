/*
 * What flash operations leave behind for whoever looks: how often each sector was erased, and every operation of a boot.
 *
 * The wear file lies beside the flash file: 16 bytes of header, then two 32-bit numbers a sector: erases, and changes
 * (erases and writes). They go round at 2^32. The device changes them in shared memory, which costs an upload nothing.
 *
 * A recording is a file of one boot of the boot loader, made at its first operation: a header, the sectors that were not
 * erased then, and each operation. hosts/desk/node/recordings.ts has its readers' side.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "natives.h"
#include "ports.h"

#define WEAR_MAGIC "XSMPWEAR"
#define BOOT_MAGIC "XSMPBOOT"
/* So many recordings are kept: the newest. */
#define KEPT 8
/* Of one recording, bytes; what a boot does beyond is not recorded. */
#define LONGEST (64 * 1024 * 1024)

enum { SECTOR = 1, ERASE, WRITE, FULL, END };

typedef struct {
	char magic[8];
	uint32_t sectors, reserved;
} WearHeader;

typedef struct {
	char magic[8];
	double time; /* when the boot's first operation began, milliseconds since 1970 */
	uint32_t number, flashSize, sectorSize, writeAlign;
} RecordingHeader;

typedef struct {
	uint32_t kind, address, length, microseconds; /* since the first operation */
} RecordHead;

uint32_t *openWear(int events, const char *path, int64_t sectors)
{
	struct stat status;
	size_t size = sizeof(WearHeader) + (size_t)sectors * 2 * sizeof(uint32_t);
	WearHeader header = { .magic = WEAR_MAGIC, .sectors = (uint32_t)sectors }, there;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (fd < 0)
		refuse(events, "cannot open the wear file %s: %s", path, strerror(errno));
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		refuse(events, "the wear file %s is not a regular file", path);
	/* One of another flash tells nothing of this one. */
	bool ours = (size_t)status.st_size == size && pread(fd, &there, sizeof there, 0) == sizeof there &&
		memcmp(&there, &header, sizeof header) == 0;
	if (!ours &&
		(ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)size) < 0 ||
			pwrite(fd, &header, sizeof header, 0) != sizeof header))
		refuse(events, "cannot write the wear file %s: %s", path, strerror(errno));
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		refuse(events, "cannot map the wear file %s: %s", path, strerror(errno));
	return (uint32_t *)(memory + sizeof header);
}

static struct {
	bool on;
	int fd;
	uint64_t length;
	double began;
} recording = { .fd = -1 };

static void stop(void)
{
	recording.on = false;
	if (recording.fd >= 0)
		close(recording.fd);
	recording.fd = -1;
}

static void append(uint32_t kind, uint32_t address, uint32_t length, const void *bytes, size_t size)
{
	if (!recording.on)
		return;
	double now = (runtimeNow() - recording.began) * 1000;
	RecordHead head = { kind, address, length, now < UINT32_MAX ? (uint32_t)now : UINT32_MAX };
	if (recording.length + sizeof head + size > LONGEST) {
		head = (RecordHead){ .kind = FULL };
		size = 0;
	}
	struct iovec parts[] = { { &head, sizeof head }, { (void *)bytes, size } };
	ssize_t n = writev(recording.fd, parts, size ? 2 : 1);
	recording.length += sizeof head + size;
	/* A full disk costs the recording, and the device nothing. */
	if (n != (ssize_t)(sizeof head + size) || head.kind == FULL)
		stop();
}

/* Makes the file, with what the flash holds now. */
static void start(const Sim *sim)
{
	char path[4200];
	struct timespec now;
	uint32_t number = ++sim->shared->recordings;
	if (number > KEPT) {
		snprintf(path, sizeof path, "%s/%u", sim->record, (unsigned)(number - KEPT));
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/%u", sim->record, (unsigned)number);
	recording.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (recording.fd < 0) {
		stop();
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	RecordingHeader header = { .magic = BOOT_MAGIC,
		.time = (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6,
		.number = number,
		.flashSize = (uint32_t)sim->flashSize,
		.sectorSize = (uint32_t)sim->sectorSize,
		.writeAlign = (uint32_t)sim->writeAlign };
	recording.length = sizeof header;
	recording.began = runtimeNow();
	if (write(recording.fd, &header, sizeof header) != sizeof header) {
		stop();
		return;
	}
	const uint8_t *memory = mmap(NULL, (size_t)sim->flashSize, PROT_READ, MAP_SHARED, sim->flash.fd, 0);
	if (memory == MAP_FAILED) {
		stop();
		return;
	}
	for (int64_t at = 0; at < sim->flashSize && recording.on; at += sim->sectorSize)
		if (!flashBlank(memory + at, (size_t)sim->sectorSize))
			append(SECTOR, (uint32_t)at, (uint32_t)sim->sectorSize, memory + at, (size_t)sim->sectorSize);
	munmap((void *)memory, (size_t)sim->flashSize);
}

void recordBoot(const Sim *sim) { recording.on = sim->record != NULL && sim->flashSize <= LONGEST / 2; }

void recordBootEnd(void)
{
	if (recording.fd >= 0)
		append(END, 0, 0, NULL, 0);
	stop();
}

void recordBefore(const Sim *sim)
{
	if (recording.on && recording.fd < 0)
		start(sim);
}

static void change(const Sim *sim, uint32_t address, int64_t length, uint32_t erases)
{
	for (int64_t at = address / sim->sectorSize; at * sim->sectorSize < address + length; at++) {
		sim->wear[2 * at] += erases;
		sim->wear[2 * at + 1]++;
	}
}

void recordErase(const Sim *sim, uint32_t address, int64_t length)
{
	/* Its first page stands for a sector of several. */
	change(sim, address, length, address % sim->sectorSize == 0);
	append(ERASE, address, (uint32_t)length, NULL, 0);
}

void recordWrite(const Sim *sim, uint32_t address, const uint8_t *bytes, int64_t length)
{
	change(sim, address, length, 0);
	append(WRITE, address, (uint32_t)length, bytes, (size_t)length);
}
