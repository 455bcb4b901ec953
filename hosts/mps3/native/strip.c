/*
 * What the application does without, so that it costs neither flash nor RAM, as Moddable's linker strips what a
 * manifest does not keep. The linker puts these in the place of XS's own (STRIPPED in the makefile). The globals are
 * undefined; a function has no `length`, no `name` and (but for a class) no `prototype`; it keeps its name for crash
 * lines.
 */
#include "xsAll.h"

#define STRIP(name) \
	void __wrap_##name(txMachine *the); \
	void __wrap_##name(txMachine *the) {}

STRIP(fxBuildAtomics)
STRIP(fxBuildBigInt)
STRIP(fxBuildDate)
STRIP(fxBuildProxy)
STRIP(fxBuildRegExp)

/* Nor is `function` a constructor: what is made by `new` is a class here, and each prototype would take three slots. */
STRIP(fxDefaultFunctionPrototype)

txSlot *__wrap_fxNewFunctionLength(txMachine *the, txSlot *instance, txNumber length);
txSlot *__wrap_fxNewFunctionLength(txMachine *the, txSlot *instance, txNumber length) { return NULL; }

txSlot *__wrap_fxNewFunctionName(txMachine *the, txSlot *instance, txID id, txIndex index, txID former,
	txString prefix);
txSlot *__wrap_fxNewFunctionName(txMachine *the, txSlot *instance, txID id, txIndex index, txID former, txString prefix)
{
	return NULL;
}
