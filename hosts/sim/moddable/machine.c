/*
 * engine/machine.h on the Moddable SDK, in the place of engine/machine.c: with it the simulator's C, and
 * engine/runtime.c under it, build by mcconfig unchanged. The SDK links one set of modules, preloaded in part, from
 * which every machine starts; so the images here name nothing but the module to run. Written against the inside of XS
 * (SDK 8.2.3, XS 17).
 */
#include <glib.h>
#include <unistd.h>

#include "xsAll.h"

#include "crash.h"
#include "machine.h"

extern void *xsPreparationAndCreation(txCreation **creation);

const Image loaderImage = { .name = "loader", .main = "xs-smp/hosts/desk/xs/loader" };
const Image appImage = { .name = "app", .main = "xs-smp/hosts/sim/xs/main" };

#define LINE_SIZE 512

static void append(char *line, const char *text) { strncat(line, text, LINE_SIZE - 1 - strlen(line)); }

static void appendException(txMachine *the, char *line)
{
	mxPush(mxException);
	txSlot *exception = the->stack;
	mxTry(the) {
		mxPushSlot(exception);
		append(line, fxToString(the, the->stack));
		mxPop();
	}
	mxCatch(the) {
		append(line, "something that cannot be made a string");
	}
	the->stack = exception;
}

void fxAbort(txMachine *the, int status)
{
	MachineContext *context = the->context;
	char line[LINE_SIZE] = "crash: ";
	int code = RUNTIME_CRASH_ENGINE;
	switch (status) {
	case XS_JAVASCRIPT_STACK_OVERFLOW_EXIT:
	case XS_NATIVE_STACK_OVERFLOW_EXIT:
		code = RUNTIME_CRASH_STACK;
		append(line, "stack overflow");
		break;
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		code = RUNTIME_CRASH_MEMORY;
		append(line, "heap exhausted");
		break;
	case XS_UNHANDLED_EXCEPTION_EXIT:
		code = RUNTIME_CRASH_EXCEPTION;
		append(line, "uncaught ");
		appendException(the, line);
		break;
	case XS_UNHANDLED_REJECTION_EXIT:
		code = RUNTIME_CRASH_REJECTION;
		append(line, "unhandled rejection: ");
		appendException(the, line);
		break;
	default:
		append(line, fxAbortString(status));
		break;
	}
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	context->crash(context, code, line);
	_exit(code);
}

struct Machine *machineCreate(MachineContext *context)
{
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

void machineUnwind(struct Machine *machine)
{
	txMachine *the = (txMachine *)machine;
	((MachineContext *)the->context)->unwinding = true;
	fxExitToHost(the);
	__builtin_unreachable();
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

void machineMemory(struct Machine *machine, MachineMemory *memory)
{
	const txMachine *the = (const txMachine *)machine;
	const int32_t slot = sizeof(txSlot);
	*memory = (MachineMemory){
		.slots = the->currentHeapCount * slot,
		.peakSlots = the->peakHeapCount * slot,
		.reservedSlots = the->maximumHeapCount * slot,
		.chunks = the->currentChunksSize,
		.peakChunks = the->peakChunksSize,
		.reservedChunks = the->maximumChunksSize,
		.stack = (int32_t)(the->stackTop - the->stackBottom) * slot,
		.stackUsed = (int32_t)(the->stackTop - the->stack) * slot,
	};
}
