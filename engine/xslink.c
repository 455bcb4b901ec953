/*
 * xslink OUTPUT.c RUNTIME: linked with one image for a device, it preloads and freezes the image's modules on this computer, and
 * writes the machine as constant C tables (xslink-print.c). A device creates its machine over these tables. So what is
 * preloaded lies in flash, and nothing of it runs on the device. RUNTIME takes its description for applications.
 *
 * XS is compiled with mxLink here: then it asks this program to make its built-in functions, and names their C.
 * Exit code 2 with a sentence if something cannot lie in flash.
 */
#include "xslink.h"

#include "machine.h"

extern const Image linkImage;

void linkFail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("xslink: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(2);
}

void *linkGrow(void *items, size_t count, size_t size)
{
	/* Doubled each time that a power of two is full. */
	if ((count & (count - 1)) == 0)
		items = realloc(items, (count ? 2 * count : 1) * size);
	if (!items)
		linkFail("out of memory");
	return items;
}

static FILE *output;

void linkWrite(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(output, format, arguments);
	va_end(arguments);
}

/* Built-in functions */

static struct {
	txCallback callback;
	const char *name;
} *callbacks;
static size_t callbackCount;

txCallback fxNewLinkerCallback(txMachine *the, txCallback callback, txString name)
{
	for (size_t i = 0; i < callbackCount; i++)
		if (callbacks[i].callback == callback)
			return callback;
	callbacks = linkGrow(callbacks, callbackCount, sizeof(*callbacks));
	callbacks[callbackCount].callback = callback;
	callbacks[callbackCount++].name = name;
	return callback;
}

const char *linkCallbackName(txCallback callback)
{
	for (size_t i = 0; i < callbackCount; i++)
		if (callbacks[i].callback == callback)
			return callbacks[i].name;
	linkFail("a preloaded module holds a function in C that is not XS's");
}

txSlot *fxBuildHostConstructor(txMachine *the, txCallback callback, txInteger length, txInteger name)
{
	return fxNewHostConstructor(the, callback, length, name);
}

txSlot *fxBuildHostFunction(txMachine *the, txCallback callback, txInteger length, txInteger name)
{
	return fxNewHostFunction(the, callback, length, name, XS_NO_ID);
}

/* A method in C is no object: it takes the one slot of its property. */
txSlot *fxNextHostFunctionProperty(txMachine *the, txSlot *property, txCallback callback, txInteger length, txID id,
	txFlag flag)
{
	txHostFunctionBuilder *builder = malloc(sizeof(*builder));
	*builder = (txHostFunctionBuilder){ callback, length, id };
	property = property->next = fxNewSlot(the);
	property->flag = flag;
	property->ID = id;
	property->kind = XS_HOST_FUNCTION_KIND;
	property->value.hostFunction.builder = builder;
	property->value.hostFunction.profileID = XS_NO_ID;
	return property;
}

static txSlot *newAccessor(txMachine *the, txCallback callback, txInteger length)
{
	if (!callback)
		return NULL;
	txSlot *home = the->stack;
	txSlot *function = fxNewHostFunction(the, callback, length, XS_NO_ID, XS_NO_ID);
	mxFunctionInstanceHome(function)->value.home.object = home->value.reference;
	return function;
}

txSlot *fxNextHostAccessorProperty(txMachine *the, txSlot *property, txCallback get, txCallback set, txID id,
	txFlag flag)
{
	txSlot *stack = the->stack;
	txSlot *getter = newAccessor(the, get, 0);
	if (get)
		mxPushReference(stack->value.reference);
	txSlot *setter = newAccessor(the, set, 1);
	property = property->next = fxNewSlot(the);
	property->flag = flag;
	property->ID = id;
	property->kind = XS_ACCESSOR_KIND;
	property->value.accessor.getter = getter;
	property->value.accessor.setter = setter;
	the->stack = stack;
	return property;
}

/* On a device a function has neither `length` nor `name` (docs/MODDABLE.md); for crash lines it keeps its name's id. */
txSlot *fxNewFunctionLength(txMachine *the, txSlot *instance, txNumber length) { return NULL; }

txSlot *fxNewFunctionName(txMachine *the, txSlot *instance, txID id, txIndex index, txID former, txString prefix)
{
	return NULL;
}

/* The program */

static void crash(void *context, int code, const char *line) { linkFail("%s: %s", linkImage.name, line); }

int main(int argc, char **argv)
{
	if (argc != 3)
		linkFail("usage: xslink OUTPUT.c RUNTIME");
	/* The names' hash table goes to the device, so it has its size; the rest is as large as a computer has it. */
	Image image = linkImage;
	image.creation = (ImageCreation){
		.initialChunk = 4 << 20,
		.incrementalChunk = 1 << 20,
		.initialHeap = 1 << 18,
		.incrementalHeap = 1 << 16,
		.stack = 1 << 14,
		.initialKeys = 1 << 12,
		.incrementalKeys = 1 << 10,
		.nameModulo = linkImage.creation.nameModulo,
		.symbolModulo = linkImage.creation.symbolModulo,
	};
	MachineContext context = { .image = &image, .crash = crash };
	txMachine *the = (txMachine *)machineCreate(&context);
	if (!the)
		linkFail("not enough memory for a machine");
	linkPrepare(the, &linkImage);
	output = fopen(argv[1], "w");
	if (!output)
		linkFail("cannot open %s", argv[1]);
	linkPrint(the, &linkImage);
	if (fclose(output) != 0)
		linkFail("cannot write %s", argv[1]);
	linkDescribe(the, &linkImage, argv[2]);
	return 0;
}
