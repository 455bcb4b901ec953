#include "archive.h"

#define HEADER_SIZE 80
#define MODULE_SIZE 12
#define FORMAT 1
#define MOST_POLICY 1024

static uint32_t word(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The word at `offset` of the archive, which is known to be there. */
static uint32_t field(const Archive *archive, uint32_t offset) { return word(archive->bytes + offset); }

static bool inside(const Archive *archive, uint32_t offset, uint32_t count, uint32_t size)
{
	return offset >= HEADER_SIZE && offset <= archive->length && count <= (archive->length - offset) / size;
}

static bool isName(const Archive *archive, uint32_t offset)
{
	return offset >= HEADER_SIZE && offset < archive->length &&
		memchr(archive->bytes + offset, 0, archive->length - offset) != NULL;
}

static const char *name(const Archive *archive, uint32_t table, uint32_t index, uint32_t size)
{
	return (const char *)archive->bytes + field(archive, table + index * size);
}

static bool areNames(const Archive *archive, uint32_t table, uint32_t count, uint32_t size)
{
	for (uint32_t i = 0; i < count; i++)
		if (!isName(archive, field(archive, table + i * size)))
			return false;
	return true;
}

static bool isText(const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		char c = text[i];
		if ((c < ' ' || c > '~') && c != '\t' && c != '\n' && c != '\r')
			return false;
	}
	return true;
}

static const char *checkModules(const Archive *archive)
{
	for (uint32_t i = 0; i < archive->moduleCount; i++) {
		uint32_t entry = archive->modules + i * MODULE_SIZE;
		if (i > 0 &&
			strcmp(name(archive, archive->modules, i - 1, MODULE_SIZE),
				name(archive, archive->modules, i, MODULE_SIZE)) >= 0)
			return "the archive is damaged: its modules are not in order";
		uint32_t size = field(archive, entry + 8);
		if (size == 0 || size > INT32_MAX || !inside(archive, field(archive, entry + 4), size, 1))
			return "the archive is damaged: the code of a module is not in it";
	}
	return NULL;
}

const char *archiveOpen(Archive *archive, const uint8_t *bytes, size_t size, const uint8_t *runtimeId)
{
	if (size < HEADER_SIZE || memcmp(bytes, "XSAR", 4) != 0)
		return "the image says that it is an application, but it holds no archive";
	if ((bytes[4] | bytes[5] << 8) != FORMAT)
		return "the archive has a format that this runtime does not know";
	*archive = (Archive){ .bytes = bytes, .length = word(bytes + 8) };
	if (archive->length < HEADER_SIZE || archive->length > size)
		return "the archive is cut short";
	if (memcmp(bytes + 12, runtimeId, ARCHIVE_ID_SIZE) != 0)
		return "the application was made for another runtime";
	archive->keyCount = word(bytes + 48);
	archive->keys = word(bytes + 52);
	archive->moduleCount = word(bytes + 56);
	archive->modules = word(bytes + 60);
	archive->importCount = word(bytes + 64);
	archive->imports = word(bytes + 68);
	archive->policyLength = word(bytes + 76);
	if (!inside(archive, archive->keys, archive->keyCount, 4) ||
		!areNames(archive, archive->keys, archive->keyCount, 4))
		return "the archive is damaged: its table of names leads out of it";
	if (archive->keyCount > ARCHIVE_MOST_KEYS)
		return "the archive has too many names";
	if (!inside(archive, archive->imports, archive->importCount, 4) ||
		!areNames(archive, archive->imports, archive->importCount, 4))
		return "the archive is damaged: its table of imports leads out of it";
	if (!inside(archive, archive->modules, archive->moduleCount, MODULE_SIZE) ||
		!areNames(archive, archive->modules, archive->moduleCount, MODULE_SIZE))
		return "the archive is damaged: its table of modules leads out of it";
	if (!inside(archive, word(bytes + 72), archive->policyLength, 1))
		return "the archive is damaged: its policy is not in it";
	archive->policy = (const char *)bytes + word(bytes + 72);
	/* It becomes a string of JavaScript. */
	if (archive->policyLength > MOST_POLICY || !isText(archive->policy, archive->policyLength))
		return "the archive is damaged: its policy is too long, or no ASCII";
	const char *fault = checkModules(archive);
	if (fault)
		return fault;
	ImageModule found;
	if (!isName(archive, word(bytes + 44)))
		return "the archive is damaged: its main module has no name";
	archive->main = (const char *)bytes + word(bytes + 44);
	return archiveModule(archive, archive->main, &found) ? NULL
														 : "the archive is damaged: its main module is not in it";
}

const char *archiveKey(const Archive *archive, uint32_t index) { return name(archive, archive->keys, index, 4); }

const char *archiveImport(const Archive *archive, uint32_t index) { return name(archive, archive->imports, index, 4); }

bool archiveModule(const Archive *archive, const char *wanted, ImageModule *module)
{
	uint32_t low = 0, high = archive->moduleCount;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t entry = archive->modules + middle * MODULE_SIZE;
		const char *found = name(archive, archive->modules, middle, MODULE_SIZE);
		int order = strcmp(wanted, found);
		if (order == 0) {
			*module = (ImageModule){ found, (const int8_t *)archive->bytes + field(archive, entry + 4),
				(int32_t)field(archive, entry + 8) };
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}
