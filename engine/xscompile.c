/*
 * xscompile LIST OUTPUT.c: compiles ES modules to one C file that defines an `Image`.
 *
 * LIST has one item a line, fields separated by tabs:
 *     image NAME MAIN lines|bare             the C identifier of the image, its main module, whether code has line numbers
 *     creation N…                            the ten numbers of ImageCreation, in its order
 *     module NAME SOURCE MAP FILE            MAP: the source map, or "-"; FILE: the name for error messages
 * Modules come in the order of strcmp() on NAME.
 *
 * The bytecode runs in place from constant memory: property names are numbered for the whole image, after those that
 * XS has built in, and function bodies and strings use the opcodes that do not copy to the heap.
 *
 * Exit code 1: a source does not compile (standard error: "file:line: SyntaxError: …"); 2: anything else.
 */
#include "xsScript.h"

#define MAX_KEYS 32000 /* ids are 16 bits and signed in places */
#define FIELDS 12

/* Keys of the image */

static char *keys[MAX_KEYS];
static int keyCount = 0;
static int buckets[4096]; /* number of the key + 1 */
static int chain[MAX_KEYS];

static void fail(const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	fputs("xscompile: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(2);
}

static txID keyID(const char *name) {
	unsigned hash = 5381;
	for (const char *c = name; *c; c++) hash = hash * 33 + (unsigned char)*c;
	int *at = &buckets[hash % 4096];
	while (*at) {
		if (strcmp(keys[*at - 1], name) == 0) return (txID)(XS_ID_COUNT + *at - 1);
		at = &chain[*at - 1];
	}
	if (keyCount == MAX_KEYS) fail("more than %d property names", MAX_KEYS);
	keys[keyCount] = strdup(name);
	*at = ++keyCount;
	return (txID)(XS_ID_COUNT + keyCount - 1);
}

static int builtInCompare(const void *a, const void *b) {
	return strcmp(gxIDStrings[*(const txID *)a], gxIDStrings[*(const txID *)b]);
}

static txID globalID(const char *name) {
	static txID sorted[XS_ID_COUNT];
	static int count = 0;
	if (count == 0) {
		/* Ids below are symbols: their strings are descriptions, not names. */
		for (int i = XS_SYMBOL_ID_COUNT; i < XS_ID_COUNT; i++) sorted[count++] = (txID)i;
		qsort(sorted, (size_t)count, sizeof(txID), builtInCompare);
	}
	int low = 0, high = count;
	while (low < high) {
		int middle = (low + high) / 2;
		int order = strcmp(name, gxIDStrings[sorted[middle]]);
		if (order == 0) return sorted[middle];
		if (order < 0) high = middle;
		else low = middle + 1;
	}
	return keyID(name);
}

/*
 * Rewrites one module's code: local symbol numbers to ids, opcodes that copy to opcodes that do not. Names of local
 * variables are for debuggers, and for eval(), which the runtime has not; bare code does without.
 */
static void resolve(txScript *script, bool lines) {
	txByte *p = script->symbolsBuffer;
	txID count;
	mxDecodeID(p, count);
	char **names = calloc(count, sizeof(char *));
	for (txID i = 1; i < count; i++) {
		names[i] = (char *)p;
		p += strlen((char *)p) + 1;
	}
	txByte *end = script->codeBuffer + script->codeSize;
	for (p = script->codeBuffer; p < end;) {
		txU1 opcode = *(txU1 *)p;
		switch (opcode) {
		case XS_CODE_CODE_1: *p = (txByte)XS_CODE_CODE_ARCHIVE_1; break;
		case XS_CODE_CODE_2: *p = (txByte)XS_CODE_CODE_ARCHIVE_2; break;
		case XS_CODE_CODE_4: *p = (txByte)XS_CODE_CODE_ARCHIVE_4; break;
		case XS_CODE_STRING_1: *p = (txByte)XS_CODE_STRING_ARCHIVE_1; break;
		case XS_CODE_STRING_2: *p = (txByte)XS_CODE_STRING_ARCHIVE_2; break;
		case XS_CODE_STRING_4: *p = (txByte)XS_CODE_STRING_ARCHIVE_4; break;
		}
		txS1 size = gxCodeSizes[opcode];
		p++;
		if (size > 0) p += size - 1;
		else if (size == 0) {
			txID id;
			mxDecodeID(p, id);
			if (id != XS_NO_ID) {
				id = opcode == XS_CODE_NEW_LOCAL && !lines ? XS_NO_ID : globalID(names[id]);
				p -= sizeof(txID);
				mxEncodeID(p, id);
			}
		} else if (size == -1) {
			txU1 length = *(txU1 *)p;
			p += 1 + length;
		} else if (size == -2) {
			txU2 length;
			mxDecode2(p, length);
			p += length;
		} else {
			txS4 length;
			mxDecode4(p, length);
			p += length;
		}
	}
	free(names);
}

/* Compiling */

typedef struct {
	const char *text;
	size_t size, offset;
} Text;

static int getCharacter(void *stream) {
	Text *text = stream;
	return text->offset < text->size ? (unsigned char)text->text[text->offset++] : C_EOF;
}

static Text load(const char *path) {
	FILE *file = fopen(path, "rb");
	if (!file) fail("cannot open %s", path);
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	char *bytes = malloc((size_t)size + 1);
	if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) fail("cannot read %s", path);
	fclose(file);
	return (Text){ bytes, (size_t)size, 0 };
}

