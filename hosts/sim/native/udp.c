/*
 * Datagrams on the socket that the supervisor bound. A peer is the hexadecimal digits of its socket address: a text that
 * no other peer has, and that JavaScript can hand back without having made it.
 */
#include <string.h>
#include <sys/socket.h>

#include "natives.h"

static RuntimeInput input;

typedef char PeerText[2 * sizeof(struct sockaddr_storage) + 1];

static void peerText(PeerText text, const struct sockaddr_storage *peer, socklen_t length)
{
	const uint8_t *bytes = (const uint8_t *)peer;
	for (socklen_t i = 0; i < length; i++) {
		*text++ = "0123456789abcdef"[bytes[i] >> 4];
		*text++ = "0123456789abcdef"[bytes[i] & 15];
	}
	*text = 0;
}

/* Length of the socket address; 0 if the text is none. */
static socklen_t peerOf(const char *text, struct sockaddr_storage *peer)
{
	uint8_t *bytes = (uint8_t *)peer;
	size_t length = strlen(text);
	if (length % 2 || length > 2 * sizeof *peer)
		return 0;
	for (size_t i = 0; i < length; i++) {
		const char *digit = strchr("0123456789abcdef", text[i]);
		if (!digit)
			return 0;
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (digit - "0123456789abcdef"));
	}
	return (socklen_t)(length / 2);
}

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
		if (n > 0) {
			PeerText text;
			peerText(text, &peer, peerLength);
			xsCallFunction2(input.callback, xsGlobal, xsInteger((xsIntegerValue)n), xsString(text));
		}
	}
	xsEndHost(the);
}

/* udpOpen(into, onReadable): each datagram is put into `into`, then onReadable(count, peer) is called. */
static void udp_open(xsMachine *the) { runtimeOpenInput(the, &input, "the UDP socket", simOf(the)->udp, ready); }

/* udpSend(bytes, peer): true if the datagram left. */
static void udp_send(xsMachine *the)
{
	int32_t length;
	struct sockaddr_storage peer;
	socklen_t peerLength = peerOf(xsToString(xsArg(1)), &peer);
	if (peerLength == 0)
		xsRangeError("not a peer");
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
