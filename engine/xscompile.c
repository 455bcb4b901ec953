/*
 * xscompile LIST OUTPUT.c: compiles ES modules to one C file that defines an `Image`, and writes OUTPUT.c.runtime, the
 * description of that image as a runtime for applications.
 * xscompile LIST OUTPUT: compiles modules of an application for a runtime, to text that image/archive makes an archive of.
 *
 * LIST has one item a line, fields separated by tabs; the first is `image` or `application`:
 *     image NAME MAIN lines|bare             the image's C identifier, its main module, whether code has line numbers
 *     application RUNTIME                    the description of the runtime
 *     creation N…                            the ten numbers of ImageCreation, in its order
 *     preload NAME                           a module to import before all else
 *     strip NAME                             a global to leave out, or "*"
 *     module NAME SOURCE MAP FILE            MAP: the source map, or "-"; FILE: the name for error messages
 * Modules come in the order of strcmp() on NAME.
 *
 * The bytecode runs in place from constant memory: property names are numbered for the whole image, after those that
 * XS has built in, and function bodies and strings use the opcodes that do not copy to the heap.
 *
 * Exit code 1: a source does not compile (standard error: "file:line: SyntaxError: …"); 2: anything else.
 */
#include "xscompile.h"

#include "archive.h"

#define FIELDS 12

void compileFail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("xscompile: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(2);
}

char **codeNames(const txScript *script)
{
	txByte *p = script->symbolsBuffer;
	txID count;
	mxDecodeID(p, count);
	char **names = calloc(count, sizeof(char *));
	for (txID i = 1; i < count; i++) {
		names[i] = (char *)p;
		p += strlen((char *)p) + 1;
	}
	return names;
}

/*
 * Rewrites one module's code: local symbol numbers to ids, opcodes that copy to opcodes that do not. Names of local
 * variables are for debuggers, and for eval(), which the runtime has not; bare code does without.
 */
static void resolve(txScript *script, bool lines)
{
	txByte *p;
	char **names = codeNames(script);
	txByte *end = script->codeBuffer + script->codeSize;
	for (txByte *next, *at = script->codeBuffer; at < end; at = next) {
		txU1 opcode = *(txU1 *)at;
		next = codeAfter(at);
		switch (opcode) {
		case XS_CODE_CODE_1:
			*at = (txByte)XS_CODE_CODE_ARCHIVE_1;
			break;
		case XS_CODE_CODE_2:
			*at = (txByte)XS_CODE_CODE_ARCHIVE_2;
			break;
		case XS_CODE_CODE_4:
			*at = (txByte)XS_CODE_CODE_ARCHIVE_4;
			break;
		case XS_CODE_STRING_1:
			*at = (txByte)XS_CODE_STRING_ARCHIVE_1;
			break;
		case XS_CODE_STRING_2:
			*at = (txByte)XS_CODE_STRING_ARCHIVE_2;
			break;
		case XS_CODE_STRING_4:
			*at = (txByte)XS_CODE_STRING_ARCHIVE_4;
			break;
		}
		if (gxCodeSizes[opcode] != 0)
			continue;
		txID id;
		p = at + 1;
		mxDecodeID(p, id);
		if (id == XS_NO_ID)
			continue;
		id = opcode == XS_CODE_NEW_LOCAL && !lines ? XS_NO_ID : keyOf(names[id]);
		p = at + 1;
		mxEncodeID(p, id);
	}
	free(names);
}

/* Compiling */

typedef struct {
	const char *text;
	size_t size, offset;
} Text;

static int getCharacter(void *stream)
{
	Text *text = stream;
	return text->offset < text->size ? (unsigned char)text->text[text->offset++] : C_EOF;
}

static Text load(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		compileFail("cannot open %s", path);
	fseek(file, 0, SEEK_END);
	long size = ftell(file);
	rewind(file);
	char *bytes = malloc((size_t)size + 1);
	if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size)
		compileFail("cannot read %s", path);
	fclose(file);
	return (Text){ bytes, (size_t)size, 0 };
}

/* Called by XS's parser. */
txID fxGenerateProfileID(void *console) { return XS_NO_ID; }

void fxGenerateTag(void *console, txString buffer, txInteger bufferSize, txString path) { buffer[0] = 0; }

