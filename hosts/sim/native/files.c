/*
 * Files of a directory of the host, for the file system group. A path is walked one part at a time, and neither ".."
 * nor a symbolic link is followed, so that no path leads out of the directory.
 */
#define _GNU_SOURCE /* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natives.h"

/* Opens what `path` names below the directory. -1 with errno. */
static int openBelow(xsMachine *the, const char *path, int flags)
{
	char part[256];
	const char *directory = simOf(the)->files;
	if (!directory) {
		errno = ENODEV;
		return -1;
	}
	/* By its name each time: that may stand for another directory by now. */
	int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (;;) {
		path += strspn(path, "/");
		size_t length = strcspn(path, "/");
		const char *next = path + length + strspn(path + length, "/");
		int fd = -1;
		if (at < 0)
			return -1;
		if (length >= sizeof part)
			errno = ENAMETOOLONG;
		else if (length == 2 && memcmp(path, "..", 2) == 0)
			errno = EACCES;
		else {
			memcpy(part, length ? path : ".", length ? length : 1);
			part[length ? length : 1] = 0;
			/* O_NONBLOCK: a FIFO must not hold the device up. */
			int how = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
			fd = openat(at, part, *next ? O_RDONLY | O_DIRECTORY | how : flags | how, 0666);
		}
		int error = errno;
		close(at);
		errno = error;
		if (fd < 0 || !*next)
			return fd;
		at = fd;
		path = next;
	}
}

static void fail(xsMachine *the) { xsUnknownError("%s", strerror(errno)); }

/* A regular file, or an exception. */
static int openFile(xsMachine *the, int flags)
{
	struct stat status;
	int fd = openBelow(the, xsToString(xsArg(0)), flags);
	if (fd < 0)
		fail(the);
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		xsUnknownError("not a regular file");
	}
	return fd;
}

/* fileSize(path): bytes, -1 for a directory, -2 if there is nothing. */
static void file_size(xsMachine *the)
{
	struct stat status;
	int fd = openBelow(the, xsToString(xsArg(0)), O_RDONLY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		xsResult = xsInteger(-2);
		return;
	}
	if (fd < 0 || fstat(fd, &status) < 0)
		fail(the);
	close(fd);
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
		xsUnknownError("not a regular file");
	xsResult = S_ISDIR(status.st_mode) ? xsInteger(-1) : xsNumber((double)status.st_size);
}

/* fileRead(path, offset, into): fills `into`. */
static void file_read(xsMachine *the)
{
	double offset = xsToNumber(xsArg(1));
	int fd = openFile(the, O_RDONLY);
	int32_t length;
	uint8_t *into = runtimeBytes(the, &xsArg(2), &length);
	ssize_t n = pread(fd, into, length, (off_t)offset);
	int error = errno;
	close(fd);
	if (n != length)
		xsUnknownError("%s", n < 0 ? strerror(error) : "the file is shorter");
}

/* fileCreate(path): makes the file, or cuts it to nothing. */
static void file_create(xsMachine *the) { close(openFile(the, O_WRONLY | O_CREAT | O_TRUNC)); }

/* fileAppend(path, bytes) */
static void file_append(xsMachine *the)
{
	int fd = openFile(the, O_WRONLY | O_APPEND);
	int32_t length;
	uint8_t *bytes = runtimeBytes(the, &xsArg(1), &length);
	ssize_t n = write(fd, bytes, length);
	int error = errno;
	close(fd);
	if (n != length)
		xsUnknownError("%s", n < 0 ? strerror(error) : "the disk is full");
}

const RuntimeFunction fileFunctions[] = {
	{ "fileSize", file_size, 1 },
	{ "fileRead", file_read, 3 },
	{ "fileCreate", file_create, 1 },
	{ "fileAppend", file_append, 2 },
	{ NULL },
};
