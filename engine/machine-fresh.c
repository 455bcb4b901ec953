#include "freeze.h"
#include "machine-common.h"

typedef struct {
	struct Machine *machine;
	const char *name;
} Preload;

static void preload(void *data)
{
	const Preload *module = data;
	machineImport(module->machine, module->name);
}

struct Machine *machineCreate(MachineContext *context)
{
	const Image *image = context->image;
	const ImageCreation *from = &image->creation;
	txCreation creation = machineCreation(from);
	creation.initialKeyCount += XS_ID_COUNT + image->keyCount;
	if (context->archive)
		creation.initialKeyCount += context->archive->keyCount;
	txMachine *the = fxCreateMachine(&creation, (txString)image->name, context, XS_NO_ID);
	if (!the)
		return NULL;
	fxBeginHost(the);
	for (int32_t i = 0; i < image->keyCount; i++) {
		/* The bytecode names these keys by number. */
		if (fxNewNameX(the, (txString)image->keys[i]) != XS_ID_COUNT + i)
			fxAbort(the, XS_FATAL_CHECK_EXIT);
	}
	fxEndHost(the);
	struct Machine *machine = (struct Machine *)the;
	machineAddKeys(machine);
	for (int32_t i = 0; i < image->preloadCount; i++)
		if (!machineHasModule(machine, image->preload[i]))
			machineEnter(machine, preload, &(Preload){ machine, image->preload[i] });
	machineFreeze(the);
	return machine;
}
