#include "xsAll.h"

/* As XS's own, but the names stay in flash: their copies would take 8 KB of RAM. */
void fxBuildKeys(txMachine *the)
{
	for (int i = 0; i < XS_SYMBOL_ID_COUNT; i++) {
		txSlot *description = fxNewSlot(the);
		description->kind = XS_STRING_X_KIND;
		description->value.string = (txString)gxIDStrings[i];
		the->keyArray[the->keyIndex++] = description;
	}
	for (int i = XS_SYMBOL_ID_COUNT; i < XS_ID_COUNT; i++)
		fxNewNameX(the, (txString)gxIDStrings[i]);
}
