#include "runtime.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern xsIntegerValue _xsmcGetBuffer(xsMachine *the, xsSlot *slot, void **data, xsUnsignedValue *count,
	xsBooleanValue writable);

/* Milliseconds. A timer that is later than this is waited for in parts. */
#define LONGEST_WAIT 1e9

struct RuntimeWatch {
	Runtime *runtime;
	RuntimeWatch *next;
	RuntimeReady ready; /* NULL once unwatched: freed by the loop, which may be among its callbacks */
	void *data;
	int fd, events;
};

struct RuntimeTimer {
	Runtime *runtime;
	RuntimeTimer *next;
	RuntimeElapsed elapsed;
	void *data;
	double due;
};

/* A timer that JavaScript asked for. */
typedef struct ScriptTimer ScriptTimer;
struct ScriptTimer {
	ScriptTimer *next;
	RuntimeTimer *timer;
	int32_t id;
	xsSlot callback;
};

struct Runtime {
	MachineContext machineContext; /* first: XS hands it back as the machine's context */
	RuntimeOptions options;
	xsMachine *machine;
	RuntimeWatch *watches;
	RuntimeTimer *timers; /* by time */
	ScriptTimer *scriptTimers;
	int32_t lastScriptTimer;
	RuntimeDescriptor *descriptors;
	size_t descriptorCount;
	void (*feed)(void *context); /* NULL: no watchdog */
	double feedEvery;
	bool started, stopped;
	int code;
};

