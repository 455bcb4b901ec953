/*
 * Whether a host on the network takes a TCP connection. Names are looked up by the C library, which waits, so each attempt
 * has a thread of its own. The thread touches nothing of the machine: its result goes into a pipe. It ends with the device's
 * process at the latest.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natives.h"

/* How long one address has to answer, milliseconds. */
#define PATIENCE 3000

/* What the thread works with. */
typedef struct {
	char host[128], port[8];
	int result; /* takes an Outcome, and is closed */
} Attempt;

/* Errors, 0 if there was none: of getaddrinfo(), and of the last address that did not answer. */
typedef struct {
	int lookup, connect;
} Outcome;

/* What waits for it. */
typedef struct {
	xsSlot callback;
	RuntimeWatch *watch;
} Waiting;

/* 0, or an error. */
static int reachAddress(const struct addrinfo *address)
{
	int error = 0, fd = socket(address->ai_family, SOCK_STREAM, address->ai_protocol);
	if (fd < 0)
		return errno;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
		struct pollfd writable = { .fd = fd, .events = POLLOUT };
		socklen_t size = sizeof error;
		if (errno != EINPROGRESS)
			error = errno;
		else if (poll(&writable, 1, PATIENCE) <= 0)
			error = ETIMEDOUT;
		else
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	}
	close(fd);
	return error;
}

static void tell(int result, Outcome outcome)
{
	ssize_t written = write(result, &outcome, sizeof outcome);
	(void)written;
	close(result);
}

static void *attempt(void *data)
{
	Attempt *attempt = data;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	Outcome outcome = { .lookup = getaddrinfo(attempt->host, attempt->port, &hints, &found) };
	for (struct addrinfo *each = found; each; each = each->ai_next)
		if ((outcome.connect = reachAddress(each)) == 0)
			break;
	if (found)
		freeaddrinfo(found);
	tell(attempt->result, outcome);
	free(attempt);
	return NULL;
}

static void ended(Runtime *runtime, int fd, int events, void *data)
{
	(void)events;
	Waiting *waiting = data;
	Outcome outcome = { .connect = EIO };
	ssize_t got = read(fd, &outcome, sizeof outcome);
	(void)got;
	close(fd);
	runtimeUnwatch(waiting->watch);
	xsMachine *the = runtimeMachine(runtime);
	xsBeginHost(the);
	xsVars(1);
	xsVar(0) = waiting->callback;
	xsForget(waiting->callback);
	free(waiting);
	if (outcome.lookup)
		xsCallFunction1(xsVar(0), xsGlobal, xsString((char *)gai_strerror(outcome.lookup)));
	else if (outcome.connect)
		xsCallFunction1(xsVar(0), xsGlobal, xsString(strerror(outcome.connect)));
	else
		xsCallFunction0(xsVar(0), xsGlobal);
	xsEndHost(the);
}

/* reach(host, port, done): calls done() once a connection could be opened, or done(reason). */
static void reach(xsMachine *the)
{
	Attempt *work = calloc(1, sizeof *work);
	Waiting *waiting = calloc(1, sizeof *waiting);
	int ends[2];
	if (!work || !waiting || pipe(ends) != 0) {
		free(work);
		free(waiting);
		xsUnknownError("no room for an attempt to reach a host");
	}
	snprintf(work->host, sizeof work->host, "%s", xsToString(xsArg(0)));
	snprintf(work->port, sizeof work->port, "%d", (int)xsToInteger(xsArg(1)));
	work->result = ends[1];
	waiting->callback = xsArg(2);
	xsRemember(waiting->callback);
	waiting->watch = runtimeWatch(runtimeOf(the), ends[0], RUNTIME_READABLE, ended, waiting);
	/* Signals are for the thread of the machine. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_t thread;
	int error = pthread_create(&thread, NULL, attempt, work);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error) {
		pthread_detach(thread);
		return;
	}
	tell(ends[1], (Outcome){ .connect = error });
	free(work);
}

const RuntimeFunction reachFunctions[] = {
	{ "reach", reach, 3 },
	{ NULL },
};
