/*
 * What XS needs to know about a POSIX host. Given to XS as XSPLATFORM, for the runtime and for the module compiler.
 * XS's own defaults serve for everything that is not named here; engine/machine.c supplies what is switched off.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#undef mxLinux
#define mxLinux 1
#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1

/* The lowest address of a function; xslink's XS asks for it. */
#ifdef mxLink
#include "optional.h"
#define LINK_FIELDS void (*fakeCallback)(void);
#else
#define LINK_FIELDS
#endif

/* Fields of the machine that belong to the platform. `promiseJobs` is set while promise jobs wait. */
#define mxMachinePlatform \
	int promiseJobs; \
	void *waiterCondition; \
	void *waiterData; \
	void *waiterLink; \
	LINK_FIELDS

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultBuildKeys 1
#define mxUseDefaultSharedChunks 1
#define mxUseDefaultDebug 1

/* Strings hold a surrogate as three bytes, as on Moddable's devices. Ids stay 16 bits (no mx32bitID), likewise. */
#define mxCESU8 1

#endif
