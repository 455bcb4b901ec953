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

/* What the interpreter calls */

static void writeIf(bool used, const char *function) { linkWrite("\t%s,\n", used ? function : "0"); }

static void writeDefaults(void)
{
	const bool *opcodes = linkUse.opcodes;
	bool all = !linkUse.stripped;
	linkWrite("const txDefaults gxDefaults = {\n");
	writeIf(all || opcodes[XS_CODE_START_ASYNC], "fxNewAsyncInstance");
	writeIf(all || opcodes[XS_CODE_START_ASYNC], "fxRunAsync");
	writeIf(all || opcodes[XS_CODE_START_GENERATOR], "fxNewGeneratorInstance");
	writeIf(all || opcodes[XS_CODE_GENERATOR_FUNCTION], "fxNewGeneratorFunctionInstance");
	writeIf(all || opcodes[XS_CODE_START_ASYNC_GENERATOR], "fxNewAsyncGeneratorInstance");
	writeIf(all || opcodes[XS_CODE_ASYNC_GENERATOR_FUNCTION], "fxNewAsyncGeneratorFunctionInstance");
	writeIf(all || opcodes[XS_CODE_FOR_AWAIT_OF], "fxRunForAwaitOf");
	writeIf(all || opcodes[XS_CODE_ARGUMENTS_SLOPPY], "fxNewArgumentsSloppyInstance");
	writeIf(all || opcodes[XS_CODE_ARGUMENTS_STRICT], "fxNewArgumentsStrictInstance");
	writeIf(all || opcodes[XS_CODE_EVAL] || opcodes[XS_CODE_EVAL_TAIL], "fxRunEval");
	writeIf(all || opcodes[XS_CODE_EVAL_ENVIRONMENT], "fxRunEvalEnvironment");
	writeIf(all || opcodes[XS_CODE_PROGRAM_ENVIRONMENT], "fxRunProgramEnvironment");
	/* Memory that threads share; functions' `length` and `name`, which no function of a device has. */
	linkWrite("\t0,\n\t0,\n\t0,\n\t0,\n");
	linkWrite("\tfxRunImport,\n\tfxDefinePrivateProperty,\n\tfxGetPrivateProperty,\n\tfxSetPrivateProperty,\n");
	writeIf(all || linkUse.properties[_FinalizationRegistry] || linkUse.properties[_WeakRef],
		"fxCleanupFinalizationRegistries");
	/* Errors have no stack: without line numbers it would be a list of names. */
	writeIf(all, "fxCaptureErrorStack");
	linkWrite("};\n");
}

static void writeBehaviors(void)
{
	bool all = !linkUse.stripped;
	linkWrite("const txBehavior *gxBehaviors[XS_BEHAVIOR_COUNT] = {\n\t&gxOrdinaryBehavior,\n");
	writeIf(all || linkUse.opcodes[XS_CODE_ARGUMENTS_SLOPPY], "&gxArgumentsSloppyBehavior");
	linkWrite("\t&gxOrdinaryBehavior,\n\t&gxArrayBehavior,\n\t&gxEnvironmentBehavior,\n");
	/* The global object is an ordinary one: xslink.c, mxLink. */
	linkWrite("\t0,\n\t&gxModuleBehavior,\n");
	writeIf(all || linkUse.properties[_Proxy], "&gxProxyBehavior");
	linkWrite("\t&gxStringBehavior,\n\t&gxTypedArrayBehavior,\n};\n");
}

