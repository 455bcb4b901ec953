#include "xslink.h"

extern const txTypeDispatch gxTypeDispatches[];
extern const txTypeAtomics gxTypeAtomics[];

#define print linkWrite

void linkWriteString(const char *string)
{
	print("\"");
	for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
		if (*c >= ' ' && *c < 127 && *c != '"' && *c != '\\' && *c != '?')
			print("%c", *c);
		else
			print("\\%03o", *c);
	}
	print("\"");
}

/* Data that slots point to: printed before the table, one C variable each. */

static struct {
	const txHostFunctionBuilder **items;
	size_t count;
} builders;

static size_t builderIndex(const txHostFunctionBuilder *builder)
{
	for (size_t i = 0; i < builders.count; i++)
		if (builders.items[i] == builder)
			return i;
	builders.items = linkGrow(builders.items, builders.count, sizeof(*builders.items));
	builders.items[builders.count] = builder;
	return builders.count++;
}

static void printBytes(size_t row, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	print("static const uint8_t data%zu[] __attribute__((aligned(8))) = {", row);
	for (size_t i = 0; i < length; i++)
		print(i % 32 ? "%d," : "\n%d,", bytes[i]);
	print("\n};\n");
}

static txSize chunkSize(const void *data)
{
	return ((const txChunk *)((const txByte *)data - sizeof(txChunk)))->size - (txSize)sizeof(txChunk);
}

void linkWriteData(txMachine *the, size_t row, const txSlot *slot)
{
	switch (slot->kind) {
	case XS_ARRAY_BUFFER_KIND:
		printBytes(row, slot->value.arrayBuffer.address, (size_t)slot->next->value.bufferInfo.length);
		break;
	case XS_BIGINT_KIND:
	case XS_BIGINT_X_KIND:
		printBytes(row, slot->value.bigint.data, slot->value.bigint.size * sizeof(txU4));
		break;
	case XS_REGEXP_KIND:
		printBytes(row, slot->value.regexp.code, (size_t)chunkSize(slot->value.regexp.code));
		break;
	case XS_MAP_KIND:
	case XS_SET_KIND:
		print("static const txSlot *const data%zu[] = {\n", row);
		for (txSize i = 0; i < slot->value.table.length; i++) {
			print("\t");
			linkWriteAddress(slot->value.table.address[i]);
			print(",\n");
		}
		print("};\n");
		break;
	case XS_HOST_FUNCTION_KIND:
		builderIndex(slot->value.hostFunction.builder);
		break;
	}
}

/* Slots */

static void printNumber(double number)
{
	if (number != number)
		print("C_NAN");
	else if (number == C_INFINITY || number == -C_INFINITY)
		print(number < 0 ? "-C_INFINITY" : "C_INFINITY");
	else
		print("%a", number);
}

static void printTwo(const char *name, const txSlot *first, const txSlot *second)
{
	print(".%s = { ", name);
	linkWriteAddress(first);
	print(", ");
	linkWriteAddress(second);
	print(" }");
}

