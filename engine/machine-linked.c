#include "machine-common.h"

/* Over the tables that xslink wrote: what is preloaded is there already, and stays where it is. */
struct Machine *machineCreate(MachineContext *context)
{
	const Image *image = context->image;
	txCreation creation = machineCreation(&image->creation);
	if (context->archive)
		creation.initialKeyCount += (txSize)context->archive->keyCount;
	struct Machine *machine = (struct Machine *)fxPrepareMachine(&creation, (txPreparation *)image->preparation,
		(txString)image->name, context, NULL);
	if (machine)
		machineAddKeys(machine);
	return machine;
}
