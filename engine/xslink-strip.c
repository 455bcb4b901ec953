#include "xslink.h"

/*
 * As the SDK does with "strip": "*" in a manifest: what of XS's built-ins no bytecode names is taken out, and the linker
 * then leaves out their C. A program that makes such a name while it runs (object[name]) finds it undefined.
 */

/* Names that XS's own C or the host's asks built-ins for: fxGetID() and the like in XS's sources; engine/runtime.c. */
static const char *const ASKED[] = { "add", "byteLength", "cause", "configurable", "constructor", "done", "enumerable",
	"errors", "freeze", "get", "join", "length", "message", "name", "next", "prototype", "push", "resolve", "return",
	"set", "stack", "then", "throw", "toISOString", "toJSON", "toString", "value", "valueOf", "writable" };

/* The same for regular expressions. */
static const char *const ASKED_BY_REGEXP[] = { "exec", "flags", "global", "groups", "ignoreCase", "index", "input",
	"lastIndex", "multiline", "source", "sticky", "unicode" };

/* Globals that XS's C needs under any circumstances, be it for an error. */
static const int NEEDED[] = { _Array, _ArrayBuffer, _Boolean, _Error, _Function, _Number, _Object, _Promise,
	_RangeError, _ReferenceError, _String, _Symbol, _SyntaxError, _TypeError };

/* What else goes with a global. */
static const struct {
	int global, index;
} PARTS[] = {
	{ _AggregateError, mxAggregateErrorPrototypeStackIndex },
	{ _BigInt, mxBigIntPrototypeStackIndex },
	{ _Compartment, mxCompartmentPrototypeStackIndex },
	{ _DataView, mxDataViewPrototypeStackIndex },
	{ _Date, mxDatePrototypeStackIndex },
	{ _EvalError, mxEvalErrorPrototypeStackIndex },
	{ _FinalizationRegistry, mxFinalizationRegistryPrototypeStackIndex },
	{ _Map, mxMapPrototypeStackIndex },
	{ _Map, mxMapIteratorPrototypeStackIndex },
	{ _ModuleSource, mxModuleSourcePrototypeStackIndex },
	{ _Proxy, mxProxyPrototypeStackIndex },
	{ _Proxy, mxProxyAccessorStackIndex },
	{ _RegExp, mxRegExpPrototypeStackIndex },
	{ _RegExp, mxRegExpStringIteratorPrototypeStackIndex },
	{ _RegExp, mxExecuteRegExpFunctionIndex },
	{ _RegExp, mxInitializeRegExpFunctionIndex },
	{ _Set, mxSetPrototypeStackIndex },
	{ _Set, mxSetIteratorPrototypeStackIndex },
	{ _SharedArrayBuffer, mxSharedArrayBufferPrototypeStackIndex },
	{ _URIError, mxURIErrorPrototypeStackIndex },
	{ _WeakMap, mxWeakMapPrototypeStackIndex },
	{ _WeakRef, mxWeakRefPrototypeStackIndex },
	{ _WeakSet, mxWeakSetPrototypeStackIndex },
};

LinkUse linkUse;

static bool isFunctionName(txU1 opcode)
{
	switch (opcode) {
	case XS_CODE_ASYNC_FUNCTION:
	case XS_CODE_ASYNC_GENERATOR_FUNCTION:
	case XS_CODE_CONSTRUCTOR_FUNCTION:
	case XS_CODE_FUNCTION:
	case XS_CODE_GENERATOR_FUNCTION:
	case XS_CODE_NAME:
		return true;
	default:
		return false;
	}
}

static void useInstruction(txU1 opcode, txByte *operand)
{
	txID id;
	linkUse.opcodes[opcode] = true;
	if (gxCodeSizes[opcode] != 0 || opcode == XS_CODE_FILE || opcode == XS_CODE_NEW_CLOSURE ||
		opcode == XS_CODE_NEW_LOCAL)
		return;
	mxDecodeID(operand, id);
	linkUse.names[id] = true;
	if (!isFunctionName(opcode))
		linkUse.properties[id] = true;
}