#define KIND(name) \
	case name: \
		print(#name ", .value"); \
		break

/* The kind, as it is in a table, where strings and code are never copied. */
void linkWriteKind(const txSlot *slot)
{
	print(".kind = ");
	switch (slot->kind) {
		KIND(XS_UNINITIALIZED_KIND);
		KIND(XS_UNDEFINED_KIND);
		KIND(XS_NULL_KIND);
		KIND(XS_BOOLEAN_KIND);
		KIND(XS_INTEGER_KIND);
		KIND(XS_NUMBER_KIND);
		KIND(XS_SYMBOL_KIND);
		KIND(XS_REFERENCE_KIND);
		KIND(XS_CLOSURE_KIND);
		KIND(XS_INSTANCE_KIND);
		KIND(XS_ARRAY_KIND);
		KIND(XS_ARRAY_BUFFER_KIND);
		KIND(XS_BUFFER_INFO_KIND);
		KIND(XS_DATA_VIEW_KIND);
		KIND(XS_DATE_KIND);
		KIND(XS_TYPED_ARRAY_KIND);
		KIND(XS_REGEXP_KIND);
		KIND(XS_MAP_KIND);
		KIND(XS_SET_KIND);
		KIND(XS_ENTRY_KIND);
		KIND(XS_LIST_KIND);
		KIND(XS_ERROR_KIND);
		KIND(XS_ACCESSOR_KIND);
		KIND(XS_EXPORT_KIND);
		KIND(XS_HOME_KIND);
		KIND(XS_MODULE_KIND);
		KIND(XS_PROGRAM_KIND);
		KIND(XS_PRIVATE_KIND);
		KIND(XS_HOST_FUNCTION_KIND);
	case XS_STRING_KIND:
	case XS_STRING_X_KIND:
		print("XS_STRING_X_KIND, .value");
		break;
	case XS_KEY_KIND:
	case XS_KEY_X_KIND:
		print("XS_KEY_X_KIND, .value");
		break;
	case XS_BIGINT_KIND:
	case XS_BIGINT_X_KIND:
		print("XS_BIGINT_X_KIND, .value");
		break;
	case XS_CALLBACK_KIND:
	case XS_CALLBACK_X_KIND:
		print("XS_CALLBACK_X_KIND, .value");
		break;
	case XS_CODE_KIND:
	case XS_CODE_X_KIND:
		print("XS_CODE_X_KIND, .value");
		break;
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_SET_KIND:
		linkFail("a preloaded module makes a WeakMap or a WeakSet, which cannot lie in flash");
	case XS_PROMISE_KIND:
		linkFail("a preloaded module makes a promise, which cannot lie in flash");
	default:
		linkFail("a preloaded module makes an object that cannot lie in flash (XS's slot kind %d)", slot->kind);
	}
}

void linkWriteValue(txMachine *the, const txSlot *slot, size_t row)
{
	switch (slot->kind) {
	case XS_BOOLEAN_KIND:
		print(".boolean = %d", slot->value.boolean);
		break;
	case XS_INTEGER_KIND:
		print(".integer = %d", slot->value.integer);
		break;
	case XS_NUMBER_KIND:
	case XS_DATE_KIND:
		print(".number = ");
		printNumber(slot->value.number);
		break;
	case XS_STRING_KIND:
	case XS_STRING_X_KIND:
		print(".string = (txString)");
		linkWriteString(slot->value.string);
		break;
	case XS_SYMBOL_KIND:
		print(".symbol = %d", slot->value.symbol);
		break;
	case XS_BIGINT_KIND:
	case XS_BIGINT_X_KIND:
		print(".bigint = { .data = (txU4 *)data%zu, .size = %d, .sign = %d }", row, slot->value.bigint.size,
			slot->value.bigint.sign);
		break;
	case XS_REFERENCE_KIND:
	case XS_CLOSURE_KIND:
		print(".reference = ");
		linkWriteAddress(slot->value.reference);
		break;
	case XS_INSTANCE_KIND:
		printTwo("instance", NULL, slot->value.instance.prototype);
		break;
	case XS_ARRAY_KIND: {
		bool empty = !slot->value.array.address || fxGetIndexSize(the, (txSlot *)slot) == 0;
		print(".array = { ");
		linkWriteAddress(empty ? NULL : slot->value.array.address);
		print(", %u }", (unsigned)slot->value.array.length);
		break;
	}
	case XS_ARRAY_BUFFER_KIND:
		print(".arrayBuffer = { (txByte *)data%zu, 0 }", row);
		break;
	case XS_BUFFER_INFO_KIND:
		print(".bufferInfo = { %d, %d }", slot->value.bufferInfo.length, slot->value.bufferInfo.maxLength);
		break;
	case XS_DATA_VIEW_KIND:
		print(".dataView = { %d, %d }", slot->value.dataView.offset, slot->value.dataView.size);
		break;
	case XS_TYPED_ARRAY_KIND:
		print(".typedArray = { (txTypeDispatch *)&gxTypeDispatches[%td], (txTypeAtomics *)&gxTypeAtomics[%td] }",
			slot->value.typedArray.dispatch - gxTypeDispatches, slot->value.typedArray.atomics - gxTypeAtomics);
		break;
	case XS_REGEXP_KIND:
		print(".regexp = { (txInteger *)data%zu, 0 }", row);
		break;
	case XS_MAP_KIND:
	case XS_SET_KIND:
		print(".table = { (txSlot **)data%zu, %d }", row, slot->value.table.length);
		break;
	case XS_ENTRY_KIND:
		print(".entry = { ");
		linkWriteAddress(slot->value.entry.slot);
		print(", %u }", slot->value.entry.sum);
		break;
	case XS_LIST_KIND:
		printTwo("list", slot->value.list.first, slot->value.list.last);
		break;
	case XS_ERROR_KIND:
		print(".error = { 0, %d }", slot->value.error.which);
		break;
	case XS_ACCESSOR_KIND:
		printTwo("accessor", slot->value.accessor.getter, slot->value.accessor.setter);
		break;
	case XS_EXPORT_KIND:
		printTwo("export", slot->value.export.closure, slot->value.export.module);
		break;
	case XS_HOME_KIND:
		printTwo("home", slot->value.home.object, slot->value.home.module);
		break;
	case XS_MODULE_KIND:
	case XS_PROGRAM_KIND:
		print(".module = { 0, %d }", slot->value.module.id);
		break;
	case XS_PRIVATE_KIND:
		printTwo("private", slot->value.private.check, slot->value.private.first);
		break;
	case XS_KEY_KIND:
	case XS_KEY_X_KIND:
		print(".key = { (txString)");
		linkWriteString(slot->value.key.string);
		print(", %u }", slot->value.key.sum);
		break;
	case XS_CALLBACK_KIND:
	case XS_CALLBACK_X_KIND:
		print(".callback = { %s, 0 }", linkCallbackName(slot->value.callback.address));
		break;
	case XS_CODE_KIND:
	case XS_CODE_X_KIND:
		print(".code = { ");
		linkWriteCodeAddress(slot->value.code.address);
		print(", ");
		linkWriteAddress(slot->value.code.closures);
		print(" }");
		break;
	case XS_HOST_FUNCTION_KIND:
		print(".hostFunction = { &builders[%zu], 0 }", builderIndex(slot->value.hostFunction.builder));
		break;
	default:
		print(".number = 0");
		break;
	}
}

void linkWriteBuilders(void)
{
	print("static const txHostFunctionBuilder builders[] = {\n");
	for (size_t i = 0; i < builders.count; i++)
		print("\t{ %s, %d, %d },\n", linkCallbackName(builders.items[i]->callback), builders.items[i]->length,
			builders.items[i]->id);
	print(builders.count ? "};\n" : "\t{ 0 },\n};\n");
}
