#include "machine-common.h"

/* The machine's own memory: stack, slots and chunks, as XS counts what it has reserved. */
static uint64_t reserved(txMachine *the)
{
	uint64_t slots = (uint64_t)(the->stackTop - the->stackBottom) + (uint64_t)the->maximumHeapCount;
	return slots * sizeof(txSlot) + (uint64_t)the->maximumChunksSize;
}

static bool allowed(txMachine *the, uint64_t more)
{
	const MachineContext *context = the->context;
	uint64_t limit = (uint64_t)context->image->creation.limit;
	return limit == 0 || reserved(the) + more <= limit;
}

void *fxAllocateChunks(txMachine *the, txSize size)
{
	return allowed(the, (uint64_t)size) ? malloc((size_t)size) : NULL;
}

void fxFreeChunks(txMachine *the, void *chunks) { free(chunks); }

txSlot *fxAllocateSlots(txMachine *the, txSize count)
{
	uint64_t size = (uint64_t)count * sizeof(txSlot);
	return allowed(the, size) ? malloc(size) : NULL;
}

void fxFreeSlots(txMachine *the, void *slots) { free(slots); }

/* The runtime has no parser: eval() and Function() throw a SyntaxError. */
txScript *fxParseScript(txMachine *the, void *stream, txGetter getter, txUnsigned flags) { return NULL; }

void fxQueuePromiseJobs(txMachine *the) { the->promiseJobs = 1; }

/* Modules */

bool machineHasModule(struct Machine *machine, const char *name)
{
	txMachine *the = (txMachine *)machine;
	txSlot *realm = mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm;
	txID id = fxFindName(the, (txString)name);
	return id != XS_NO_ID && mxBehaviorGetProperty(the, mxOwnModules(realm)->value.reference, id, 0, XS_ANY);
}