static bool uses(txU1 first, txU1 last)
{
	for (int opcode = first; opcode <= last; opcode++)
		if (linkUse.opcodes[opcode])
			return true;
	return false;
}

/* Syntax that needs a global without its name. */
static void useSyntax(void)
{
	bool *properties = linkUse.properties;
	properties[_RegExp] |= uses(XS_CODE_REGEXP, XS_CODE_REGEXP);
	properties[_BigInt] |= uses(XS_CODE_BIGINT_1, XS_CODE_BIGINT_1) || uses(XS_CODE_BIGINT_2, XS_CODE_BIGINT_2) ||
		properties[_BigInt64Array] || properties[_BigUint64Array] || properties[_getBigInt64] ||
		properties[_getBigUint64] || properties[_setBigInt64] || properties[_setBigUint64];
}

/* Objects that are preloaded need what belongs to their kind, though nothing names it any more. */
static void useObject(const txSlot *internal)
{
	bool *properties = linkUse.properties;
	switch (internal->kind) {
	case XS_MAP_KIND:
		properties[_Map] = true;
		break;
	case XS_SET_KIND:
		properties[_Set] = true;
		break;
	case XS_REGEXP_KIND:
		properties[_RegExp] = true;
		break;
	case XS_DATE_KIND:
		properties[_Date] = true;
		break;
	case XS_DATA_VIEW_KIND:
		properties[_DataView] = true;
		break;
	case XS_PROXY_KIND:
		properties[_Proxy] = true;
		break;
	case XS_TYPED_ARRAY_KIND:
		properties[internal->value.typedArray.dispatch->constructorID] = true;
		break;
	}
}

static bool isInC(const txSlot *property)
{
	switch (property->kind) {
	case XS_HOST_FUNCTION_KIND:
		return true;
	case XS_REFERENCE_KIND: {
		const txSlot *code = property->value.reference->next;
		return code && code->flag & XS_INTERNAL_FLAG &&
			(code->kind == XS_CALLBACK_KIND || code->kind == XS_CALLBACK_X_KIND);
	}
	case XS_ACCESSOR_KIND: {
		const txSlot *function =
			property->value.accessor.getter ? property->value.accessor.getter : property->value.accessor.setter;
		return function && (function->next->kind == XS_CALLBACK_KIND || function->next->kind == XS_CALLBACK_X_KIND);
	}
	default:
		return false;
	}
}

/* `own` for XS's objects: what they hold besides functions goes too. */
static void stripInstance(txSlot *instance, bool own)
{
	for (txSlot **at = &instance->next; *at;) {
		const txSlot *property = *at;
		if (!(property->flag & XS_INTERNAL_FLAG) && property->ID >= XS_SYMBOL_ID_COUNT && (own || isInC(property)) &&
			!linkUse.properties[property->ID])
			*at = property->next;
		else
			at = &(*at)->next;
	}
}

static bool isNeeded(int global)
{
	for (size_t i = 0; i < sizeof(NEEDED) / sizeof(*NEEDED); i++)
		if (NEEDED[i] == global)
			return true;
	return linkUse.properties[global];
}

static void stripIntrinsic(txMachine *the, int index) { the->stackPrototypes[-1 - index].kind = XS_UNDEFINED_KIND; }

