/*
 * Connections to the socket that the supervisor listens on. A reset ends them, as it does on a board. One that does not
 * read what it is sent is closed once the kernel's buffer is full: the device never waits. With all of them taken, the
 * one that was silent the longest makes room for a new one, so that peers that say nothing keep nobody out.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natives.h"

#define CONNECTIONS 8

static struct {
	RuntimeInput input; /* its callback is onOpen */
	uint64_t events;
	xsSlot onBytes, onClose;
	struct {
		int fd;
		RuntimeWatch *watch;
		uint64_t heard; /* number of the event that its last bytes were, or its beginning */
	} connections[CONNECTIONS]; /* no watch: free */
} tcp;

static void drop(int index)
{
	runtimeUnwatch(tcp.connections[index].watch);
	tcp.connections[index].watch = NULL;
	close(tcp.connections[index].fd);
}

static void readable(Runtime *runtime, int fd, int events, void *data)
{
	(void)events;
	int index = (int)(intptr_t)data;
	xsMachine *the = runtimeMachine(runtime);
	xsBeginHost(the);
	{
		int32_t length;
		uint8_t *into = runtimeBytes(the, &tcp.input.into, &length);
		ssize_t n = recv(fd, into, length, MSG_DONTWAIT);
		tcp.connections[index].heard = ++tcp.events;
		if (n > 0)
			xsCallFunction2(tcp.onBytes, xsGlobal, xsInteger(index), xsInteger((xsIntegerValue)n));
		else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			drop(index);
			xsCallFunction1(tcp.onClose, xsGlobal, xsInteger(index));
		}
	}
	xsEndHost(the);
}

/* A free place, or that of the connection which was silent the longest. */
static __attribute__((noinline)) int place(void) /* xsBeginHost is setjmp() */
{
	int best = 0;
	for (int index = 0; index < CONNECTIONS; index++) {
		if (!tcp.connections[index].watch)
			return index;
		if (tcp.connections[index].heard < tcp.connections[best].heard)
			best = index;
	}
	return best;
}

static void acceptable(Runtime *runtime, int fd, int events, void *data)
{
	(void)events;
	(void)data;
	int on = 1, connection = accept(fd, NULL, NULL);
	if (connection < 0)
		return;
	const int index = place();
	const bool full = tcp.connections[index].watch != NULL;
	if (full)
		drop(index);
	/* Without it each exchange would wait for an acknowledgement that the peer delays. */
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	tcp.connections[index].fd = connection;
	tcp.connections[index].heard = ++tcp.events;
	tcp.connections[index].watch =
		runtimeWatch(runtime, connection, RUNTIME_READABLE, readable, (void *)(intptr_t)index);
	xsMachine *the = runtimeMachine(runtime);
	xsBeginHost(the);
	if (full)
		xsCallFunction1(tcp.onClose, xsGlobal, xsInteger(index));
	xsCallFunction1(tcp.input.callback, xsGlobal, xsInteger(index));
	xsEndHost(the);
}

/* tcpOpen(into, onOpen, onBytes, onClose): false if nobody asked for TCP. */
static void tcp_open(xsMachine *the)
{
	xsResult = xsBoolean(simOf(the)->tcp >= 0);
	if (simOf(the)->tcp < 0)
		return;
	runtimeOpenInput(the, &tcp.input, "the TCP socket", simOf(the)->tcp, acceptable);
	tcp.onBytes = xsArg(2);
	tcp.onClose = xsArg(3);
	xsRemember(tcp.onBytes);
	xsRemember(tcp.onClose);
}

/* tcpWrite(connection, bytes): false if the connection is gone, or is closed now because its peer does not read. */
static void tcp_write(xsMachine *the)
{
	int32_t length, index = xsToInteger(xsArg(0));
	uint8_t *bytes = runtimeBytes(the, &xsArg(1), &length);
	if (index < 0 || index >= CONNECTIONS || !tcp.connections[index].watch) {
		xsResult = xsFalse;
		return;
	}
	bool sent = send(tcp.connections[index].fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) == length;
	/* Half a response would garble all that follow. The peer sees the end; the next event here is the end too. */
	if (!sent)
		shutdown(tcp.connections[index].fd, SHUT_RDWR);
	xsResult = xsBoolean(sent);
}

const RuntimeFunction tcpFunctions[] = {
	{ "tcpOpen", tcp_open, 4 },
	{ "tcpWrite", tcp_write, 2 },
	{ NULL },
};
