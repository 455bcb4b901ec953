/* The arguments of the supervisor from a file: `npm start -- --save FILE` writes it, one a line, a name and its value. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ports.h"

/* More than any device needs: a dozen paths and the configuration. */
#define LARGEST 262144

static char *contents(int events, const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0)
		refuse(events, "cannot open %s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_size > LARGEST)
		refuse(events, "%s is no file of --save", path);
	char *text = calloc(1, (size_t)status.st_size + 1);
	if (!text || read(fd, text, (size_t)status.st_size) != status.st_size)
		refuse(events, "cannot read %s", path);
	close(fd);
	return text;
}

int savedArguments(int events, const char *path, char ***arguments)
{
	char *text = contents(events, path);
	int lines = 1, count = 0;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	char **all = calloc(2 * (size_t)lines + 1, sizeof *all);
	if (!all)
		refuse(events, "out of memory");
	all[count++] = (char *)path;
	char *rest = text, *line;
	while ((line = strsep(&rest, "\n")) && *line) {
		char *value = line;
		strsep(&value, " ");
		if (strncmp(line, "--", 2) != 0 || !value)
			refuse(events, "%s is no file of --save", path);
		all[count++] = line;
		all[count++] = value;
	}
	*arguments = all;
	return count;
}
