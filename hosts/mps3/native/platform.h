/*
 * What XS needs to know about the microcontroller: newlib on bare metal, one thread. Given to XS as XSPLATFORM in place
 * of engine/platform.h; hosts/mps3/native/memory.c supplies what is switched off.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "optional.h"

#define C_PATH_MAX 128

/* Those of libm take 1.3 KB. The arc tangent, which is there anyway, gives both, and NaN beyond 1. */
#define c_acos(cosine) atan2(sqrt((1 - (cosine)) * (1 + (cosine))), cosine)
#define c_asin(sine) atan2(sine, sqrt((1 - (sine)) * (1 + (sine))))

#define htonl(value) __builtin_bswap32(value)
#define htons(value) __builtin_bswap16(value)
#define ntohl(value) __builtin_bswap32(value)
#define ntohs(value) __builtin_bswap16(value)

/* Fields of the machine that belong to the platform. `promiseJobs` is set while promise jobs wait. */
#define mxMachinePlatform \
	int promiseJobs; \
	void *waiterCondition; \
	void *waiterData; \
	void *waiterLink;

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultSharedChunks 1
#define mxUseDefaultDebug 1
#define mxUseDefaultBuildKeys 1
#define mxUseDefaultCStackLimit 0

/* As the module compiler on the desktop has it (engine/platform.h): the bytecode is the same. */
#define mxCESU8 1
/* The compiler may use loads and stores that fault on addresses which are not aligned. */
#define mxMisalignedSettersCrash 1

#endif
