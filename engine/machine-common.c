#include "machine-common.h"

#include <unistd.h>

void crashAppend(char *line, const char *format, ...)
{
	size_t used = strlen(line);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line + used, CRASH_LINE_SIZE - used, format, arguments);
	va_end(arguments);
}

void crashAppendException(txMachine *the, char *line)
{
	mxPush(mxException);
	txSlot *exception = the->stack;
	mxTry(the) {
		mxPushSlot(exception);
		crashAppend(line, "%s", fxToString(the, the->stack));
		mxPop();
	}
	mxCatch(the) {
		crashAppend(line, "something that cannot be made a string");
	}
	the->stack = exception;
}

void crashEnd(txMachine *the, RuntimeCrashCode code, char *line)
{
	MachineContext *context = the->context;
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	context->crash(context, code, line);
	_exit(code);
}

txCreation machineCreation(const ImageCreation *from)
{
	return (txCreation){
		.initialChunkSize = from->initialChunk,
		.incrementalChunkSize = from->incrementalChunk,
		.initialHeapCount = from->initialHeap,
		.incrementalHeapCount = from->incrementalHeap,
		.stackCount = from->stack,
		.initialKeyCount = from->initialKeys,
		.incrementalKeyCount = from->incrementalKeys,
		.nameModulo = from->nameModulo,
		.symbolModulo = from->symbolModulo,
	};
}

void machineUnwind(struct Machine *machine)
{
	txMachine *the = (txMachine *)machine;
	((MachineContext *)the->context)->unwinding = true;
	fxExitToHost(the);
	__builtin_unreachable();
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

const int32_t *machineSlotCount(const struct Machine *machine)
{
	return &((const txMachine *)machine)->currentHeapCount;
}
