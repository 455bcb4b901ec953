#include "xslink.h"

#define print linkWrite

/* Rows of the table: slots, and before the items of an array the header that XS expects before a chunk. */

typedef enum { ROW_SLOT, ROW_HEADER, ROW_ITEM } RowKind;
typedef struct {
	txSlot *slot;
	RowKind kind;
	txIndex count; /* of a header: how many items follow */
} Row;

static Row *rows;
static size_t rowCount, scanned;

/* Where a slot is in the table: open addressing, and a row number of 0 for an empty place. */
#define BUCKETS (1 << 18)
static struct {
	const txSlot *slot;
	size_t row;
} places[BUCKETS];

static size_t placeOf(const txSlot *slot)
{
	size_t at = ((uintptr_t)slot / sizeof(txSlot) * 2654435761u) % BUCKETS;
	while (places[at].slot && places[at].slot != slot)
		at = (at + 1) % BUCKETS;
	return at;
}

static void addRow(txSlot *slot, RowKind kind, txIndex count)
{
	if (rowCount == BUCKETS / 2)
		linkFail("too many slots");
	rows = linkGrow(rows, rowCount, sizeof(*rows));
	if (kind != ROW_HEADER) {
		size_t at = placeOf(slot);
		places[at].slot = slot;
		places[at].row = rowCount;
	}
	rows[rowCount++] = (Row){ slot, kind, count };
}

/* Gives rows to a slot and to those that follow it. */
static void add(txSlot *slot)
{
	for (; slot && !places[placeOf(slot)].slot; slot = slot->next)
		addRow(slot, ROW_SLOT, 0);
}

void linkWriteAddress(const txSlot *slot)
{
	if (!slot) {
		print("0");
		return;
	}
	size_t at = placeOf(slot);
	if (!places[at].slot)
		linkFail("a slot has no place in the table");
	print("SLOT(%zu)", places[at].row);
}

/* Slots */

/* Gives rows to what a slot refers to. */
static void scan(txMachine *the, txSlot *slot)
{
	switch (slot->kind) {
	case XS_REFERENCE_KIND:
	case XS_CLOSURE_KIND:
		add(slot->value.reference);
		break;
	case XS_INSTANCE_KIND:
		add(slot->value.instance.prototype);
		break;
	case XS_CODE_KIND:
	case XS_CODE_X_KIND:
		linkUseCode(slot->value.code.address);
		add(slot->value.code.closures);
		break;
	case XS_ACCESSOR_KIND:
		add(slot->value.accessor.getter);
		add(slot->value.accessor.setter);
		break;
	case XS_EXPORT_KIND:
		add(slot->value.export.closure);
		add(slot->value.export.module);
		break;
	case XS_HOME_KIND:
		add(slot->value.home.object);
		add(slot->value.home.module);
		break;
	case XS_PRIVATE_KIND:
		add(slot->value.private.check);
		add(slot->value.private.first);
		break;
	case XS_LIST_KIND:
		add(slot->value.list.first);
		add(slot->value.list.last);
		break;
	case XS_ENTRY_KIND:
		add(slot->value.entry.slot);
		break;
	case XS_MAP_KIND:
	case XS_SET_KIND:
		for (txSize i = 0; i < slot->value.table.length; i++)
			add(slot->value.table.address[i]);
		break;
	case XS_ARRAY_KIND: {
		txIndex count = slot->value.array.address ? fxGetIndexSize(the, slot) : 0;
		if (count == 0)
			break;
		addRow(slot, ROW_HEADER, count);
		for (txIndex i = 0; i < count; i++)
			addRow(slot->value.array.address + i, ROW_ITEM, 0);
		break;
	}
	}
}

/* `flags` has the mark of the garbage collector for all that lies in flash: what is marked it neither visits nor frees. */
static void printSlot(txMachine *the, const Row *row, size_t number, txFlag flags)
{
	const txSlot *slot = row->slot;
	print("\t{ .next = ");
	if (row->kind == ROW_ITEM)
		print("(txSlot *)%u", *(const txIndex *)slot); /* XS keeps an item's index there */
	else
		linkWriteAddress(slot->next);
	print(", .ID = %d, .flag = %d, ", slot->ID, slot->flag | flags);
	linkWriteKind(slot);
	print(" = { ");
	linkWriteValue(the, slot, number);
	print(" } },\n");
}

static void printTable(const char *name, txSlot **table, size_t count)
{
	print("static const txSlot *const %s[] = {\n", name);
	for (size_t i = 0; i < count; i++) {
		print("\t");
		linkWriteAddress(table[i]);
		print(",\n");
	}
	print("};\n");
}

