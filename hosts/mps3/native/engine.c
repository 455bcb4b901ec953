#include "machine.h"
#include "xsAll.h"

/*
 * As XS does with the names of a machine that it clones: they stay where the module compiler put them, in flash, with
 * XS's own among them. In RAM they would take 23 KB.
 */
void fxBuildKeys(txMachine *the)
{
	const Image *image = ((const MachineContext *)the->context)->image;
	memcpy(the->nameTable, image->names, (size_t)the->nameModulo * sizeof(txSlot *));
	the->keyArrayHost = (txSlot **)image->keySlots;
	the->keyOffset = the->keyIndex = (txID)(XS_ID_COUNT + image->keyCount);
	the->keyCount = (txID)(the->keyOffset + image->creation.initialKeys);
}
