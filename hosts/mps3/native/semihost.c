#include <stdlib.h>
#include <string.h>

#include "board.h"

enum { SYS_OPEN = 0x01, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_SEEK = 0x0a, SYS_GET_CMDLINE = 0x15 };

#define OPEN_READ_WRITE 3 /* fopen's "r+b" */

/* Room for the command line, in the memory that a board does not have. */
#define COMMAND_LINE ((char *)0x70000000)
#define COMMAND_LINE_SIZE 0x10000

static int32_t call(int operation, const void *argument)
{
	register int32_t r0 __asm("r0") = operation;
	register const void *r1 __asm("r1") = argument;
	__asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
	return r0;
}

/* SIZE SECTOR ALIGN BAUD LENGTH PATH CONFIG, where LENGTH is that of PATH in bytes. */
const BoardOptions *boardOptions(void)
{
	static BoardOptions options;
	if (options.config)
		return &options;
	struct {
		char *buffer;
		uint32_t size;
	} line = { COMMAND_LINE, COMMAND_LINE_SIZE };
	if (call(SYS_GET_CMDLINE, &line) != 0)
		boardCrash("there is no command line: start the firmware with npm run mps3");
	char *at = COMMAND_LINE;
	options.flashSize = strtoul(at, &at, 10);
	options.sectorSize = strtoul(at, &at, 10);
	options.writeAlign = strtoul(at, &at, 10);
	options.baud = strtoul(at, &at, 10);
	uint32_t length = strtoul(at, &at, 10);
	options.flash = ++at;
	at[length] = 0;
	options.config = at + length + 1;
	return &options;
}

int32_t fileOpen(const char *path)
{
	const struct {
		const char *path;
		uint32_t mode, length;
	} block = { path, OPEN_READ_WRITE, strlen(path) };
	return call(SYS_OPEN, &block);
}

typedef struct {
	int32_t file;
	const void *bytes;
	uint32_t length;
} Transfer;

static bool transfer(int operation, const Transfer *block, uint32_t offset)
{
	const struct {
		int32_t file;
		uint32_t offset;
	} seek = { block->file, offset };
	/* The result is the number of bytes that are left. */
	return call(SYS_SEEK, &seek) == 0 && call(operation, block) == 0;
}

bool fileRead(int32_t file, uint32_t offset, void *into, uint32_t length)
{
	return transfer(SYS_READ, &(Transfer){ file, into, length }, offset);
}

bool fileWrite(int32_t file, uint32_t offset, const void *bytes, uint32_t length)
{
	return transfer(SYS_WRITE, &(Transfer){ file, bytes, length }, offset);
}

void eventLine(const char *json)
{
	call(SYS_WRITE0, json);
	call(SYS_WRITE0, "\n");
}

void eventText(const char *name, const char *key, const char *text)
{
	char line[512], *at = line, *end = line + sizeof line - 16;
	const char *const head[] = { "{\"event\":\"", name, "\",\"", key, "\":\"" };
	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		at = stpcpy(at, head[i]);
	for (; *text && at < end; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = (unsigned char)*text < ' ' ? ' ' : *text;
	}
	strcpy(at, "\"}");
	eventLine(line);
}
