/*
 * A connection to a Bluetooth controller that speaks HCI over TCP, one at a time. The device makes it, as Zephyr's
 * native_sim does. A reset ends it, so that the next boot begins in step.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natives.h"

static struct {
	xsSlot into, onOpen, onBytes, onClose;
	RuntimeWatch *watch; /* NULL: no connection */
	int fd;
	bool connecting;
} hci;

static void ended(xsMachine *the, int error)
{
	runtimeUnwatch(hci.watch);
	hci.watch = NULL;
	close(hci.fd);
	xsCallFunction1(hci.onClose, xsGlobal, xsString(error ? strerror(error) : "it closed the connection"));
}

static void ready(Runtime *runtime, int fd, int events, void *data)
{
	(void)events;
	(void)data;
	xsMachine *the = runtimeMachine(runtime);
	xsBeginHost(the);
	if (hci.connecting) {
		int error = 0;
		socklen_t size = sizeof error;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
		hci.connecting = false;
		runtimeWatchEvents(hci.watch, RUNTIME_READABLE);
		if (error)
			ended(the, error);
		else
			xsCallFunction0(hci.onOpen, xsGlobal);
	} else {
		int32_t length;
		uint8_t *into = runtimeBytes(the, &hci.into, &length);
		ssize_t n = recv(fd, into, length, MSG_DONTWAIT);
		if (n > 0)
			xsCallFunction1(hci.onBytes, xsGlobal, xsInteger((xsIntegerValue)n));
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			ended(the, n == 0 ? 0 : errno);
	}
	xsEndHost(the);
}

/* hciOpen(into, onOpen, onBytes, onClose): sets what hciConnect() makes use of. */
static void hci_open(xsMachine *the)
{
	xsSlot *const slots[] = { &hci.into, &hci.onOpen, &hci.onBytes, &hci.onClose };
	for (int i = 0; i < 4; i++) {
		*slots[i] = xsArg(i);
		xsRemember(*slots[i]);
	}
}

/* hciConnect(): begins to connect. onOpen or onClose tells how it went. */
static void hci_connect(xsMachine *the)
{
	const Sim *sim = simOf(the);
	if (hci.watch)
		xsUnknownError("there is a connection");
	int on = 1, fd = socket(sim->hci.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		xsUnknownError("%s", strerror(errno));
	/* Each exchange would wait for an acknowledgement without it. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	/* A failure shows as an event, like one that comes later. */
	connect(fd, (const struct sockaddr *)&sim->hci, sim->hciLength);
	hci.fd = fd;
	hci.connecting = true;
	hci.watch = runtimeWatch(runtimeOf(the), fd, RUNTIME_WRITABLE, ready, NULL);
}

/* hciWrite(bytes): false if there is no connection, or it does not take them: then it ends. */
static void hci_write(xsMachine *the)
{
	int32_t length;
	uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	bool sent = hci.watch && !hci.connecting && send(hci.fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) == length;
	/* A part of a packet would put the controller out of step. The next event here is the end. */
	if (hci.watch && !hci.connecting && !sent)
		shutdown(hci.fd, SHUT_RDWR);
	xsResult = xsBoolean(sent);
}

/* hciClose() */
static void hci_close(xsMachine *the)
{
	(void)the;
	if (!hci.watch)
		return;
	runtimeUnwatch(hci.watch);
	hci.watch = NULL;
	close(hci.fd);
}

const RuntimeFunction hciFunctions[] = {
	{ "hciOpen", hci_open, 4 },
	{ "hciConnect", hci_connect, 0 },
	{ "hciWrite", hci_write, 1 },
	{ "hciClose", hci_close, 0 },
	{ NULL },
};