static const ImageModule *findImageModule(txMachine *the, const char *name)
{
	const Image *image = ((MachineContext *)the->context)->image;
	int32_t low = 0, high = image->moduleCount;
	while (low < high) {
		int32_t middle = low + (high - low) / 2;
		int order = strcmp(name, image->modules[middle].name);
		if (order == 0)
			return &image->modules[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The runtime comes first: an application cannot put a module in the place of one of the runtime's. */
static bool findModule(txMachine *the, const char *name, ImageModule *found)
{
	const ImageModule *module = findImageModule(the, name);
	const Archive *archive = ((MachineContext *)the->context)->archive;
	if (module)
		*found = *module;
	return module || (archive && archiveModule(archive, name, found));
}

const char *machineMissingImport(struct Machine *machine, const Archive *archive)
{
	txMachine *the = (txMachine *)machine;
	for (uint32_t i = 0; i < archive->importCount; i++) {
		const char *name = archiveImport(archive, i);
		if (!archiveMayImport(name) || !(machineHasModule(machine, name) || findImageModule(the, name)))
			return name;
	}
	return NULL;
}

void machineAddKeys(struct Machine *machine)
{
	txMachine *the = fxBeginHost((txMachine *)machine);
	MachineContext *context = the->context;
	const Archive *archive = context->archive;
	for (uint32_t i = 0; archive && i < archive->keyCount; i++) {
		txID next = the->keyIndex;
		if (fxNewNameX(the, (txString)archiveKey(archive, i)) != next)
			context->archive = NULL;
	}
	fxEndHost(the);
}

/*
 * Module names as in the Moddable SDK: a specifier that starts with "./" or "../" is relative to the name of the module
 * that imports, any other is a name already; a final ".js" or ".mjs" does not count.
 */
txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot)
{
	char specifier[C_PATH_MAX], path[2 * C_PATH_MAX];
	fxToStringBuffer(the, slot, specifier, sizeof(specifier));
	size_t length = strlen(specifier);
	if (length > 3 && strcmp(specifier + length - 3, ".js") == 0)
		specifier[length - 3] = 0;
	else if (length > 4 && strcmp(specifier + length - 4, ".mjs") == 0)
		specifier[length - 4] = 0;

	const char *rest = specifier;
	size_t end = 0; /* length of `path` without a slash at its end */
	if (rest[0] == '.') {
		if (moduleID == XS_NO_ID)
			return XS_NO_ID;
		snprintf(path, C_PATH_MAX, "%s", fxGetKeyName(the, moduleID));
		char *slash = strrchr(path, '/');
		end = slash ? (size_t)(slash - path) : 0;
	}
	while (*rest) {
		size_t part = strcspn(rest, "/");
		if (part == 2 && rest[0] == '.' && rest[1] == '.') {
			if (end == 0)
				return XS_NO_ID;
			while (end > 0 && path[--end] != '/') {}
		} else if (part != 0 && !(part == 1 && rest[0] == '.')) {
			if (end != 0)
				path[end++] = '/';
			memcpy(path + end, rest, part);
			end += part;
		}
		rest += part;
		if (*rest)
			rest++;
	}
	path[end] = 0;
	ImageModule found;
	return machineHasModule((struct Machine *)the, path) || findModule(the, path, &found) ? fxNewNameC(the, path)
																						  : XS_NO_ID;
}

void fxLoadModule(txMachine *the, txSlot *module, txID moduleID)
{
	ImageModule found;
	if (!findModule(the, fxGetKeyName(the, moduleID), &found))
		return;
	txScript script = {
		.codeBuffer = (txS1 *)found.code,
		.codeSize = found.size,
		.path = (txString)found.name,
		.version = { XS_MAJOR_VERSION, XS_MINOR_VERSION, XS_PATCH_VERSION, 0 },
	};
	fxResolveModule(the, module, moduleID, &script, NULL, NULL);
}

/* Crashes */

static void appendFrame(txMachine *the, char *line)
{
	for (txSlot *frame = the->frame; frame; frame = frame->next) {
		if (frame->flag & XS_C_FLAG)
			continue;
		txSlot *environment = mxFrameToEnvironment(frame);
		if (environment->ID == XS_NO_ID)
			continue;
		char name[128] = "";
		fxBufferFrameName(the, name, sizeof(name), frame, "");
		if (name[0] && strcmp(name, "(host)") != 0)
			crashAppend(line, " in %s", name);
		crashAppend(line, " (%s:%d)", fxGetKeyName(the, environment->ID), (int)environment->value.environment.line);
		return;
	}
}

static bool isString(const txSlot *slot)
{
	return slot && (slot->kind == XS_STRING_KIND || slot->kind == XS_STRING_X_KIND);
}

/*
 * Where an error was made: the first line of its stack that is not the constructor of its own class, since that is
 * where `throw new FlashError(…)` stands.
 */
static void appendOrigin(txMachine *the, char *line, txSlot *exception)
{
	if (exception->kind != XS_REFERENCE_KIND)
		return;
	txSlot *instance = exception->value.reference;
	txSlot *internal = instance->next;
	if (!internal || internal->kind != XS_ERROR_KIND || !internal->value.error.info)
		return;
	const char *own = NULL;
	txSlot *prototype = instance->value.instance.prototype;
	txSlot *constructor = prototype ? mxBehaviorGetProperty(the, prototype, mxID(_constructor), 0, XS_OWN) : NULL;
	if (constructor && constructor->kind == XS_REFERENCE_KIND && mxIsFunction(constructor->value.reference)) {
		txSlot *name = mxBehaviorGetProperty(the, constructor->value.reference, mxID(_name), 0, XS_OWN);
		if (isString(name))
			own = name->value.string;
	}
	for (txSlot *entry = internal->value.error.info->next; entry; entry = entry->next) {
		const char *function = entry->value.key.string;
		if (entry->ID == XS_NO_ID)
			continue;
		if (own && function && strcmp(own, function) == 0 && entry->next)
			continue;
		crashAppend(line, " (%s:%d)", fxGetKeyName(the, entry->ID), (int)entry->value.key.sum);
		return;
	}
}

static void appendException(txMachine *the, char *line)
{
	crashAppendException(the, line);
	appendOrigin(the, line, the->stack);
}

void fxAbort(txMachine *the, int status)
{
	char line[CRASH_LINE_SIZE] = "crash: ";
	RuntimeCrashCode code = RUNTIME_CRASH_ENGINE;
	switch (status) {
	case XS_STACK_OVERFLOW_EXIT:
		code = RUNTIME_CRASH_STACK;
		crashAppend(line, "JavaScript stack overflow");
		appendFrame(the, line);
		break;
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		code = RUNTIME_CRASH_MEMORY;
		crashAppend(line, "heap exhausted at %llu KB", (unsigned long long)(reserved(the) / 1024));
		appendFrame(the, line);
		break;
	case XS_UNHANDLED_EXCEPTION_EXIT:
		code = RUNTIME_CRASH_EXCEPTION;
		crashAppend(line, "uncaught ");
		appendException(the, line);
		break;
	case XS_UNHANDLED_REJECTION_EXIT:
		code = RUNTIME_CRASH_REJECTION;
		crashAppend(line, "unhandled rejection: ");
		appendException(the, line);
		break;
	case XS_NO_MORE_KEYS_EXIT:
		crashAppend(line, "too many property names");
		appendFrame(the, line);
		break;
	default:
		crashAppend(line, "XS gave up with status %d", status);
		appendFrame(the, line);
		break;
	}
	crashEnd(the, code, line);
}

/* The machine */

static void restore(txMachine *the, const txJump *jump)
{
	the->stack = jump->stack;
	the->scope = jump->scope;
	the->frame = jump->frame;
	the->code = jump->code;
	the->firstJump = jump->nextJump;
}

void machineEnter(struct Machine *machine, void (*function)(void *), void *data)
{
	txMachine *the = (txMachine *)machine;
	MachineContext *context = the->context;
	txJump jump = {
		.nextJump = the->firstJump,
		.stack = the->stack,
		.scope = the->scope,
		.frame = the->frame,
		.code = the->code,
	};
	the->firstJump = &jump;
	if (c_setjmp(jump.buffer) == 0) {
		function(data);
		while (the->promiseJobs) {
			the->promiseJobs = 0;
			fxRunPromiseJobs(the);
		}
		fxEndJob(the);
		fxCheckUnhandledRejections(the, 1);
	} else if (!context->unwinding) {
		fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
	}
	restore(the, &jump);
}

static void importFailed(txMachine *the)
{
	mxException = *mxArgv(0);
	fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
}

void machineImport(struct Machine *machine, const char *name)
{
	txMachine *the = fxBeginHost((txMachine *)machine);
	/* promise.then(undefined, importFailed) */
	fxStringX(the, --the->stack, (txString)name);
	fxAwaitImport(the, XS_IMPORT_ASYNC);
	mxDub();
	mxGetID(mxID(_then));
	mxCall();
	mxPushUndefined();
	fxNewHostFunction(the, importFailed, 1, XS_NO_ID, XS_NO_ID);
	mxRunCount(2);
	mxPop();
	fxEndHost(the);
}
