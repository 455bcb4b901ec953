/* Datagrams on the socket that the supervisor bound. A peer is an ArrayBuffer with its socket address. */
#include <string.h>
#include <sys/socket.h>

#include "natives.h"

static RuntimeInput input;

static void ready(Runtime *runtime, int fd, int events, void *data)
{
	(void)data;
	(void)events;
	xsMachine *the = runtimeMachine(runtime);
	xsBeginHost(the);
	{
		int32_t length;
		uint8_t *into = runtimeBytes(the, &input.into, &length);
		struct sockaddr_storage peer;
		socklen_t peerLength = sizeof peer;
		/* A datagram that is too long is cut. The transport's limit is lower: the transport deals with it. */
		ssize_t n = recvfrom(fd, into, length, MSG_DONTWAIT, (struct sockaddr *)&peer, &peerLength);
		if (n > 0)
			xsCallFunction2(input.callback, xsGlobal, xsInteger((xsIntegerValue)n), xsArrayBuffer(&peer, peerLength));
	}
	xsEndHost(the);
}

/* udpOpen(into, onReadable): each datagram is put into `into`, then onReadable(count, peer) is called. */
static void udp_open(xsMachine *the) { runtimeOpenInput(the, &input, "the UDP socket", simOf(the)->udp, ready); }

/* udpSend(bytes, peer): true if the datagram left. */
static void udp_send(xsMachine *the)
{
	int32_t length, peerLength;
	struct sockaddr_storage peer;
	uint8_t *address = runtimeBytes(the, &xsArg(1), &peerLength);
	if (peerLength > (int32_t)sizeof peer)
		xsRangeError("not a peer");
	memcpy(&peer, address, peerLength);
	uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	ssize_t n =
		sendto(simOf(the)->udp, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&peer, peerLength);
	xsResult = xsBoolean(n == length);
}

/* udpClose() */
static void udp_close(xsMachine *the) { runtimeCloseInput(the, &input); }

const RuntimeFunction udpFunctions[] = {
	{ "udpOpen", udp_open, 2 },
	{ "udpSend", udp_send, 2 },
	{ "udpClose", udp_close, 0 },
	{ NULL },
};
