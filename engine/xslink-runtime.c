#include "xslink.h"

#include "archive.h"
#include "syntax.h"

/* The same lines as xscompile-keys.c writes for an image that is not linked; a name that was stripped is not there. */

static void describeKeys(txMachine *the, FILE *file)
{
	for (int id = XS_SYMBOL_ID_COUNT; id < the->keyIndex; id++) {
		const txSlot *key = the->keyArray[id];
		if (!key || !(key->flag & XS_DONT_ENUM_FLAG))
			continue;
		fprintf(file, "key %d ", id);
		for (const unsigned char *c = (const unsigned char *)key->value.key.string; *c; c++)
			fprintf(file, "%02x", *c);
		fputc('\n', file);
	}
}

void linkDescribe(txMachine *the, const Image *image, const char *path)
{
	FILE *file = fopen(path, "w");
	if (!file)
		linkFail("cannot open %s", path);
	fprintf(file, "xs %d.%d.%d\ncode bare\nfirst %d\n", XS_MAJOR_VERSION, XS_MINOR_VERSION, XS_PATCH_VERSION,
		(int)the->keyIndex);
	describeKeys(the, file);
	/* Taken out by name, though something would need them. */
	linkUse.opcodes[XS_CODE_REGEXP] &= linkUse.properties[_RegExp];
	linkUse.opcodes[XS_CODE_BIGINT_1] &= linkUse.properties[_BigInt];
	linkUse.opcodes[XS_CODE_BIGINT_2] &= linkUse.properties[_BigInt];
	for (size_t i = 0; linkUse.stripped && i < sizeof(OPTIONAL_SYNTAX) / sizeof(*OPTIONAL_SYNTAX); i++)
		if (!linkUse.opcodes[OPTIONAL_SYNTAX[i].opcode])
			fprintf(file, "lacks %d\n", OPTIONAL_SYNTAX[i].opcode);
	for (const txSlot *property = mxGlobal.value.reference->next; property; property = property->next)
		if (!(property->flag & XS_INTERNAL_FLAG) && property->ID >= XS_SYMBOL_ID_COUNT)
			fprintf(file, "global %s\n", fxGetKeyName(the, property->ID));
	for (int i = 0; i < image->moduleCount; i++) {
		const char *name = image->modules[i].name;
		if (archiveMayImport(name))
			fprintf(file, "module %s\n", name);
	}
	if (fclose(file) != 0)
		linkFail("cannot write %s", path);
}