bool linkIsPreloaded(txMachine *the, const char *name)
{
	txID id = fxFindName(the, (txString)name);
	for (const txSlot *module = mxProgram.value.reference->next; module; module = module->next)
		if (id != XS_NO_ID && module->ID == id)
			return true;
	return false;
}

/* Modules that are imported when the device starts. */
static int printModules(txMachine *the, const Image *image)
{
	int count = 0;
	for (int i = 0; i < image->moduleCount; i++) {
		const ImageModule *module = &image->modules[i];
		if (linkIsPreloaded(the, module->name))
			continue;
		print("static const int8_t module%d[] = {", i);
		for (int32_t at = 0; at < module->size; at++)
			print(at % 32 ? "%d," : "\n%d,", module->code[at]);
		print("\n};\n");
		count++;
	}
	print("static const ImageModule modules[] = {\n");
	for (int i = 0; i < image->moduleCount; i++) {
		const ImageModule *module = &image->modules[i];
		if (linkIsPreloaded(the, module->name))
			continue;
		print("\t{ ");
		linkWriteString(module->name);
		print(", module%d, %d },\n", i, module->size);
	}
	print(count ? "};\n" : "\t{ 0 },\n};\n");
	return count;
}

void linkPrint(txMachine *the, const Image *image)
{
	/* XS takes the first row for the head of a block of slots. */
	addRow(NULL, ROW_HEADER, 0);
	scanned = rowCount;
	for (txID id = 0; id < the->keyIndex; id++)
		add(the->keyArray[id]);
	for (int i = 0; i < mxStackIndexCount; i++)
		scan(the, &the->stackTop[-1 - i]);
	for (; scanned < rowCount; scanned++)
		if (rows[scanned].kind != ROW_HEADER)
			scan(the, rows[scanned].slot);

	/* What is weak elsewhere is not in this file. */
	print(
		"#define OPTIONAL_H\n#include \"xsAll.h\"\n\n#include \"image.h\"\n\n#define SLOT(i) ((txSlot *)&slots[i])\n");
	print("static const txSlot slots[%zu];\n", rowCount);
	int moduleCount = printModules(the, image);
	linkWriteCode();
	for (size_t i = 0; i < rowCount; i++)
		if (rows[i].kind != ROW_HEADER)
			linkWriteData(the, i, rows[i].slot);
	linkWriteBuilders();
	print("static const txSlot slots[%zu] = {\n", rowCount);
	for (size_t i = 0; i < rowCount; i++) {
		if (rows[i].kind == ROW_HEADER)
			print("\t{ .flag = XS_MARK_FLAG, .value = { .integer = %u * sizeof(txSlot) } },\n",
				(unsigned)rows[i].count);
		else
			printSlot(the, &rows[i], i, XS_MARK_FLAG);
	}
	print("};\nstatic const txSlot stack[] = {\n");
	for (int i = mxStackIndexCount - 1; i >= 0; i--)
		printSlot(the, &(Row){ &the->stackTop[-1 - i] }, 0, XS_NO_FLAG);
	print("};\n");
	printTable("keys", the->keyArray, the->keyIndex);
	printTable("names", the->nameTable, (size_t)the->nameModulo);
	printTable("symbols", the->symbolTable, (size_t)the->symbolModulo);
	print(
		"static const txPreparation preparation = {\n"
		"\t.version = { XS_MAJOR_VERSION, XS_MINOR_VERSION, XS_PATCH_VERSION },\n"
		"\t.aliasCount = %d,\n\t.heapCount = %zu,\n\t.heap = (txSlot *)slots,\n"
		"\t.stackCount = %d,\n\t.stack = (txSlot *)stack,\n\t.keyCount = %d,\n\t.keys = (txSlot **)keys,\n"
		"\t.nameModulo = %d,\n\t.names = (txSlot **)names,\n\t.symbolModulo = %d,\n\t.symbols = (txSlot **)symbols,\n};\n",
		the->aliasCount, rowCount, mxStackIndexCount, the->keyIndex, the->nameModulo, the->symbolModulo);
	linkWriteDefaults(the);
	const ImageCreation *creation = &image->creation;
	print(
		"const Image %s = { \"%s\", \"%s\", { %d, %d, %d, %d, %d, %d, %d, %d, %d, %d },\n"
		"\tmodules, %d, .preparation = &preparation };\n",
		image->name, image->name, image->main, creation->initialChunk, creation->incrementalChunk,
		creation->initialHeap, creation->incrementalHeap, creation->stack, creation->initialKeys,
		creation->incrementalKeys, creation->nameModulo, creation->symbolModulo, creation->limit, moduleCount);
}
