/*
 * xslink: the parts of the program that writes a machine as C tables for flash. engine/README.md says what it is for.
 */
#ifndef XSLINK_H
#define XSLINK_H

#include <stdbool.h>
#include <stdio.h>

#include "image.h"
#include "xsAll.h"

/* Ends the program with a sentence. */
void linkFail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Name of a function in XS's C, as C spells it. */
const char *linkCallbackName(txCallback callback);

/* Room for one more item after `count`. */
void *linkGrow(void *items, size_t count, size_t size);
/* Writes to the C file. */
void linkWrite(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* xslink-code.c: bytecode. Every function of a module is known once the module was scanned. */
void linkScanCode(const ImageModule *module);
/* Visits each instruction of a function or a module, and of the functions in it. */
void linkWalkCode(const txByte *start, void (*visit)(txU1 opcode, txByte *operand));
/* Functions whose code is needed; their code as C; the address of one in that C. */
void linkUseCode(const txByte *start);
void linkWriteCode(void);
void linkWriteCodeAddress(const txByte *start);

/* xslink-strip.c: what the bytecode that a device runs makes use of, by opcode and by id of a name. */
typedef struct {
	bool opcodes[XS_CODE_COUNT];
	bool properties[1 << 16];
	bool names[1 << 16]; /* of properties and of functions */
	bool stripped;
} LinkUse;
extern LinkUse linkUse;
void linkUseAll(txMachine *the, const Image *image);
/* Takes out the built-ins that the image strips, and the names of properties that nothing uses any more. */
void linkStrip(txMachine *the, const Image *image);
/* xslink-defaults.c: writes XS's tables of what its interpreter calls, without what the bytecode does not need. */
void linkWriteDefaults(txMachine *the);

/*
 * xslink-prepare.c: takes what a running program has no use for out of the machine, and gives each object and each
 * variable that may change its number in the machine's table of aliases.
 */
void linkPrepare(txMachine *the, const Image *image);

/*
 * xslink-slot.c: one slot as C. Its data, such as the bytes of a buffer, is a variable of its own before the table, called
 * after the slot's row; functions of XS are in a table of builders, which is complete when all data is written.
 */
void linkWriteString(const char *string);
void linkWriteData(txMachine *the, size_t row, const txSlot *slot);
void linkWriteBuilders(void);
void linkWriteKind(const txSlot *slot);
void linkWriteValue(txMachine *the, const txSlot *slot, size_t row);

/* xslink-print.c: writes the C file, an image whose preloaded modules are tables. */
void linkWriteAddress(const txSlot *slot);
void linkPrint(txMachine *the, const Image *image);
/* Once the machine is prepared: whether the module is in the tables. */
bool linkIsPreloaded(txMachine *the, const char *name);

/* xslink-runtime.c: describes the machine as a runtime that applications can be linked for. */
void linkDescribe(txMachine *the, const Image *image, const char *path);

#endif
