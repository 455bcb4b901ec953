/*
 * What engine/machine.c and hosts/sim/moddable/machine.c share: the parts of machine.h, and of a crash, that are the same
 * in each version of XS.
 */
#ifndef MACHINE_COMMON_H
#define MACHINE_COMMON_H

#include "crash.h"
#include "machine.h"
#include "xsAll.h"

#define CRASH_LINE_SIZE 512

/* Like snprintf at the end of `line`, which has CRASH_LINE_SIZE bytes. */
void crashAppend(char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends the exception as a string, and leaves the exception on XS's stack. */
void crashAppendException(txMachine *the, char *line);
/* What XS is asked for: the image's own keys come on top of the keys here. */
txCreation machineCreation(const ImageCreation *from);
/* Tells the host the line and ends the process. */
void crashEnd(txMachine *the, RuntimeCrashCode code, char *line) __attribute__((noreturn));

#endif
