/*
 * Helpers in C that hosts share, as tables for a host's own object. They use only the public C interface of XS and
 * runtime.h; JavaScript can do without each of them (modules/bytes/noble-digest.ts, modules/smp/transport/codec.ts).
 */
#ifndef NATIVE_H
#define NATIVE_H

#include "runtime.h"

/* sha256.c: sha256, sha256Update, sha256Digest */
extern const RuntimeFunction digestFunctions[];
/* sha512.c: sha512, sha512Update, sha512Digest */
extern const RuntimeFunction longDigestFunctions[];
/* codec.c: consoleState, consoleDecode, consoleAt, consoleEncode */
extern const RuntimeFunction codecFunctions[];

/* flash-check.c: for the functions of a flash chip. Both throw a RangeError. */
/* An address or a length, in bytes. */
uint32_t flashArgument(xsMachine *the, xsSlot *slot);
/* Whether all of the bytes are erased. Throws nothing. */
bool flashBlank(const uint8_t *bytes, size_t length);
/* Whether the bytes are inside a chip of `size` bytes, and whole units. */
void flashInside(xsMachine *the, uint32_t size, uint32_t address, uint32_t length, uint32_t unit);

#endif
