/*
 * What update-zephyr.ts asks of a partition that the Moddable SDK's Zephyr port has opened: whether two are one, and whether it
 * may be written.
 */
#include "xsmc.h"

#include <zephyr/storage/flash_map.h>

/* Of modules/io/flash/zephyr/flash-zephyr.c, which keeps its record to itself (SDK 8.2.3). */
extern void xs_flashstorage_destructor(void *data);

struct xsFlashRecord {
	const void *partition;
	const struct flash_area *fa;
	uint32_t blockLength;
	uint8_t readOnly;
};

/* mcconfig finds these by the names in update-zephyr.ts; no header declares them before it has run. */
void xs_update_samePartition(xsMachine *the);
void xs_update_checkWritable(xsMachine *the);

/* samePartition(one, other): boolean. A closed partition, or what is none, is a SyntaxError of the engine. */
void xs_update_samePartition(xsMachine *the)
{
	struct xsFlashRecord *flash = xsmcGetHostChunkValidate(xsArg(0), xs_flashstorage_destructor);
	const struct flash_area *area = flash->fa;
	flash = xsmcGetHostChunkValidate(xsArg(1), xs_flashstorage_destructor);
	/* Zephyr has one description of each area. */
	xsmcSetBoolean(xsResult, flash->fa == area);
}

/* checkWritable(partition) */
void xs_update_checkWritable(xsMachine *the)
{
	struct xsFlashRecord *flash = xsmcGetHostChunkValidate(xsArg(0), xs_flashstorage_destructor);
	if (flash->readOnly) xsUnknownError("read-only partition");
}
