/* Declarations only, for a compile check: see README.md. */
#ifndef MODDABLE_XSHOSTS_H
#define MODDABLE_XSHOSTS_H

xsMachine *modCloneMachine(xsCreation *creation, const char *name);
void modRunMachineSetup(xsMachine *the);

#endif