/* Called by XS's parser. */
txID fxGenerateProfileID(void *console) {
	return XS_NO_ID;
}

void fxGenerateTag(void *console, txString buffer, txInteger bufferSize, txString path) {
	buffer[0] = 0;
}

void fxVReportError(void *console, txString path, txInteger line, txString format, va_list arguments) {
	fprintf(stderr, "%s:%d: SyntaxError: ", (const char *)console, (int)line);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fxVReportWarning(void *console, txString path, txInteger line, txString format, va_list arguments) {
}

static txScript *compile(const char *source, const char *map, char *file, bool lines) {
	txParser parser;
	txParserJump jump;
	txScript *script = NULL;
	Text text = load(source);
	fxInitializeParser(&parser, file, 256 * 1024, 1993);
	jump.nextJump = NULL;
	parser.firstJump = &jump;
	if (c_setjmp(jump.jmp_buf) == 0) {
		fxParserTree(&parser, &text, getCharacter, lines ? mxDebugFlag : 0, NULL);
		if (map) {
			Text mapText = load(map);
			txString name;
			fxParserSourceMap(&parser, &mapText, getCharacter, 0, &name);
			/* A line that the map does not name belongs to the statement before it. */
			for (int line = 1; parser.lines && line <= parser.line; line++)
				if (parser.lines[line] == 0) parser.lines[line] = parser.lines[line - 1];
			parser.path = fxNewParserSymbol(&parser, file);
			free((void *)mapText.text);
		} else {
			parser.source = fxNewParserSymbol(&parser, file);
		}
		if (parser.errorCount == 0) {
			fxParserHoist(&parser);
			fxParserBind(&parser);
			script = fxParserCode(&parser);
		}
	}
	fxTerminateParser(&parser);
	free((void *)text.text);
	return script;
}

/* Output */

static void writeString(FILE *output, const char *string) {
	fputc('"', output);
	for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
		if (*c >= ' ' && *c < 127 && *c != '"' && *c != '\\' && *c != '?') fputc(*c, output);
		else fprintf(output, "\\%03o", *c);
	}
	fputc('"', output);
}

static void writeCode(FILE *output, int index, const txScript *script) {
	fprintf(output, "static const int8_t code%d[] = {", index);
	for (int i = 0; i < script->codeSize; i++) fprintf(output, i % 32 ? "%d," : "\n%d,", script->codeBuffer[i]);
	fprintf(output, "\n};\n");
}

/*
 * The names as slots that XS would make of them (fxNewNameX), and its hash table, whose size is the eighth number of the
 * creation. Symbols have descriptions and are found by number alone.
 */
