/* This file has what is weak for hosts. */
#define APPLICATION_STRONG
#include "application.h"

#include <stdio.h>
#include <string.h>

static Archive archive;
static bool present;
static const char *fault;

void applicationOpen(const uint8_t *bytes, size_t size)
{
	present = true;
	fault = archiveOpen(&archive, bytes, size, runtimeId);
}

const Archive *applicationArchive(void) { return present && !fault ? &archive : NULL; }

static void define(xsMachine *the, const char *name, const char *text, size_t length)
{
	xsDefine(xsResult, xsID(name), xsStringBuffer((char *)text, (xsIntegerValue)length), xsDefault);
}

/* A sentence for an archive that imports what it may not; NULL if it does not. */
static const char *importFault(xsMachine *the, const Archive *of)
{
	static char sentence[160];
	const char *missing = machineMissingImport((struct Machine *)the, of);
	if (!missing)
		return NULL;
	snprintf(sentence, sizeof sentence, "the application imports %.100s, which this runtime does not offer", missing);
	return sentence;
}

static void application_application(xsMachine *the)
{
	if (!present)
		return;
	const char *found = fault;
	if (!found && !runtimeHasArchive(runtimeOf(the)))
		found = "the archive is damaged: a name in its table is the runtime's, or is there twice";
	if (!found)
		found = importFault(the, &archive);
	xsResult = xsNewObject();
	if (found) {
		define(the, "fault", found, strlen(found));
		return;
	}
	define(the, "main", archive.main, strlen(archive.main));
	define(the, "policy", archive.policy, archive.policyLength);
}

static void application_archiveFault(xsMachine *the)
{
	uint32_t address = flashArgument(the, &xsArg(0)), length = flashArgument(the, &xsArg(1));
	const uint8_t *bytes = hostFlash(the, address, length);
	Archive candidate;
	const char *found = bytes ? archiveOpen(&candidate, bytes, length, runtimeId) : "the image is not in the flash";
	if (!found)
		found = importFault(the, &candidate);
	if (found)
		xsResult = xsString((char *)found);
}

const RuntimeFunction applicationFunctions[] = {
	{ "application", application_application, 0 },
	{ "archiveFault", application_archiveFault, 2 },
	{ NULL },
};
