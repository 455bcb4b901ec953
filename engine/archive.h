/*
 * An application that was compiled for one runtime: modules as bytecode, in the payload of an MCUboot image. It runs where
 * it lies, and nothing writes to it. docs/SPEC.md, Application archive, has the layout; image/archive.ts is its twin for
 * tools.
 */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "image.h"

/* SHA-256 of a runtime's description. */
#define ARCHIVE_ID_SIZE 32

/* Most names of an archive: ids have 15 bits, and the runtime has its own. */
#define ARCHIVE_MOST_KEYS 16384

/* Whether applications may import a module of the runtime. Those of a board would lead past the agent. */
static inline bool archiveMayImport(const char *module)
{
	return strncmp(module, "xs-smp/hosts/", 13) != 0 && strncmp(module, "xs-smp/apps/", 12) != 0;
}

typedef struct {
	const uint8_t *bytes;
	uint32_t length;
	uint32_t keyCount, keys; /* a table of offsets of names */
	uint32_t moduleCount, modules; /* a table of name, code, size */
	uint32_t importCount, imports; /* a table of offsets of names */
	const char *main;
	const char *policy; /* policyLength bytes, no string of C */
	uint32_t policyLength;
} Archive;

/*
 * Looks once at all that bounds the archive, so that nothing has to look again. Returns NULL, or what is wrong, in words.
 * What the bytecode does is not looked at: that is trusted after its signature.
 */
const char *archiveOpen(Archive *archive, const uint8_t *bytes, size_t size, const uint8_t *runtimeId);
const char *archiveKey(const Archive *archive, uint32_t index);
const char *archiveImport(const Archive *archive, uint32_t index);
/* False if there is no module of this name. */
bool archiveModule(const Archive *archive, const char *name, ImageModule *module);

#endif
