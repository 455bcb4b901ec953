/*
 * engine/machine.h on the Moddable SDK, in the place of engine/machine.c: with it the simulator's C, and
 * engine/runtime.c under it, build by mcconfig unchanged. The SDK links one set of modules, preloaded in part, from
 * which every machine starts; so the images here name nothing but the module to run. Written against the inside of XS
 * (SDK 8.2.3, XS 17).
 */
#include <glib.h>

#include "machine-common.h"

extern void *xsPreparationAndCreation(txCreation **creation);

/* The SDK's linker numbers names as it likes, so that no archive is made for this program, and none runs. */
const uint8_t runtimeId[ARCHIVE_ID_SIZE] = { 0 };

const char *machineMissingImport(struct Machine *machine, const Archive *archive) { return "anything"; }

const Image loaderImage = { .name = "loader", .main = "xs-smp/hosts/sim/xs/loader/main" };
const Image appImage = { .name = "app", .main = "xs-smp/hosts/sim/xs/main" };

void fxAbort(txMachine *the, int status)
{
	char line[CRASH_LINE_SIZE] = "crash: ";
	RuntimeCrashCode code = RUNTIME_CRASH_ENGINE;
	switch (status) {
	case XS_JAVASCRIPT_STACK_OVERFLOW_EXIT:
	case XS_NATIVE_STACK_OVERFLOW_EXIT:
		code = RUNTIME_CRASH_STACK;
		crashAppend(line, "stack overflow");
		break;
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		code = RUNTIME_CRASH_MEMORY;
		crashAppend(line, "heap exhausted");
		break;
	case XS_UNHANDLED_EXCEPTION_EXIT:
		code = RUNTIME_CRASH_EXCEPTION;
		crashAppend(line, "uncaught ");
		crashAppendException(the, line);
		break;
	case XS_UNHANDLED_REJECTION_EXIT:
		code = RUNTIME_CRASH_REJECTION;
		crashAppend(line, "unhandled rejection: ");
		crashAppendException(the, line);
		break;
	default:
		crashAppend(line, "%s", fxAbortString(status));
		break;
	}
	crashEnd(the, code, line);
}

struct Machine *machineCreate(MachineContext *context)
{
	context->archive = NULL;
	void *preparation = xsPreparationAndCreation(NULL);
	return (struct Machine *)fxPrepareMachine(NULL, preparation, (txString)context->image->name, context, NULL);
}

void machineEnter(struct Machine *machine, void (*function)(void *), void *data)
{
	txMachine *the = (txMachine *)machine;
	const MachineContext *context = the->context;
	mxTry(the) {
		function(data);
		/* Here the promise jobs are sources of GLib's main loop, which nobody else runs. */
		while (g_main_context_iteration(NULL, FALSE))
			;
	}
	mxCatch(the) {
		if (!context->unwinding)
			fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
	}
}

void machineImport(struct Machine *machine, const char *name)
{
	txMachine *the = fxBeginHost((txMachine *)machine);
	fxStringX(the, --the->stack, (txString)name);
	/* Waits until the module has run, and throws what it throws. */
	fxAwaitImport(the, XS_IMPORT_NAMESPACE);
	mxPop();
	fxEndHost(the);
}
