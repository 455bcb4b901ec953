/*
 * The part of the runtime that is written against the inside of XS (xsAll.h), for the part that is written against its
 * public interface (xs.h). The two cannot meet in one translation unit, hence the plain types.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "archive.h"
#include "image.h"

struct Machine; /* xsMachine to one side, txMachine to the other */

/* What a machine's context points to. Set before XS allocates anything. */
typedef struct {
	const Image *image;
	const Archive *archive; /* of an application; NULL: none */
	/* Prints the line and ends the process. */
	void (*crash)(void *context, int code, const char *line);
	bool unwinding; /* a host function left JavaScript for good */
} MachineContext;

/*
 * What the image preloads is imported and frozen, before the host has put anything of its own into the machine. Two files
 * have this function, and a host links one: machine-fresh.c makes it all anew, machine-linked.c has it in flash.
 */
struct Machine *machineCreate(MachineContext *context);
/*
 * Gives the names of the context's archive their ids, which follow those of the runtime. For machineCreate(), before anything
 * else makes a name. An archive whose names are not new is dropped: its bytecode means other ones.
 */
void machineAddKeys(struct Machine *machine);
/* The first module that an archive imports and an application may not; NULL if there is none. */
const char *machineMissingImport(struct Machine *machine, const Archive *archive);
/* Whether the module was imported, be it by another. */
bool machineHasModule(struct Machine *machine, const char *name);
/* Calls `function` and then runs the promise jobs. Ends the process by a crash if an exception comes out. */
void machineEnter(struct Machine *machine, void (*function)(void *), void *data);
/* Out of JavaScript, up to machineEnter(). */
void machineUnwind(struct Machine *machine) __attribute__((noreturn));
/* Imports a module; a rejection is a crash. Call it from machineEnter(). */
void machineImport(struct Machine *machine, const char *name);

/* What XS has reserved, uses, and has used at most, in bytes; `stack` is the size of the JavaScript stack,
 * `stackUsed` what is on it now. */
typedef struct {
	int32_t slots, peakSlots, reservedSlots;
	int32_t chunks, peakChunks, reservedChunks;
	int32_t stack, stackUsed;
} MachineMemory;
void machineMemory(struct Machine *machine, MachineMemory *memory);
/* Where XS counts the slots in use. The count grows with all that is made, and falls at a collection of garbage. */
const int32_t *machineSlotCount(const struct Machine *machine);

#endif