static void stripGlobals(txMachine *the)
{
	for (txSlot **at = &mxGlobal.value.reference->next; *at;)
		if (!((*at)->flag & XS_INTERNAL_FLAG) && (*at)->ID >= XS_SYMBOL_ID_COUNT && !linkUse.properties[(*at)->ID])
			*at = (*at)->next;
		else
			at = &(*at)->next;
	for (int id = XS_SYMBOL_ID_COUNT; id < XS_INTRINSICS_COUNT; id++)
		if (!isNeeded(id))
			stripIntrinsic(the, id);
	for (size_t i = 0; i < sizeof(PARTS) / sizeof(*PARTS); i++)
		if (!isNeeded(PARTS[i].global))
			stripIntrinsic(the, PARTS[i].index);
	if (!linkUse.opcodes[XS_CODE_START_ASYNC_GENERATOR]) {
		stripIntrinsic(the, mxAsyncGeneratorPrototypeStackIndex);
		stripIntrinsic(the, mxAsyncGeneratorFunctionPrototypeStackIndex);
		if (!linkUse.opcodes[XS_CODE_FOR_AWAIT_OF]) {
			stripIntrinsic(the, mxAsyncIteratorPrototypeStackIndex);
			stripIntrinsic(the, mxAsyncFromSyncIteratorPrototypeStackIndex);
		}
	}
	if (!linkUse.opcodes[XS_CODE_START_GENERATOR]) {
		stripIntrinsic(the, mxGeneratorPrototypeStackIndex);
		stripIntrinsic(the, mxGeneratorFunctionPrototypeStackIndex);
	}
	if (!linkUse.opcodes[XS_CODE_START_ASYNC])
		stripIntrinsic(the, mxAsyncFunctionPrototypeStackIndex);
	if (!linkUse.opcodes[XS_CODE_ARGUMENTS_SLOPPY])
		stripIntrinsic(the, mxArgumentsSloppyPrototypeStackIndex);
	if (!linkUse.opcodes[XS_CODE_ARGUMENTS_STRICT])
		stripIntrinsic(the, mxArgumentsStrictPrototypeStackIndex);
}

/* A function that is no class: its prototype is there for `new`, which nobody calls. */
static void stripPrototype(txSlot *function)
{
	const txSlot *code = function->next;
	if (!code || !(code->flag & XS_INTERNAL_FLAG) || (code->kind != XS_CODE_KIND && code->kind != XS_CODE_X_KIND) ||
		code->flag & (XS_BASE_FLAG | XS_DERIVED_FLAG) || !(function->flag & XS_CAN_CONSTRUCT_FLAG))
		return;
	for (txSlot **at = &function->next; *at; at = &(*at)->next)
		if ((*at)->ID == mxID(_prototype)) {
			*at = (*at)->next;
			return;
		}
}

static void useHeap(txMachine *the)
{
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next)
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++)
			if (slot->kind == XS_CODE_KIND || slot->kind == XS_CODE_X_KIND) {
				linkWalkCode(slot->value.code.address, useInstruction);
				linkUse.names[slot->ID] = true;
			} else if (slot->kind == XS_INSTANCE_KIND && slot->next && slot->next->flag & XS_INTERNAL_FLAG) {
				useObject(slot->next);
			} else if (slot->kind == XS_BIGINT_KIND || slot->kind == XS_BIGINT_X_KIND) {
				linkUse.properties[_BigInt] = true;
			}
}

/* Keeps a name, and the built-ins that have it. */
static void keep(txMachine *the, const char *name)
{
	txID id = fxFindName(the, (txString)name);
	if (id == XS_NO_ID)
		linkFail("there is no %s to keep", name);
	linkUse.properties[id] = linkUse.names[id] = true;
}

void linkUseAll(txMachine *the, const Image *image)
{
	for (int i = 0; i < image->moduleCount; i++)
		if (!linkIsPreloaded(the, image->modules[i].name))
			linkWalkCode((txByte *)image->modules[i].code, useInstruction);
	useHeap(the);
	for (size_t i = 0; i < sizeof(ASKED) / sizeof(*ASKED); i++)
		keep(the, ASKED[i]);
	linkUse.properties[_Object] = true;
	for (int id = 0; id < XS_SYMBOL_ID_COUNT; id++)
		linkUse.names[id] = true;
	useSyntax();
	for (size_t i = 0; linkUse.properties[_RegExp] && i < sizeof(ASKED_BY_REGEXP) / sizeof(*ASKED_BY_REGEXP); i++)
		keep(the, ASKED_BY_REGEXP[i]);
}

