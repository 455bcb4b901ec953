/*
 * XS's modules, xsModule.c, for a device, which has no Compartment (xslink refuses a program that names it). Only a compartment
 * has hooks that find modules, and a map from names to modules that are objects. Here both are known to be missing, so the
 * compiler leaves out the code that would follow them.
 */
#include "xsAll.h"

static const txSlot nothing = { .kind = XS_UNDEFINED_KIND };
static const txSlot noModules = { .kind = XS_INSTANCE_KIND };
static const txSlot noMap = { .kind = XS_REFERENCE_KIND, .value = { .reference = (txSlot *)&noModules } };

#undef mxLoadHook
#undef mxLoadNowHook
#undef mxModuleMap
#undef mxResolveHook
#define mxLoadHook(realm) ((txSlot *)&nothing)
#define mxLoadNowHook(realm) ((txSlot *)&nothing)
#define mxModuleMap(realm) ((txSlot *)&noMap)
#define mxResolveHook(realm) ((txSlot *)&nothing)

#include "xsModule.c"
