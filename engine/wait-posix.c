/* The two functions that runtime.h asks of a host, for POSIX. */
#define _GNU_SOURCE /* ppoll */
#include "runtime.h"

#include <poll.h>
#include <time.h>

double runtimeNow(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void runtimeWait(RuntimeDescriptor *descriptors, size_t count, double milliseconds)
{
	struct pollfd fds[count + 1]; /* an array of none is no array */
	struct timespec timeout = { 0 };
	for (size_t i = 0; i < count; i++) {
		int events = descriptors[i].events;
		short wanted = (events & RUNTIME_READABLE ? POLLIN : 0) | (events & RUNTIME_WRITABLE ? POLLOUT : 0);
		fds[i] = (struct pollfd){ .fd = descriptors[i].fd, .events = wanted };
	}
	if (milliseconds > 0) {
		timeout.tv_sec = (time_t)(milliseconds / 1000);
		timeout.tv_nsec = (long)((milliseconds - 1000.0 * (double)timeout.tv_sec) * 1e6);
	}
	/* Not poll(), which waits whole milliseconds: eleven characters at 115200 baud. */
	bool any = ppoll(fds, (nfds_t)count, milliseconds < 0 ? NULL : &timeout, NULL) > 0;
	for (size_t i = 0; i < count; i++) {
		short events = any ? fds[i].revents : 0;
		descriptors[i].ready = (events & POLLIN ? RUNTIME_READABLE : 0) | (events & POLLOUT ? RUNTIME_WRITABLE : 0) |
			(events & ~(POLLIN | POLLOUT) ? RUNTIME_FAILED : 0);
	}
}
