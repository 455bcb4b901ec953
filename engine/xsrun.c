/*
 * xsrun MODULE [ARGUMENT…]: runs a module of the test bundle as main program. Its globals: engine/xsrun.d.ts.
 *
 * Exit code: what the module gave to xsrun.exit(), 0 at its end, or that of the crash (crash.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "native.h"
#include "runtime.h"

extern const Image testImage;

typedef struct {
	int count;
	char **arguments;
} Arguments;

static void xs_print(xsMachine *the) { puts(xsToString(xsArg(0))); }

static void xs_readFile(xsMachine *the)
{
	const char *path = xsToString(xsArg(0));
	struct stat status;
	FILE *file = fopen(path, "rb");
	if (!file || fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > INT32_MAX) {
		if (file)
			fclose(file);
		xsUnknownError("cannot read %s", path);
	}
	int32_t size = (int32_t)status.st_size;
	xsResult = xsArrayBuffer(NULL, size);
	size_t got = size ? fread(xsToArrayBuffer(xsResult), 1, (size_t)size, file) : 0;
	fclose(file);
	if (got != (size_t)size)
		xsUnknownError("cannot read all of %s", xsToString(xsArg(0)));
}

/* The bytes of a flash in memory that a read or a write of `length` bytes at the address in the argument is about. */
static uint8_t *chip(xsMachine *the, int argument, int32_t length)
{
	int32_t size;
	uint32_t address = flashArgument(the, &xsArg(argument));
	uint8_t *memory = runtimeBytes(the, &xsArg(0), &size);
	flashInside(the, (uint32_t)size, address, (uint32_t)length, 1);
	return memory + address;
}

/* chipRead(memory, into, address) */
static void xs_chipRead(xsMachine *the)
{
	int32_t length;
	uint8_t *into = runtimeBytes(the, &xsArg(1), &length);
	memcpy(into, chip(the, 2, length), (size_t)length);
}

/* chipWrite(memory, bytes, address): programs erased bytes. */
static void xs_chipWrite(xsMachine *the)
{
	int32_t length;
	const uint8_t *bytes = runtimeBytes(the, &xsArg(1), &length);
	uint8_t *target = chip(the, 2, length);
	for (int32_t i = 0; i < length; i++)
		if (target[i] != 0xff)
			xsUnknownError("the bytes are not erased");
	memcpy(target, bytes, (size_t)length);
}

static void xs_collect(xsMachine *the) { xsCollectGarbage(); }

static void xs_exit(xsMachine *the) { runtimeUnwind(runtimeOf(the), xsToInteger(xsArgc) ? xsToInteger(xsArg(0)) : 0); }

static const RuntimeFunction functions[] = {
	{ "print", xs_print, 1 },
	{ "readFile", xs_readFile, 1 },
	{ "collect", xs_collect, 0 },
	{ "chipRead", xs_chipRead, 3 },
	{ "chipWrite", xs_chipWrite, 3 },
	{ "exit", xs_exit, 1 },
	{ "after", runtime_after, 2 },
	{ "cancel", runtime_cancel, 1 },
	{ "memory", runtime_memory, 0 },
	{ NULL, NULL, 0 },
};

static void defineStrings(xsMachine *the, xsSlot *object, const char *name, int count, const char *(*at)(int, void *),
	void *data)
{
	xsBeginHost(the);
	xsResult = xsNewArray(0);
	for (int i = 0; i < count; i++)
		xsCall1(xsResult, xsID("push"), xsString((char *)at(i, data)));
	runtimeFreeze(the, &xsResult);
	xsDefine(*object, xsID(name), xsResult, xsDontDelete | xsDontSet);
	xsEndHost(the);
}

static const char *argumentAt(int index, void *data) { return ((Arguments *)data)->arguments[index]; }

static const char *moduleAt(int index, void *data) { return testImage.modules[index].name; }

static void install(xsMachine *the)
{
	Arguments *arguments = runtimeContext(the);
	xsResult = xsNewObject();
	runtimeDefineFunctions(the, &xsResult, functions);
	runtimeDefineFunctions(the, &xsResult, codecFunctions);
	runtimeDefineFunctions(the, &xsResult, digestFunctions);
	runtimeDefineFunctions(the, &xsResult, longDigestFunctions);
	defineStrings(the, &xsResult, "args", arguments->count, argumentAt, arguments);
	defineStrings(the, &xsResult, "modules", testImage.moduleCount, moduleAt, NULL);
	runtimeFreeze(the, &xsResult);
	xsDefine(xsGlobal, xsID("xsrun"), xsResult, xsDontDelete | xsDontEnum | xsDontSet);
}

static void crash(void *context, RuntimeCrashCode code, const char *line)
{
	fflush(stdout);
	fprintf(stderr, "%s\n", line);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: xsrun MODULE [ARGUMENT…], where MODULE is for example %s\n", testImage.main);
		return 2;
	}
	Arguments arguments = { argc - 2, argv + 2 };
	Runtime *runtime = runtimeCreate(&(RuntimeOptions){
		.image = &testImage,
		.main = argv[1],
		.install = install,
		.crash = crash,
		.context = &arguments,
	});
	int code = runtimeRun(runtime);
	runtimeDelete(runtime);
	return code;
}
