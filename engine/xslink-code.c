#include "xslink.h"
/* After XS: */
#include "bytecode.h"

/* Bytecode: the functions that slots hold, each without the module around it. */

typedef struct {
	const txByte *start, *end;
} Code;

static struct {
	Code *items;
	size_t count;
} known, used;

static void addCode(const txByte *start, const txByte *end)
{
	known.items = linkGrow(known.items, known.count, sizeof(Code));
	known.items[known.count++] = (Code){ start, end };
}

/* Finds the bodies of all functions of a module. */
void linkScanCode(const ImageModule *module)
{
	txByte *at = (txByte *)module->code, *end = at + module->size;
	addCode(at, end);
	for (txByte *next; at < end; at = next) {
		txByte *p = at + 1;
		txU2 length2;
		txS4 length4;
		next = codeAfter(at);
		switch (*(txU1 *)at) {
		case XS_CODE_CODE_ARCHIVE_1:
			addCode(next, next + *(txU1 *)p);
			break;
		case XS_CODE_CODE_ARCHIVE_2:
			mxDecode2(p, length2);
			addCode(next, next + length2);
			break;
		case XS_CODE_CODE_ARCHIVE_4:
			mxDecode4(p, length4);
			addCode(next, next + length4);
			break;
		}
	}
}

static const Code *findCode(const txByte *start)
{
	for (size_t i = 0; i < known.count; i++)
		if (known.items[i].start == start)
			return &known.items[i];
	linkFail("a function's code is in no module");
}

void linkWalkCode(const txByte *start, void (*visit)(txU1 opcode, txByte *operand))
{
	if (start == (const txByte *)gxNoCode)
		return;
	const Code *code = findCode(start);
	for (txByte *at = (txByte *)code->start; at < code->end; at = codeAfter(at))
		visit(*(txU1 *)at, at + 1);
}

void linkUseCode(const txByte *start)
{
	if (start == (const txByte *)gxNoCode)
		return;
	used.items = linkGrow(used.items, used.count, sizeof(Code));
	used.items[used.count++] = *findCode(start);
}

static int compareCode(const void *a, const void *b)
{
	const Code *one = a, *other = b;
	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	return one->end > other->end ? -1 : one->end < other->end;
}

/* A function within another has its code there. */
void linkWriteCode(void)
{
	if (used.count > 0)
		qsort(used.items, used.count, sizeof(Code), compareCode);
	size_t kept = 0;
	for (size_t i = 0; i < used.count; i++)
		if (kept == 0 || used.items[i].start >= used.items[kept - 1].end)
			used.items[kept++] = used.items[i];
	used.count = kept;
	for (size_t i = 0; i < used.count; i++) {
		linkWrite("static const int8_t code%zu[] = {", i);
		for (const txByte *at = used.items[i].start; at < used.items[i].end; at++)
			linkWrite((at - used.items[i].start) % 32 ? "%d," : "\n%d,", *at);
		linkWrite("\n};\n");
	}
}

void linkWriteCodeAddress(const txByte *start)
{
	if (start == (const txByte *)gxNoCode) {
		linkWrite("(txByte *)gxNoCode");
		return;
	}
	for (size_t i = 0; i < used.count; i++)
		if (used.items[i].start <= start && start < used.items[i].end)
			linkWrite("(txByte *)code%zu + %td", i, start - used.items[i].start);
}
