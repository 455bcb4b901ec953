#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"

void eventLine(int fd, const char *json)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
		return;
	char line[8192];
	int length = snprintf(line, sizeof line, "%s\n", json);
	if (length < 0 || (size_t)length >= sizeof line)
		return;
	for (int sent = 0; sent < length;) {
		ssize_t n = write(fd, line + sent, length - sent);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			sent += n;
	}
}

void eventText(int fd, const char *name, const char *key, const char *text)
{
	char line[4096];
	if (!key) {
		snprintf(line, sizeof line, "{\"event\":\"%s\"}", name);
		eventLine(fd, line);
		return;
	}
	size_t at = snprintf(line, sizeof line, "{\"event\":\"%s\",\"%s\":\"", name, key);
	for (const unsigned char *c = (const unsigned char *)text; *c && at < sizeof line - 16; c++) {
		if (*c == '"' || *c == '\\') {
			line[at++] = '\\';
			line[at++] = *c;
		} else if (*c < 0x20) {
			at += snprintf(line + at, sizeof line - at, "\\u%04x", *c);
		} else {
			line[at++] = *c;
		}
	}
	memcpy(line + at, "\"}", 3);
	eventLine(fd, line);
}
