#include "xscompile.h"

#define MAX_KEYS 32000 /* ids are 16 bits and signed in places */
#define BUCKETS 4096

char *keys[MAX_KEYS];
int keyCount = 0;

/* Names with ids: of XS or of the runtime, and the keys of the image. */
static struct {
	const char *name;
	txID id;
	int next; /* index + 1 */
} entries[2 * MAX_KEYS];
static int entryCount, buckets[BUCKETS];
static int first = XS_ID_COUNT; /* id of the first new key */

static bool seeded, seededLines;
static bool lacking[XS_CODE_COUNT];
static char *globals[1024];
static int globalCount;

static int *bucketOf(const char *name)
{
	unsigned hash = 5381;
	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	return &buckets[hash % BUCKETS];
}

static void add(const char *name, txID id)
{
	int *bucket = bucketOf(name);
	if (entryCount == 2 * MAX_KEYS)
		compileFail("more than %d property names", 2 * MAX_KEYS);
	entries[entryCount].name = name;
	entries[entryCount].id = id;
	entries[entryCount].next = *bucket;
	*bucket = ++entryCount;
}

static txID find(const char *name)
{
	for (int at = *bucketOf(name); at; at = entries[at - 1].next)
		if (strcmp(entries[at - 1].name, name) == 0)
			return entries[at - 1].id;
	return XS_NO_ID;
}

txID keyOf(const char *name)
{
	txID id = find(name);
	if (id != XS_NO_ID)
		return id;
	if (first + keyCount >= MAX_KEYS)
		compileFail("more than %d property names", MAX_KEYS);
	id = (txID)(first + keyCount);
	keys[keyCount] = strdup(name);
	add(keys[keyCount++], id);
	return id;
}

/* A runtime's description. Names of properties are in hexadecimal, because any text can be one. */

static char *fromHex(const char *hex)
{
	size_t length = strlen(hex) / 2;
	char *text = calloc(1, length + 1);
	for (size_t i = 0; i < length; i++) {
		unsigned byte;
		sscanf(hex + 2 * i, "%2x", &byte);
		text[i] = (char)byte;
	}
	return text;
}

static void readRuntime(const char *path)
{
	static char line[64 * 1024], word[16], text[64 * 1024];
	FILE *file = fopen(path, "r");
	int number;
	if (!file)
		compileFail("cannot open %s", path);
	seeded = true;
	while (fgets(line, sizeof(line), file)) {
		text[0] = 0;
		if (sscanf(line, "key %d %65535s", &number, text) >= 1)
			add(fromHex(text), (txID)number);
		else if (sscanf(line, "first %d", &number) == 1)
			first = number;
		else if (sscanf(line, "code %15s", word) == 1)
			seededLines = strcmp(word, "lines") == 0;
		else if (sscanf(line, "lacks %d", &number) == 1 && number >= 0 && number < XS_CODE_COUNT)
			lacking[number] = true;
		else if (sscanf(line, "global %65535s", text) == 1 && globalCount < 1024)
			globals[globalCount++] = strdup(text);
	}
	fclose(file);
}

void keysStart(const char *runtime)
{
	if (runtime) {
		readRuntime(runtime);
		return;
	}
	/* Ids below are symbols: their strings are descriptions, not names. */
	for (int id = XS_SYMBOL_ID_COUNT; id < XS_ID_COUNT; id++)
		add(gxIDStrings[id], (txID)id);
}

bool runtimeHasLines(void) { return seededLines; }

bool runtimeLacksSyntax(int opcode) { return lacking[opcode]; }

bool runtimeHasGlobal(const char *name)
{
	for (int i = 0; i < globalCount; i++)
		if (strcmp(globals[i], name) == 0)
			return true;
	return !seeded;
}

bool runtimeLacks(const char *name)
{
	if (!seeded || find(name) != XS_NO_ID)
		return false;
	for (int id = XS_SYMBOL_ID_COUNT; id < XS_ID_COUNT; id++)
		if (strcmp(gxIDStrings[id], name) == 0)
			return true;
	return false;
}

/* What a machine has that nothing was taken from. The global object itself is not among them: an application does without. */
static const int GLOBALS[] = { _Atomics, _JSON, _Math, _Reflect, _decodeURI, _decodeURIComponent, _encodeURI,
	_encodeURIComponent, _escape, _isFinite, _isNaN, _parseFloat, _parseInt, _unescape, _Infinity, _NaN, _undefined };

void runtimeDescribe(const char *path, bool lines, char *const *modules, int moduleCount)
{
	FILE *file = fopen(path, "w");
	if (!file)
		compileFail("cannot open %s", path);
	fprintf(file, "xs %d.%d.%d\ncode %s\nfirst %d\n", XS_MAJOR_VERSION, XS_MINOR_VERSION, XS_PATCH_VERSION,
		lines ? "lines" : "bare", first + keyCount);
	for (int i = 0; i < entryCount; i++) {
		fprintf(file, "key %d ", entries[i].id);
		for (const unsigned char *c = (const unsigned char *)entries[i].name; *c; c++)
			fprintf(file, "%02x", *c);
		fputc('\n', file);
	}
	for (int id = XS_SYMBOL_ID_COUNT; id < XS_INTRINSICS_COUNT; id++)
		fprintf(file, "global %s\n", gxIDStrings[id]);
	for (size_t i = 0; i < sizeof(GLOBALS) / sizeof(*GLOBALS); i++)
		fprintf(file, "global %s\n", gxIDStrings[GLOBALS[i]]);
	for (int i = 0; i < moduleCount; i++)
		fprintf(file, "module %s\n", modules[i]);
	if (fclose(file) != 0)
		compileFail("cannot write %s", path);
}
