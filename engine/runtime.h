/*
 * One XS machine that runs one image under an event loop. A host gives the two functions that the loop needs,
 * runtimeWait() and runtimeNow(); engine/wait-posix.c has them for POSIX.
 *
 * A host's C looks like this:
 *
 *     static void xs_answer(xsMachine *the) { xsResult = xsInteger(42); }
 *     static const RuntimeFunction functions[] = { { "answer", xs_answer, 0 }, { NULL } };
 *     static void install(xsMachine *the) { runtimeDefineObject(the, "host", functions); }
 *
 *     Runtime *runtime = runtimeCreate(&(RuntimeOptions){ .image = &appImage, .install = install });
 *     int code = runtimeRun(runtime);
 *     runtimeDelete(runtime);
 *
 * Whatever the loop calls is outside JavaScript. Enter it with xsBeginHost(the) { … } xsEndHost(the). After each such
 * call the loop runs the promise jobs that became ready.
 *
 * A crash is final. JavaScript stack or heap exhausted, an exception that leaves a callback or the main module, a
 * rejected promise that nobody handles: one line says what and where, then the process ends by _exit() with a code of
 * `RuntimeCrashCode`. Nothing is thrown, nothing is cleaned up.
 *
 * Not thread safe. Several machines may exist in a process one after the other or at once; each runs its own loop.
 */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash.h"
#include "image.h"
#include "machine.h"
#include "xs.h"

typedef struct Runtime Runtime;
typedef struct RuntimeWatch RuntimeWatch;
typedef struct RuntimeTimer RuntimeTimer;

typedef struct {
	const Image *image;
	const char *main; /* module to run; NULL: the image's own */
	/* Modules of an application, which the main module may import. It has to stay as it is. NULL: none */
	const Archive *archive;
	/* Called once, inside xsBeginHost, before the main module is imported: defines the host's objects. */
	void (*install)(xsMachine *the);
	/*
	 * Called with the line of a crash ("crash: uncaught TypeError: … (modules/smp/server.ts:42)", no newline). The
	 * machine must not be entered any more. The process ends when it returns. NULL: the line goes to standard error.
	 */
	void (*crash)(void *context, RuntimeCrashCode code, const char *line);
	void *context; /* the host's own */
} RuntimeOptions;

/* Creates the machine and installs the host's objects. The options are copied. Ends the process if memory is short. */
Runtime *runtimeCreate(const RuntimeOptions *options);
/*
 * Imports the main module and serves events until runtimeStop(), or until there is nothing left to wait for (no watch,
 * no timer). Returns the code given to runtimeStop(), else 0. May be called again after it returned by a stop: then it
 * only goes on serving events.
 */
int runtimeRun(Runtime *runtime);
/*
 * Asks runtimeRun() to return `code` once the current callback and its promise jobs are done. The first call counts.
 * JavaScript that called a host function goes on to its end; a host function that must not return calls
 * runtimeUnwind() instead.
 */
void runtimeStop(Runtime *runtime, int code);
/*
 * runtimeStop() for use in a host function: does not return to JavaScript, runs no promise job and no `finally`.
 * Only for functions called by JavaScript.
 */
void runtimeUnwind(Runtime *runtime, int code) __attribute__((noreturn));
/* Ends the machine: host destructors run, watches and timers are released. NULL is allowed. */
void runtimeDelete(Runtime *runtime);

/* Whether the machine took the archive of the options: its names were new. */
bool runtimeHasArchive(const Runtime *runtime);
xsMachine *runtimeMachine(const Runtime *runtime);
Runtime *runtimeOf(xsMachine *the);
/* RuntimeOptions.context of the machine's runtime. */
void *runtimeContext(xsMachine *the);

/*
 * Has the loop call `feed` at least every `milliseconds` for as long as it turns: before each wait, and no wait is longer.
 * JavaScript that does not return keeps the loop from turning. 0 ends that.
 */
void runtimeWatchdog(Runtime *runtime, double milliseconds, void (*feed)(void *context));

