/* xscompile: what its files share. */
#ifndef XSCOMPILE_H
#define XSCOMPILE_H

#include <stdbool.h>
#include <stdio.h>

#include "xsScript.h"
/* After XS: */
#include "bytecode.h"

/* Ends the program with a sentence and exit code 2. */
void compileFail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The names of a script's local symbol numbers, for free(). */
char **codeNames(const txScript *script);

/*
 * xscompile-application.c: whether an application names only globals that its runtime has, and has only syntax that the
 * runtime was built with: says each with its line. Warns of a built-in property that the runtime was built without, since
 * the application may have one of that name itself.
 */
bool applicationCheck(const txScript *script, const char *file);
/* Its module and its names, as text. */
void applicationWriteModule(FILE *output, const char *name, const txScript *script);
void applicationWriteKeys(FILE *output);

/* xscompile-keys.c: the ids of property names, of XS's own, and of new ones after them. */
/* Starts from a runtime whose description is in this file (engine/README.md), or else from XS alone. */
void keysStart(const char *runtime);
/* The id of a name, which becomes a key of the image if it is new. */
txID keyOf(const char *name);
/* Keys of the image, in the order of their ids. */
extern char *keys[];
extern int keyCount;
/* Of the runtime: whether its code has line numbers; whether it has such a global. */
bool runtimeHasLines(void);
bool runtimeHasGlobal(const char *name);
/* Whether the instruction is of syntax that the runtime was built without. */
bool runtimeLacksSyntax(int opcode);
/* A name that XS has and the runtime has not, because nothing of the runtime used it. */
bool runtimeLacks(const char *name);
/* Writes the description of the image as a runtime: what an application can be linked for. */
void runtimeDescribe(const char *path, bool lines, char *const *modules, int moduleCount);

#endif
