/* ppoll(2) as far as engine/runtime.c needs it. The one descriptor is the UART, UART_DESCRIPTOR. */
#ifndef POLL_H
#define POLL_H

#include <time.h>

#define POLLIN 1
#define POLLOUT 4

typedef unsigned int nfds_t;

struct pollfd {
	int fd;
	short events;
	short revents;
};

/* `timeout` NULL: wait for ever. The board has no signals. */
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const void *signals);

#endif