/* Names are for what JavaScript can look up: neither for variables nor for private fields. */
static void stripNames(txMachine *the)
{
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next)
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++) {
			if (slot->kind != XS_INSTANCE_KIND || slot->flag & XS_EXOTIC_FLAG)
				continue;
			for (const txSlot *property = slot->next; property; property = property->next)
				if (!(property->flag & XS_INTERNAL_FLAG))
					linkUse.names[property->ID] = true;
		}
	for (const txSlot *module = mxProgram.value.reference->next; module; module = module->next)
		linkUse.names[module->ID] = true;
	for (int i = 0; i < the->nameModulo; i++)
		for (txSlot **at = &the->nameTable[i]; *at;)
			if (linkUse.names[(*at)->ID])
				at = &(*at)->next;
			else
				*at = (*at)->next;
	for (int id = XS_SYMBOL_ID_COUNT; id < the->keyIndex; id++)
		if (!linkUse.names[id])
			the->keyArray[id] = NULL;
}

static txSlot **findProperty(txSlot *instance, txID id)
{
	txSlot **at = &instance->next;
	while (*at && ((*at)->flag & XS_INTERNAL_FLAG || (*at)->ID != id))
		at = &(*at)->next;
	return at;
}

/*
 * Takes out one member of a built-in by its path, as the SDK writes it ("Math.log", "Array.prototype.at"): code uses its name,
 * but for something else. TypedArray is what all typed arrays inherit from; no global has that name.
 */
static void stripMember(txMachine *the, const char *path)
{
	txSlot *instance = mxGlobal.value.reference;
	char parts[128];
	snprintf(parts, sizeof(parts), "%s", path);
	char *part = strtok(parts, ".");
	if (strcmp(part, "TypedArray") == 0) {
		instance = (*findProperty(mxTypedArrayPrototype.value.reference, mxID(_constructor)))->value.reference;
		part = strtok(NULL, ".");
	}
	for (char *next; part; part = next) {
		next = strtok(NULL, ".");
		txSlot **property = findProperty(instance, fxFindName(the, part));
		if (!*property || (next && (*property)->kind != XS_REFERENCE_KIND))
			linkFail("there is no %s to strip", path);
		if (next)
			instance = (*property)->value.reference;
		else
			*property = (*property)->next;
	}
}

/* Whether the list has the path with an exclamation mark, too. */
static bool isKept(const Image *image, const char *path)
{
	for (int i = 0; i < image->stripCount; i++)
		if (image->strip[i][0] == '!' && strcmp(image->strip[i] + 1, path) == 0)
			return true;
	return false;
}

void linkStrip(txMachine *the, const Image *image)
{
	bool all = false;
	for (int i = 0; i < image->stripCount; i++)
		if (strcmp(image->strip[i], "*") == 0)
			all = true;
		else if (image->strip[i][0] == '!')
			keep(the, strrchr(image->strip[i], '.') ? strrchr(image->strip[i], '.') + 1 : image->strip[i] + 1);
		else if (isKept(image, image->strip[i]))
			continue;
		else if (strchr(image->strip[i], '.'))
			stripMember(the, image->strip[i]);
		else
			linkUse.properties[fxFindName(the, (txString)image->strip[i])] = false;
	if (!all)
		return;
	if (linkUse.properties[_Compartment] || linkUse.properties[_ModuleSource])
		linkFail("a device has neither Compartment nor ModuleSource (module.c)");
	linkUse.opcodes[XS_CODE_EXPONENTIATION] |= linkUse.properties[_pow];
	linkUse.stripped = true;
	stripGlobals(the);
	for (int i = XS_SYMBOL_ID_COUNT; i < mxStackIndexCount; i++) {
		const txSlot *intrinsic = &the->stackPrototypes[-1 - i];
		if (intrinsic->kind == XS_REFERENCE_KIND)
			stripInstance(intrinsic->value.reference, true);
	}
	for (txSlot *heap = the->firstHeap; heap; heap = heap->next)
		for (txSlot *slot = heap + 1; slot < heap->value.reference; slot++)
			if (slot->kind == XS_INSTANCE_KIND) {
				stripInstance(slot, false);
				stripPrototype(slot);
			}
	stripNames(the);
}