/* In XS's order of typed arrays, which is the alphabet's (xsAll.h, mxTypeArrayCount). */
static const struct {
	int constructor, getter, setter;
	const char *name, *coerce, *set;
	int size, shift;
} TYPES[mxTypeArrayCount] = {
	{ _BigInt64Array, _getBigInt64, _setBigInt64, "BigInt64", "fxBigIntCoerce", "fxBigInt64Setter", 8, 3 },
	{ _BigUint64Array, _getBigUint64, _setBigUint64, "BigUint64", "fxBigIntCoerce", "fxBigUint64Setter", 8, 3 },
	{ _Float32Array, _getFloat32, _setFloat32, "Float32", "fxNumberCoerce", "fxFloat32Setter", 4, 2 },
	{ _Float64Array, _getFloat64, _setFloat64, "Float64", "fxNumberCoerce", "fxFloat64Setter", 8, 3 },
	{ _Int8Array, _getInt8, _setInt8, "Int8", "fxIntCoerce", "fxInt8Setter", 1, 0 },
	{ _Int16Array, _getInt16, _setInt16, "Int16", "fxIntCoerce", "fxInt16Setter", 2, 1 },
	{ _Int32Array, _getInt32, _setInt32, "Int32", "fxIntCoerce", "fxInt32Setter", 4, 2 },
	{ _Uint8Array, _getUint8, _setUint8, "Uint8", "fxUintCoerce", "fxUint8Setter", 1, 0 },
	{ _Uint16Array, _getUint16, _setUint16, "Uint16", "fxUintCoerce", "fxUint16Setter", 2, 1 },
	{ _Uint32Array, _getUint32, _setUint32, "Uint32", "fxUintCoerce", "fxUint32Setter", 4, 2 },
	{ _Uint8ClampedArray, _getUint8, _setUint8, "Uint8", "fxNumberCoerce", "fxUint8ClampedSetter", 1, 0 },
};

static void writeTypes(void)
{
	const bool *properties = linkUse.properties;
	linkWrite("const txTypeDispatch gxTypeDispatches[mxTypeArrayCount] = {\n");
	for (int i = 0; i < mxTypeArrayCount; i++) {
		int constructor = TYPES[i].constructor, getter = TYPES[i].getter, setter = TYPES[i].setter;
		if (linkUse.stripped && !properties[constructor] && !properties[getter] && !properties[setter])
			linkWrite("\t{ 0 },\n");
		else
			linkWrite("\t{ %d, %d, fx%sGetter, %s, %s, fx%sCompare, %d, %d, %d },\n", TYPES[i].size, TYPES[i].shift,
				TYPES[i].name, TYPES[i].set, TYPES[i].coerce, TYPES[i].name, getter, setter, constructor);
	}
	linkWrite("};\n");
}

static void writeBigInt(void)
{
	static const char *const functions[] = { "fxBigIntCompare", "fxBigIntDecode", "fxBigintToArrayBuffer",
		"fxBigIntToInstance", "fxBigIntToNumber", "fxBigintToString", "fxBigInt_add", "fxBigInt_and", "fxBigInt_dec",
		"fxBigInt_div", "fxBigInt_exp", "fxBigInt_inc", "fxBigInt_lsl", "fxBigInt_lsr", "fxBigInt_mul", "fxBigInt_neg",
		"fxBigInt_nop", "fxBigInt_not", "fxBigInt_or", "fxBigInt_rem", "fxBigInt_sub", "fxBigInt_xor" };
	linkWrite("const txTypeBigInt gxTypeBigInt = {\n");
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		writeIf(!linkUse.stripped || linkUse.properties[_BigInt], functions[i]);
	linkWrite("};\n");
}

/* What Atomics does to each type. */
static void writeAtomics(void)
{
	static const char *const operations[] = { "Add", "And", "CompareExchange", "Exchange", "Load", "Or", "Store", "Sub",
		"Xor" };
	static const char *const types[mxTypeArrayCount] = { "Int64", "Uint64", NULL, NULL, "Int8", "Int16", "Int32",
		"Uint8", "Uint16", "Uint32", NULL };
	linkWrite("const txTypeAtomics gxTypeAtomics[mxTypeArrayCount] = {\n");
	for (int i = 0; i < mxTypeArrayCount && (!linkUse.stripped || linkUse.properties[_Atomics]); i++) {
		linkWrite(types[i] ? "\t{ " : "\t{ 0 ");
		for (size_t j = 0; types[i] && j < sizeof(operations) / sizeof(*operations); j++)
			linkWrite("fx%s%s, ", types[i], operations[j]);
		if (types[i] && (strcmp(types[i], "Int64") == 0 || strcmp(types[i], "Int32") == 0))
			linkWrite("fx%sWait, ", types[i]);
		linkWrite("},\n");
	}
	linkWrite("};\n");
}

/* In place of XS's functions that are weak: optional.h. */
static void writeOptional(void)
{
	if (linkUse.stripped && !linkUse.opcodes[XS_CODE_EXPONENTIATION])
		linkWrite("txNumber fx_pow(txNumber x, txNumber y) { return C_NAN; }\n");
}

void linkWriteDefaults(txMachine *the)
{
	writeOptional();
	writeDefaults();
	writeBehaviors();
	writeTypes();
	writeBigInt();
	writeAtomics();
}
