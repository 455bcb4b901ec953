/*
 * Helpers in C that hosts share, as tables for a host's own object. They use only the public C interface of XS and
 * runtime.h; JavaScript can do without each of them (modules/bytes/noble-digest.ts, modules/smp/transport/codec.ts).
 */
#ifndef NATIVE_H
#define NATIVE_H

#include "runtime.h"

/* sha256.c: sha256, sha256Update, sha256Digest */
extern const RuntimeFunction digestFunctions[];
/* codec.c: crc16, base64Decode, base64Encode */
extern const RuntimeFunction codecFunctions[];

#endif
