#include "xslink.h"

/* XS's tables of functions, without those that nothing in the program needs. */

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
