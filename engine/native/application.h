/*
 * The application archive of a host: opened before the machine is made, because its names come right after the runtime's.
 * The host gives the runtime's id and the flash as memory.
 */
#ifndef APPLICATION_H
#define APPLICATION_H

#include "native.h"

/* SHA-256 of the description of the runtime that this program has; tools/build.mjs writes it. All zeros: no archive runs. */
extern const uint8_t runtimeId[ARCHIVE_ID_SIZE];
/* `length` bytes of the flash chip at `address`, as memory; NULL if they are not in it. */
const uint8_t *hostFlash(xsMachine *the, uint32_t address, uint32_t length);

/* Opens the archive that this boot runs: a payload of `size` bytes. */
void applicationOpen(const uint8_t *bytes, size_t size);
/* For RuntimeOptions: the archive that was opened; NULL if there is none, or it is not to be run. */
const Archive *applicationArchive(void);

/*
 * application.c, for the host's object:
 *   application(): { main, policy } | { fault } | undefined    what this boot has besides the runtime; why it does not run
 *   archiveFault(address, length): string | undefined          why the payload there would not run
 */
extern const RuntimeFunction applicationFunctions[];

/*
 * A program that has a runtime for applications names these functions with it (runtime-APP.c, by tools/build.mjs). A program
 * without has none of this file's C: a host asks whether there is any before it calls.
 */
#ifndef APPLICATION_STRONG
#pragma weak applicationOpen
#pragma weak applicationArchive
#pragma weak applicationFunctions
#endif

#endif
