/*
 * Makes what a machine holds as read-only as it is in a program that the Moddable SDK's linker made, where XS's own
 * objects and those of preloaded modules lie in flash: docs/MODDABLE.md has the list. Called once, when what is
 * preloaded was imported. An assignment that cannot be made throws a TypeError.
 */
#ifndef FREEZE_H
#define FREEZE_H

#include <stdbool.h>

#include "xsAll.h"

void machineFreeze(txMachine *the);

#endif