static void writeKeySlots(FILE *output, const char *creation) {
	int modulo = 0, numbers[10], count = XS_ID_COUNT + keyCount;
	if (sscanf(creation, "%d, %d, %d, %d, %d, %d, %d, %d,", numbers, numbers + 1, numbers + 2, numbers + 3, numbers + 4,
			numbers + 5, numbers + 6, &modulo) != 8 || modulo < 1)
		fail("bad creation");
	int *heads = calloc((size_t)modulo, sizeof(int));
	fprintf(output, "#include \"xsAll.h\"\nstatic const txSlot slots[%d] = {\n", count);
	for (int id = 0; id < count; id++) {
		const char *name = id < XS_ID_COUNT ? gxIDStrings[id] : keys[id - XS_ID_COUNT];
		if (id < XS_SYMBOL_ID_COUNT) {
			fprintf(output, "\t{ .kind = XS_STRING_X_KIND, .value.string = (txString)");
			writeString(output, name);
			fprintf(output, " },\n");
			continue;
		}
		unsigned sum = 0;
		for (const unsigned char *c = (const unsigned char *)name; *c; c++) sum = (sum << 1) + *c;
		sum &= 0x7fffffff;
		int *head = &heads[sum % (unsigned)modulo];
		fprintf(output, "\t{ .ID = %d, .flag = XS_DONT_ENUM_FLAG, .kind = XS_KEY_X_KIND, .value.key = { (txString)", id);
		writeString(output, name);
		fprintf(output, ", %u }", sum);
		if (*head) fprintf(output, ", .next = (txSlot *)&slots[%d]", *head);
		fprintf(output, " },\n");
		*head = id;
	}
	fprintf(output, "};\nstatic const void *const keySlots[] = {\n");
	for (int id = 0; id < count; id++) fprintf(output, "\t&slots[%d],\n", id);
	fprintf(output, "};\nstatic const void *const names[] = {\n");
	for (int i = 0; i < modulo; i++) fprintf(output, heads[i] ? "\t&slots[%d],\n" : "\t0,\n", heads[i]);
	fprintf(output, "};\n");
	free(heads);
}

static int split(char *line, char **fields) {
	int count = 0;
	line[strcspn(line, "\n")] = 0;
	for (char *field = strtok(line, "\t"); field && count < FIELDS; field = strtok(NULL, "\t")) fields[count++] = field;
	return count;
}

int main(int argc, char **argv) {
	if (argc != 3) fail("usage: xscompile LIST OUTPUT.c");
	FILE *list = fopen(argv[1], "r");
	FILE *output = fopen(argv[2], "w");
	if (!list || !output) fail("cannot open %s", list ? argv[2] : argv[1]);

	char line[4 * 4096], *fields[FIELDS], *image = NULL, *start = NULL;
	char creation[256] = "";
	struct { char *name; int size; } modules[4096];
	int moduleCount = 0, failures = 0;
	bool lines = true;
	fprintf(output, "#include \"image.h\"\n\n");
	while (fgets(line, sizeof(line), list)) {
		int count = split(line, fields);
		if (count == 4 && strcmp(fields[0], "image") == 0) {
			image = strdup(fields[1]);
			start = strdup(fields[2]);
			lines = strcmp(fields[3], "lines") == 0;
		} else if (count == 11 && strcmp(fields[0], "creation") == 0) {
			for (int i = 1; i < count; i++)
				snprintf(creation + strlen(creation), sizeof(creation) - strlen(creation), " %s,", fields[i]);
		} else if (count == 5 && strcmp(fields[0], "module") == 0) {
			if (moduleCount == 4096) fail("too many modules");
			txScript *script = compile(fields[2], strcmp(fields[3], "-") == 0 ? NULL : fields[3], fields[4], lines);
			if (!script) {
				failures++;
				continue;
			}
			resolve(script, lines);
			writeCode(output, moduleCount, script);
			modules[moduleCount].name = strdup(fields[1]);
			/* XS makes names of modules as well. */
			if (!lines) globalID(modules[moduleCount].name);
			modules[moduleCount++].size = script->codeSize;
			fxDeleteScript(script);
		} else {
			fail("%s: bad line", argv[1]);
		}
	}
	if (!image) fail("%s: no image", argv[1]);
	fprintf(output, "static const ImageModule modules[] = {\n");
	for (int i = 0; i < moduleCount; i++) {
		fprintf(output, "\t{ ");
		writeString(output, modules[i].name);
		fprintf(output, ", code%d, %d },\n", i, modules[i].size);
	}
	fprintf(output, "};\nstatic const char *const keys[] = {\n");
	for (int i = 0; i < keyCount; i++) {
		fputc('\t', output);
		writeString(output, keys[i]);
		fprintf(output, ",\n");
	}
	if (keyCount == 0) fprintf(output, "\t0\n");
	fprintf(output, "};\n");
	if (!lines) writeKeySlots(output, creation);
	fprintf(output, "const Image %s = { \"%s\", \"%s\", {%s }, modules, %d, keys, %d, %s };\n", image, image, start,
		creation, moduleCount, keyCount, lines ? "0, 0" : "keySlots, names");
	if (fclose(output) != 0) fail("cannot write %s", argv[2]);
	return failures ? 1 : 0;
}