/* Without stdio, which a device does not have otherwise. */
static void complain(const char *line)
{
	if (write(STDERR_FILENO, line, strlen(line)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
		_exit(RUNTIME_CRASH_ENGINE);
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);
	if (memory)
		return memory;
	complain("out of memory");
	_exit(RUNTIME_CRASH_MEMORY);
}

/* The machine and its life */

static void crashed(void *context, int code, const char *line)
{
	const Runtime *runtime = context;
	if (runtime->options.crash)
		runtime->options.crash(runtime->options.context, (RuntimeCrashCode)code, line);
	else
		complain(line);
}

static void install(void *data)
{
	Runtime *runtime = data;
	xsBeginHost(runtime->machine);
	runtime->options.install(the);
	xsEndHost(runtime->machine);
}

Runtime *runtimeCreate(const RuntimeOptions *options)
{
	Runtime *runtime = allocate(sizeof(*runtime));
	runtime->options = *options;
	runtime->machineContext =
		(MachineContext){ .image = options->image, .archive = options->archive, .crash = crashed };
	runtime->machine = (xsMachine *)machineCreate(&runtime->machineContext);
	if (!runtime->machine) {
		crashed(runtime, RUNTIME_CRASH_MEMORY, "crash: not enough memory for a machine");
		_exit(RUNTIME_CRASH_MEMORY);
	}
	if (options->install)
		machineEnter((struct Machine *)runtime->machine, install, runtime);
	return runtime;
}

void runtimeDelete(Runtime *runtime)
{
	if (!runtime)
		return;
	xsDeleteMachine(runtime->machine);
	/* Only now: until then XS may look at the slots that script timers hold. */
	for (RuntimeWatch *watch = runtime->watches, *next; watch; watch = next) {
		next = watch->next;
		free(watch);
	}
	for (RuntimeTimer *timer = runtime->timers, *next; timer; timer = next) {
		next = timer->next;
		free(timer);
	}
	for (ScriptTimer *timer = runtime->scriptTimers, *next; timer; timer = next) {
		next = timer->next;
		free(timer);
	}
	free(runtime->descriptors);
	free(runtime);
}

bool runtimeHasArchive(const Runtime *runtime) { return runtime->machineContext.archive != NULL; }

xsMachine *runtimeMachine(const Runtime *runtime) { return runtime->machine; }

Runtime *runtimeOf(xsMachine *the) { return xsGetContext(the); }

void *runtimeContext(xsMachine *the) { return runtimeOf(the)->options.context; }

void runtimeStop(Runtime *runtime, int code)
{
	if (runtime->stopped)
		return;
	runtime->stopped = true;
	runtime->code = code;
}

void runtimeUnwind(Runtime *runtime, int code)
{
	runtimeStop(runtime, code);
	machineUnwind((struct Machine *)runtime->machine);
}

/* Events */

RuntimeWatch *runtimeWatch(Runtime *runtime, int fd, int events, RuntimeReady ready, void *data)
{
	RuntimeWatch *watch = allocate(sizeof(*watch));
	*watch = (RuntimeWatch){ runtime, runtime->watches, ready, data, fd, events };
	runtime->watches = watch;
	return watch;
}

void runtimeWatchEvents(RuntimeWatch *watch, int events) { watch->events = events; }

void runtimeUnwatch(RuntimeWatch *watch) { watch->ready = NULL; }

RuntimeTimer *runtimeAfter(Runtime *runtime, double milliseconds, RuntimeElapsed elapsed, void *data)
{
	RuntimeTimer *timer = allocate(sizeof(*timer));
	*timer = (RuntimeTimer){ runtime, NULL, elapsed, data, runtimeNow() + (milliseconds > 0 ? milliseconds : 0) };
	RuntimeTimer **at = &runtime->timers;
	while (*at && (*at)->due <= timer->due)
		at = &(*at)->next;
	timer->next = *at;
	*at = timer;
	return timer;
}

void runtimeCancel(RuntimeTimer *timer)
{
	for (RuntimeTimer **at = &timer->runtime->timers; *at; at = &(*at)->next) {
		if (*at != timer)
			continue;
		*at = timer->next;
		free(timer);
		return;
	}
}

void runtimeWatchdog(Runtime *runtime, double milliseconds, void (*feed)(void *context))
{
	runtime->feed = milliseconds > 0 ? feed : NULL;
	runtime->feedEvery = milliseconds;
}

typedef struct {
	RuntimeWatch *watch;
	int events;
} Readiness;

static void callReady(void *data)
{
	const Readiness *readiness = data;
	RuntimeWatch *watch = readiness->watch;
	watch->ready(watch->runtime, watch->fd, readiness->events, watch->data);
}

static void callElapsed(void *data)
{
	const RuntimeTimer *timer = data;
	timer->elapsed(timer->runtime, timer->data);
}

static void import(void *data)
{
	Runtime *runtime = data;
	const char *name = runtime->options.main ? runtime->options.main : runtime->options.image->main;
	machineImport((struct Machine *)runtime->machine, name);
}

static void sweepWatches(Runtime *runtime)
{
	for (RuntimeWatch **at = &runtime->watches; *at;) {
		RuntimeWatch *watch = *at;
		if (watch->ready) {
			at = &watch->next;
			continue;
		}
		*at = watch->next;
		free(watch);
	}
}

static void runTimers(Runtime *runtime)
{
	/* Those due now and no others: a timer of 0 ms that starts itself again must not keep the descriptors waiting. */
	double now = runtimeNow();
	while (!runtime->stopped && runtime->timers && runtime->timers->due <= now) {
		RuntimeTimer *timer = runtime->timers;
		runtime->timers = timer->next;
		machineEnter((struct Machine *)runtime->machine, callElapsed, timer);
		free(timer);
	}
}

static void runWatches(Runtime *runtime, size_t count)
{
	/* Callbacks add watches at the head only, and nothing is freed here: what runtimeWait() saw is what follows `watch`. */
	RuntimeWatch *watch = runtime->watches;
	for (size_t i = 0; i < count && !runtime->stopped; i++, watch = watch->next) {
		if (runtime->descriptors[i].ready == 0 || !watch->ready)
			continue;
		Readiness readiness = { watch, runtime->descriptors[i].ready };
		machineEnter((struct Machine *)runtime->machine, callReady, &readiness);
	}
}

/* Waits for the next event and serves it. False if there is nothing to wait for. */
static bool serve(Runtime *runtime)
{
	sweepWatches(runtime);
	size_t count = 0;
	for (RuntimeWatch *watch = runtime->watches; watch; watch = watch->next)
		count++;
	if (count == 0 && !runtime->timers)
		return false;
	if (count > runtime->descriptorCount) {
		free(runtime->descriptors);
		runtime->descriptors = allocate(count * sizeof(*runtime->descriptors));
		runtime->descriptorCount = count;
	}
	size_t i = 0;
	for (RuntimeWatch *watch = runtime->watches; watch; watch = watch->next)
		runtime->descriptors[i++] = (RuntimeDescriptor){ .fd = watch->fd, .events = watch->events };
	double wait = -1;
	if (runtime->timers) {
		wait = runtime->timers->due - runtimeNow();
		wait = wait < 0 ? 0 : wait > LONGEST_WAIT ? LONGEST_WAIT : wait;
	}
	if (runtime->feed) {
		runtime->feed(runtime->options.context);
		if (wait < 0 || wait > runtime->feedEvery)
			wait = runtime->feedEvery;
	}
	runtimeWait(runtime->descriptors, count, wait);
	runWatches(runtime, count);
	if (!runtime->stopped)
		runTimers(runtime);
	return true;
}

int runtimeRun(Runtime *runtime)
{
	runtime->stopped = false;
	runtime->code = 0;
	runtime->machineContext.unwinding = false;
	if (!runtime->started) {
		runtime->started = true;
		machineEnter((struct Machine *)runtime->machine, import, runtime);
	}
	while (!runtime->stopped && serve(runtime)) {}
	sweepWatches(runtime);
	return runtime->code;
}

/* Host objects and functions */

void runtimeFreeze(xsMachine *the, xsSlot *object)
{
	xsBeginHost(the);
	xsResult = xsGet(xsGlobal, xsID("Object"));
	xsCall1(xsResult, xsID("freeze"), *object);
	xsEndHost(the);
}

void runtimeDefineFunctions(xsMachine *the, xsSlot *object, const RuntimeFunction *functions)
{
	xsBeginHost(the);
	for (const RuntimeFunction *entry = functions; entry->name; entry++) {
		xsResult = xsNewHostFunctionObject(entry->callback, entry->length, xsID(entry->name));
		xsDefine(*object, xsID(entry->name), xsResult, xsDontDelete | xsDontSet);
	}
	xsEndHost(the);
}

void runtimeDefineObject(xsMachine *the, const char *name, const RuntimeFunction *functions)
{
	xsBeginHost(the);
	xsResult = xsNewObject();
	runtimeDefineFunctions(the, &xsResult, functions);
	runtimeFreeze(the, &xsResult);
	xsDefine(xsGlobal, xsID(name), xsResult, xsDontDelete | xsDontEnum | xsDontSet);
	xsEndHost(the);
}

static void scriptElapsed(Runtime *runtime, void *data)
{
	ScriptTimer *timer = data;
	ScriptTimer **at = &runtime->scriptTimers;
	while (*at != timer)
		at = &(*at)->next;
	*at = timer->next;
	xsBeginHost(runtime->machine);
	xsResult = xsAccess(timer->callback);
	xsForget(timer->callback);
	free(timer);
	xsCallFunction0(xsResult, xsGlobal);
	xsEndHost(runtime->machine);
}

void runtime_after(xsMachine *the)
{
	Runtime *runtime = runtimeOf(the);
	if (xsToInteger(xsArgc) < 2 || !xsIsCallable(xsArg(1)))
		xsTypeError("after: no callback");
	double milliseconds = xsToNumber(xsArg(0));
	ScriptTimer *timer = allocate(sizeof(*timer));
	timer->id = ++runtime->lastScriptTimer;
	timer->callback = xsArg(1);
	xsRemember(timer->callback);
	timer->timer = runtimeAfter(runtime, milliseconds, scriptElapsed, timer);
	timer->next = runtime->scriptTimers;
	runtime->scriptTimers = timer;
	xsResult = xsInteger(timer->id);
}

void runtime_cancel(xsMachine *the)
{
	Runtime *runtime = runtimeOf(the);
	int32_t id = xsToInteger(xsArgc) > 0 ? xsToInteger(xsArg(0)) : 0;
	for (ScriptTimer **at = &runtime->scriptTimers; *at; at = &(*at)->next) {
		ScriptTimer *timer = *at;
		if (timer->id != id)
			continue;
		*at = timer->next;
		runtimeCancel(timer->timer);
		xsForget(timer->callback);
		free(timer);
		return;
	}
}

void runtime_memory(xsMachine *the)
{
	RuntimeMemory memory = runtimeMemory(the);
	xsResult = xsNewObject();
	xsDefine(xsResult, xsID("slots"), xsInteger(memory.slots), xsDefault);
	xsDefine(xsResult, xsID("peakSlots"), xsInteger(memory.peakSlots), xsDefault);
	xsDefine(xsResult, xsID("reservedSlots"), xsInteger(memory.reservedSlots), xsDefault);
	xsDefine(xsResult, xsID("chunks"), xsInteger(memory.chunks), xsDefault);
	xsDefine(xsResult, xsID("peakChunks"), xsInteger(memory.peakChunks), xsDefault);
	xsDefine(xsResult, xsID("reservedChunks"), xsInteger(memory.reservedChunks), xsDefault);
	xsDefine(xsResult, xsID("stack"), xsInteger(memory.stack), xsDefault);
	xsDefine(xsResult, xsID("stackUsed"), xsInteger(memory.stackUsed), xsDefault);
}

RuntimeMemory runtimeMemory(xsMachine *the)
{
	RuntimeMemory memory;
	machineMemory((struct Machine *)the, &memory);
	return memory;
}

uint8_t *runtimeBytes(xsMachine *the, xsSlot *buffer, int32_t *length)
{
	void *data = NULL;
	xsUnsignedValue count = 0;
	_xsmcGetBuffer(the, buffer, &data, &count, 0);
	*length = (int32_t)count;
	return data;
}

void runtimeOpenInput(xsMachine *the, RuntimeInput *input, const char *name, int fd, RuntimeReady ready)
{
	int32_t length;
	runtimeBytes(the, &xsArg(0), &length);
	if (input->watch)
		xsUnknownError("%s is open", name);
	input->into = xsArg(0);
	xsRemember(input->into);
	input->callback = xsArg(1);
	xsRemember(input->callback);
	input->watch = runtimeWatch(runtimeOf(the), fd, RUNTIME_READABLE, ready, NULL);
}

void runtimeCloseInput(xsMachine *the, RuntimeInput *input)
{
	if (!input->watch)
		return;
	runtimeUnwatch(input->watch);
	input->watch = NULL;
	xsForget(input->into);
	xsForget(input->callback);
}
