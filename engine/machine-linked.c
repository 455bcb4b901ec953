#include "machine-common.h"

/* Over the tables that xslink wrote: what is preloaded is there already, and stays where it is. */
struct Machine *machineCreate(MachineContext *context)
{
	const Image *image = context->image;
	txCreation creation = machineCreation(&image->creation);
	return (struct Machine *)fxPrepareMachine(&creation, (txPreparation *)image->preparation, (txString)image->name,
		context, NULL);
}