/* What a descriptor is watched for, and what it is ready for. */
enum {
	RUNTIME_READABLE = 1,
	RUNTIME_WRITABLE = 2,
	RUNTIME_FAILED = 4, /* always watched for: an error, or the other end is gone */
};

/* A descriptor is ready: `events` says for what. */
typedef void (*RuntimeReady)(Runtime *runtime, int fd, int events, void *data);
/* Watches `fd` for `events`. The descriptor stays the caller's. */
RuntimeWatch *runtimeWatch(Runtime *runtime, int fd, int events, RuntimeReady ready, void *data);
void runtimeWatchEvents(RuntimeWatch *watch, int events);
/* Stops watching. Allowed inside the watch's own callback. */
void runtimeUnwatch(RuntimeWatch *watch);

/* A timer elapsed. It is released after the call. */
typedef void (*RuntimeElapsed)(Runtime *runtime, void *data);
/* Calls `elapsed` once, `milliseconds` from now or soon after that. Timers fire in order of their time. */
RuntimeTimer *runtimeAfter(Runtime *runtime, double milliseconds, RuntimeElapsed elapsed, void *data);
/* Releases a timer that has not elapsed. */
void runtimeCancel(RuntimeTimer *timer);

/* What the loop waits for. */
typedef struct {
	int fd;
	int events;
	int ready; /* set by runtimeWait(): which events have come, 0 for none */
} RuntimeDescriptor;

/* The host gives these two. */
/*
 * Waits until a descriptor is ready or `milliseconds` have passed, for ever if negative. May come back early with
 * nothing ready.
 */
void runtimeWait(RuntimeDescriptor *descriptors, size_t count, double milliseconds);
/* Milliseconds of a clock that is never set. */
double runtimeNow(void);

/* Bytes of slots and chunks in use, the most ever in use, and reserved, and the size of the JavaScript stack. */
typedef MachineMemory RuntimeMemory;
RuntimeMemory runtimeMemory(xsMachine *the);

/* A host function; `length` is the number of parameters it declares. */
typedef struct {
	const char *name; /* NULL ends a table */
	xsCallback callback;
	int length;
} RuntimeFunction;

/* Defines the frozen global object `name` with these functions. Call it in RuntimeOptions.install. */
void runtimeDefineObject(xsMachine *the, const char *name, const RuntimeFunction *functions);
/* Adds functions to `object`. Freeze it with runtimeFreeze() when it is complete. */
void runtimeDefineFunctions(xsMachine *the, xsSlot *object, const RuntimeFunction *functions);
void runtimeFreeze(xsMachine *the, xsSlot *object);

/*
 * Host functions that every host needs, ready for a table:
 *   after(ms, callback): number    calls `callback` once after `ms` milliseconds; the result identifies the timer
 *   cancel(timer: number): void    forgets it; unknown numbers and elapsed timers are ignored
 *   memory(): RuntimeMemory        { slots, peakSlots, reservedSlots, chunks, peakChunks, reservedChunks, stack,
 *                                  stackUsed }
 */
void runtime_after(xsMachine *the);
void runtime_cancel(xsMachine *the);
void runtime_memory(xsMachine *the);

/*
 * The bytes of an ArrayBuffer, a DataView or a typed array of bytes, without a copy. Throws a TypeError for anything
 * else. The pointer is valid until the next call into XS, which may move the memory.
 */
uint8_t *runtimeBytes(xsMachine *the, xsSlot *buffer, int32_t *length);

/*
 * A source of bytes that JavaScript has opened: the buffer that takes them, and the function to call then. XS keeps both
 * until runtimeCloseInput().
 */
typedef struct {
	RuntimeWatch *watch; /* NULL: closed */
	xsSlot into, callback;
} RuntimeInput;

/*
 * For a host function whose first two arguments are `into` and `callback`: keeps them and watches `fd`. Throws if `into`
 * is no buffer, or if the input is open; `name` is for that sentence.
 */
void runtimeOpenInput(xsMachine *the, RuntimeInput *input, const char *name, int fd, RuntimeReady ready);
/* Does nothing if the input is closed. */
void runtimeCloseInput(xsMachine *the, RuntimeInput *input);

#endif
