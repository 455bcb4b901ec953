#define _GNU_SOURCE /* posix_openpt, ptsname_r */
#include "ports.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netdb.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

void refuse(int events, const char *format, ...)
{
	char message[2048];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	eventText(events, "refused", "message", message);
	_exit(2);
}

/* Something is in use. A simulator that was killed a moment ago is still about to let go: true to try again. */
static bool patient(int *attempts)
{
	usleep(10000);
	return ++*attempts < 50;
}

bool openFlash(int events, const char *path, int64_t size, ChipFile *file)
{
	struct stat status;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return false;
	if (fd < 0)
		refuse(events, "cannot open the flash file %s: %s", path, strerror(errno));
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		refuse(events, "the flash file %s is not a regular file", path);
	if (status.st_size != size)
		refuse(events, "the flash file %s has %lld bytes, but the layout's flash has %lld", path,
			(long long)status.st_size, (long long)size);
	for (int attempts = 0; flock(fd, LOCK_EX | LOCK_NB) < 0;)
		if (!patient(&attempts))
			refuse(events, "another simulator is running on the flash file %s: choose another with --flash FILE", path);
	chipFileOpened(file, fd, path, "flash file");
	return true;
}

void openOtp(int events, const char *path, ChipFile *file)
{
	uint8_t fresh[4 * OTP_WORDS];
	struct stat status;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (fd < 0)
		refuse(events, "cannot open the OTP file %s: %s", path, strerror(errno));
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		refuse(events, "the OTP file %s is not a regular file", path);
	memset(fresh, 0xff, sizeof fresh);
	if (status.st_size == 0 && pwrite(fd, fresh, sizeof fresh, 0) != sizeof fresh)
		refuse(events, "cannot write the OTP file %s: %s", path, strerror(errno));
	chipFileOpened(file, fd, path, "OTP file");
}

/*
 * A socket in the abstract namespace, named after directory and file name: it leaves nothing behind, whatever ends the
 * process.
 */
void claimSerial(int events, const char *path)
{
	char *copy = strdup(path), *copy2 = strdup(path);
	const char *directory = dirname(copy), *file = basename(copy2);
	struct stat status;
	if (stat(directory, &status) < 0 || access(directory, W_OK | X_OK) < 0)
		refuse(events, "cannot make the serial link %s: %s", path, strerror(errno));
	uint64_t hash = 0xcbf29ce484222325u;
	for (const char *c = file; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "xs-smp-sim/%llx:%llx/%llx",
		(unsigned long long)status.st_dev, (unsigned long long)status.st_ino, (unsigned long long)hash);
	int claim = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + length;
	for (int attempts = 0; bind(claim, (struct sockaddr *)&name, size) < 0;)
		if (!patient(&attempts))
			refuse(events, "another simulator has the serial link %s: choose another with --serial PATH", path);
	char target[64];
	ssize_t n = readlink(path, target, sizeof target - 1);
	bool stale = n > 0 && strncmp(target, "/dev/pts/", 9) == 0;
	if (!stale && lstat(path, &status) == 0)
		refuse(events, "%s exists and is no link to a serial line: choose another with --serial PATH", path);
	free(copy);
	free(copy2);
}

void openSerial(Sim *sim, const char *path, char *target, size_t targetSize)
{
	sim->pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (sim->pty < 0 || grantpt(sim->pty) < 0 || unlockpt(sim->pty) < 0 || ptsname_r(sim->pty, target, targetSize) != 0)
		refuse(sim->events, "cannot make a pseudo-terminal: %s", strerror(errno));
	sim->ptySlave = open(target, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios line;
	if (sim->ptySlave < 0 || tcgetattr(sim->ptySlave, &line) < 0)
		refuse(sim->events, "cannot open the pseudo-terminal %s: %s", target, strerror(errno));
	cfmakeraw(&line);
	line.c_cflag |= CREAD | CLOCAL;
	cfsetspeed(&line, B115200);
	tcsetattr(sim->ptySlave, TCSANOW, &line);
	/* A new link takes the place of a stale one in one step. */
	char fresh[4096];
	snprintf(fresh, sizeof fresh, "%s.%d", path, (int)getpid());
	if (symlink(target, fresh) < 0 || rename(fresh, path) < 0) {
		int error = errno;
		unlink(fresh);
		refuse(sim->events, "cannot make the serial link %s: %s", path, strerror(error));
	}
}

void keepSerial(const char *path, const char *target)
{
	/* It fails where there is something, as nearly always. */
	if (symlink(target, path) < 0)
		return;
}

void removeSerial(const char *path, const char *target)
{
	char now[64];
	ssize_t n = readlink(path, now, sizeof now - 1);
	if (n > 0 && (size_t)n == strlen(target) && memcmp(now, target, n) == 0)
		unlink(path);
}

static struct addrinfo *resolve(int events, int type, const char *address, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = type }, *found;
	if (getaddrinfo(address, port, &hints, &found) != 0)
		refuse(events, "%s is no network address", address);
	return found;
}

socklen_t addressOf(int events, const char *address, const char *port, struct sockaddr_storage *into)
{
	struct addrinfo *found = resolve(events, SOCK_STREAM, address, port);
	socklen_t length = found->ai_addrlen;
	memcpy(into, found->ai_addr, length);
	freeaddrinfo(found);
	return length;
}

static int openSocket(int events, int type, const char *address, const char *port, char *name, size_t nameSize)
{
	struct addrinfo *found = resolve(events, type, address, port);
	const char *open = found->ai_family == AF_INET6 ? "[" : "", *close = *open ? "]" : "";
	const char *kind = type == SOCK_STREAM ? "TCP" : "UDP", *option = type == SOCK_STREAM ? "--tcp" : "--udp";
	int on = 1, fd = socket(found->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Connections of a simulator that ended a moment ago must not keep the port. */
	if (fd >= 0 && type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	for (int attempts = 0; fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0;) {
		if (fd >= 0 && errno == EADDRINUSE && patient(&attempts))
			continue;
		if (errno == EADDRINUSE)
			refuse(events, "%s port %s%s%s:%s is in use: choose another with %s PORT, or %s 0 for any free one", kind,
				open, address, close, port, option, option);
		refuse(events, "cannot listen on %s port %s%s%s:%s: %s", kind, open, address, close, port, strerror(errno));
	}
	if (type == SOCK_STREAM && listen(fd, 8) < 0)
		refuse(events, "cannot listen on TCP port %s%s%s:%s: %s", open, address, close, port, strerror(errno));
	struct sockaddr_storage bound;
	socklen_t length = sizeof bound;
	char host[64], number[16];
	getsockname(fd, (struct sockaddr *)&bound, &length);
	getnameinfo((struct sockaddr *)&bound, length, host, sizeof host, number, sizeof number,
		NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(name, nameSize, "%s%s%s:%s", open, host, close, number);
	freeaddrinfo(found);
	return fd;
}

int openUdp(int events, const char *address, const char *port, char *name, size_t nameSize)
{
	return openSocket(events, SOCK_DGRAM, address, port, name, nameSize);
}

int openTcp(int events, const char *address, const char *port, char *name, size_t nameSize)
{
	return openSocket(events, SOCK_STREAM, address, port, name, nameSize);
}

void checkFiles(int events, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		refuse(events, "cannot open the directory %s: %s", path, strerror(errno));
	close(fd);
}
