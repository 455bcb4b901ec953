/*
 * The flash chip: NOR flash in memory, and behind it the file, which gets every change before the call returns. So the
 * contents outlive a reset and the machine.
 */
#include <string.h>

#include "application.h"
#include "natives.h"

#define ERASED 0xff
/* Behind the command line (semihost.c). */
#define CONTENTS ((uint8_t *)0x70010000)
#define LARGEST 0x0fff0000u

static int32_t file;

void flashStart(void)
{
	const BoardOptions *options = boardOptions();
	if (options->flashSize > LARGEST)
		boardCrash("the flash is larger than the memory for its contents");
	file = fileOpen(options->flash);
	if (file < 0 || !fileRead(file, 0, CONTENTS, options->flashSize))
		boardCrash("the flash file cannot be read");
}

static void inside(xsMachine *the, uint32_t address, uint32_t length, uint32_t unit)
{
	flashInside(the, boardOptions()->flashSize, address, length, unit);
}

const uint8_t *hostFlash(xsMachine *the, uint32_t address, uint32_t length)
{
	uint32_t size = boardOptions()->flashSize;
	return address <= size && length <= size - address ? CONTENTS + address : NULL;
}

static void keep(xsMachine *the, uint32_t address, uint32_t length)
{
	if (!fileWrite(file, address, CONTENTS + address, length))
		xsUnknownError("the flash file cannot be written");
}

/* flashRead(into, address): fills `into`. */
static void flash_read(xsMachine *the)
{
	int32_t length;
	uint32_t address = flashArgument(the, &xsArg(1));
	uint8_t *into = runtimeBytes(the, &xsArg(0), &length);
	inside(the, address, (uint32_t)length, 1);
	memcpy(into, CONTENTS + address, (size_t)length);
}

/* flashWrite(bytes, address): programs erased bytes. */
static void flash_write(xsMachine *the)
{
	int32_t length;
	uint32_t address = flashArgument(the, &xsArg(1));
	const uint8_t *bytes = runtimeBytes(the, &xsArg(0), &length);
	inside(the, address, (uint32_t)length, boardOptions()->writeAlign);
	if (!flashBlank(CONTENTS + address, (size_t)length))
		xsUnknownError("a byte from 0x%x on is not erased", (unsigned)address);
	memcpy(CONTENTS + address, bytes, (size_t)length);
	keep(the, address, (uint32_t)length);
}

/* flashErase(address, length): erases whole sectors. */
static void flash_erase(xsMachine *the)
{
	uint32_t address = flashArgument(the, &xsArg(0));
	uint32_t length = flashArgument(the, &xsArg(1));
	inside(the, address, length, boardOptions()->sectorSize);
	memset(CONTENTS + address, ERASED, length);
	keep(the, address, length);
}

/* flashErased(address, length): whether all bytes are erased. */
static void flash_erased(xsMachine *the)
{
	uint32_t address = flashArgument(the, &xsArg(0));
	uint32_t length = flashArgument(the, &xsArg(1));
	inside(the, address, length, 1);
	xsResult = xsBoolean(flashBlank(CONTENTS + address, length));
}

const RuntimeFunction flashFunctions[] = {
	{ "flashRead", flash_read, 2 },
	{ "flashWrite", flash_write, 2 },
	{ "flashErase", flash_erase, 2 },
	{ "flashErased", flash_erased, 2 },
	{ NULL },
};