void fxVReportError(void *console, txString path, txInteger line, txString format, va_list arguments)
{
	fprintf(stderr, "%s:%d: SyntaxError: ", (const char *)console, (int)line);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fxVReportWarning(void *console, txString path, txInteger line, txString format, va_list arguments) {}

static txScript *compile(Text text, const char *map, char *file, bool lines)
{
	txParser parser;
	txParserJump jump;
	txScript *script = NULL;
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
				if (parser.lines[line] == 0)
					parser.lines[line] = parser.lines[line - 1];
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
	return script;
}

/* Checking itself */

/* The first number that the code pushes; NaN if there is none. */
static double firstNumber(const txScript *script)
{
	txByte *end = script->codeBuffer + script->codeSize;
	for (txByte *at = script->codeBuffer; at < end; at = codeAfter(at)) {
		txByte *p = at + 1;
		txS2 integer2;
		txS4 integer4;
		double number;
		switch (*(txU1 *)at) {
		case XS_CODE_INTEGER_1:
			return *p;
		case XS_CODE_INTEGER_2:
			mxDecode2(p, integer2);
			return integer2;
		case XS_CODE_INTEGER_4:
			mxDecode4(p, integer4);
			return integer4;
		case XS_CODE_NUMBER:
			mxDecode8(p, number);
			return number;
		}
	}
	return C_NAN;
}

/*
 * XS's parser decides by undefined casts whether a number is an integer, and which keys are indices. So it depends on
 * the compiler of this program whether constants are right; a wrong one would only show on the device, if at all.
 */
static void checkNumbers(void)
{
	static const struct {
		const char *source;
		double number;
	} cases[] = {
		{ "0;", 0 },
		{ "127;", 127 },
		{ "128;", 128 },
		{ "32768;", 32768 },
		{ "1.5;", 1.5 },
		{ "1e-7;", 1e-7 },
		{ "2147483647;", 2147483647 },
		{ "2147483647.5;", 2147483647.5 },
		{ "2147483648;", 2147483648.0 },
		{ "0x7fffffff;", 2147483647 },
		{ "0x80000000;", 2147483648.0 },
		{ "0o37777777777;", 4294967295.0 },
		{ "0b100000000000000000000000000000000;", 4294967296.0 },
		{ "4294967295;", 4294967295.0 },
		{ "4294967296;", 4294967296.0 },
		{ "4294967297;", 4294967297.0 },
		{ "9007199254740991;", 9007199254740991.0 },
		{ "18446744073709551616;", 18446744073709551616.0 },
		{ "1e300;", 1e300 },
		/* A key is pushed as a number if it is an index, below 4294967295; then the value comes first. */
		{ "({ 2147483648: 1 });", 2147483648.0 },
		{ "({ 4294967294: 1 });", 4294967294.0 },
		{ "({ 4294967295: 1 });", 1 },
		{ "({ 4294967296: 1 });", 1 },
		{ "({ 1e300: 1 });", 1 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *source = cases[i].source;
		txScript *script = compile((Text){ source, strlen(source), 0 }, NULL, "numbers", false);
		double number = script ? firstNumber(script) : C_NAN;
		if (number != cases[i].number)
			compileFail(
				"the C compiler that built this makes %.17g of `%s` in JavaScript: take another (CC), or fewer "
				"optimisations (CFLAGS)",
				number, source);
		fxDeleteScript(script);
	}
}

/* Output */

static void writeString(FILE *output, const char *string)
{
	fputc('"', output);
	for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
		if (*c >= ' ' && *c < 127 && *c != '"' && *c != '\\' && *c != '?')
			fputc(*c, output);
		else
			fprintf(output, "\\%03o", *c);
	}
	fputc('"', output);
}

static void writeCode(FILE *output, int index, const txScript *script)
{
	fprintf(output, "static const int8_t code%d[] = {", index);
	for (int i = 0; i < script->codeSize; i++)
		fprintf(output, i % 32 ? "%d," : "\n%d,", script->codeBuffer[i]);
	fprintf(output, "\n};\n");
}

static void writeNames(FILE *output, const char *variable, char *const *names, int count)
{
	fprintf(output, "static const char *const %s[] = {\n", variable);
	for (int i = 0; i < count; i++) {
		fputc('\t', output);
		writeString(output, names[i]);
		fprintf(output, ",\n");
	}
	fprintf(output, count ? "};\n" : "\t0\n};\n");
}

static int split(char *line, char **fields)
{
	int count = 0;
	line[strcspn(line, "\n")] = 0;
	for (char *field = strtok(line, "\t"); field && count < FIELDS; field = strtok(NULL, "\t"))
		fields[count++] = field;
	return count;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		compileFail("usage: xscompile LIST OUTPUT");
	FILE *list = fopen(argv[1], "r");
	FILE *output = fopen(argv[2], "w");
	if (!list || !output)
		compileFail("cannot open %s", list ? argv[2] : argv[1]);

	checkNumbers();
	char line[4 * 4096], *fields[FIELDS], *image = NULL, *start = NULL;
	char creation[256] = "";
	struct {
		char *name;
		int size;
	} modules[4096];
	char *preloads[4096], *strip[256];
	int moduleCount = 0, preloadCount = 0, stripCount = 0, failures = 0;
	bool lines = true, application = false;
	while (fgets(line, sizeof(line), list)) {
		int count = split(line, fields);
		if (count == 4 && strcmp(fields[0], "image") == 0) {
			image = strdup(fields[1]);
			start = strdup(fields[2]);
			lines = strcmp(fields[3], "lines") == 0;
			keysStart(NULL);
			fprintf(output, "#include \"image.h\"\n\n");
		} else if (count == 2 && strcmp(fields[0], "application") == 0) {
			application = true;
			keysStart(fields[1]);
			lines = runtimeHasLines();
		} else if (count == 11 && strcmp(fields[0], "creation") == 0) {
			for (int i = 1; i < count; i++)
				snprintf(creation + strlen(creation), sizeof(creation) - strlen(creation), " %s,", fields[i]);
		} else if (count == 2 && strcmp(fields[0], "preload") == 0) {
			if (preloadCount == 4096)
				compileFail("too many modules");
			preloads[preloadCount++] = strdup(fields[1]);
		} else if (count == 2 && strcmp(fields[0], "strip") == 0) {
			if (stripCount == 256)
				compileFail("too many names to strip");
			strip[stripCount++] = strdup(fields[1]);
		} else if (count == 5 && strcmp(fields[0], "module") == 0) {
			if (moduleCount == 4096)
				compileFail("too many modules");
			Text text = load(fields[2]);
			const char *map = strcmp(fields[3], "-") == 0 ? NULL : fields[3];
			if (application) {
				txScript *checked = compile(text, map, fields[4], true);
				if (!checked || !applicationCheck(checked, fields[4])) {
					failures++;
					continue;
				}
				fxDeleteScript(checked);
			}
			txScript *script = compile(text, map, fields[4], lines);
			free((void *)text.text);
			if (!script) {
				failures++;
				continue;
			}
			resolve(script, lines);
			if (application)
				applicationWriteModule(output, fields[1], script);
			else
				writeCode(output, moduleCount, script);
			modules[moduleCount].name = strdup(fields[1]);
			/* XS makes names of modules as well. */
			if (!lines)
				keyOf(modules[moduleCount].name);
			modules[moduleCount++].size = script->codeSize;
			fxDeleteScript(script);
		} else {
			compileFail("%s: bad line", argv[1]);
		}
	}
	if (application) {
		applicationWriteKeys(output);
		if (fclose(output) != 0)
			compileFail("cannot write %s", argv[2]);
		return failures ? 1 : 0;
	}
	if (!image)
		compileFail("%s: no image", argv[1]);
	fprintf(output, "static const ImageModule modules[] = {\n");
	for (int i = 0; i < moduleCount; i++) {
		fprintf(output, "\t{ ");
		writeString(output, modules[i].name);
		fprintf(output, ", code%d, %d },\n", i, modules[i].size);
	}
	fprintf(output, "};\n");
	writeNames(output, "keys", keys, keyCount);
	writeNames(output, "preloads", preloads, preloadCount);
	writeNames(output, "strip", strip, stripCount);
	fprintf(output, "const Image %s = { \"%s\", \"%s\", {%s }, modules, %d, keys, %d, preloads, %d, strip, %d };\n",
		image, image, start, creation, moduleCount, keyCount, preloadCount, stripCount);
	if (fclose(output) != 0)
		compileFail("cannot write %s", argv[2]);
	char *names[4096], path[4096];
	int nameCount = 0;
	for (int i = 0; i < moduleCount; i++)
		if (archiveMayImport(modules[i].name))
			names[nameCount++] = modules[i].name;
	snprintf(path, sizeof(path), "%s.runtime", argv[2]);
	runtimeDescribe(path, lines, names, nameCount);
	return failures ? 1 : 0;
}
