/*
 * A file that holds what a chip keeps. It is open for as long as the device runs, and the one that counts is the one
 * under its name: written to one that was deleted or replaced, everything would seem to go well and be lost.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "sim.h"

void chipFileOpened(ChipFile *file, int fd, const char *path, const char *what)
{
	struct stat status;
	*file = (ChipFile){ .fd = fd, .path = path, .what = what };
	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	file->device = status.st_dev;
	file->inode = status.st_ino;
	file->size = status.st_size;
}

/* What became of it, in words; NULL: it is there. */
static const char *fate(const ChipFile *file)
{
	struct stat now;
	if (stat(file->path, &now) < 0)
		return errno == ENOENT || errno == ENOTDIR ? "was deleted" : "cannot be reached any more";
	if (now.st_dev != file->device || now.st_ino != file->inode)
		return "was replaced";
	return now.st_size < file->size ? "was cut short" : NULL;
}

bool chipFileKept(int events, const ChipFile *file)
{
	const char *what = file->fd < 0 ? NULL : fate(file);
	if (!what)
		return true;
	char reason[4600];
	snprintf(reason, sizeof reason, "the %s %s %s while the device ran, which has stopped", file->what, file->path,
		what);
	eventText(events, "lost", "reason", reason);
	return false;
}
