#ifndef CRASH_H
#define CRASH_H

/* Exit code of a process whose machine crashed. */
typedef enum {
	RUNTIME_CRASH_EXCEPTION = 70, /* uncaught exception */
	RUNTIME_CRASH_REJECTION = 71, /* unhandled promise rejection */
	RUNTIME_CRASH_STACK = 72, /* JavaScript (or C) stack overflow */
	RUNTIME_CRASH_MEMORY = 73, /* heap exhausted */
	RUNTIME_CRASH_ENGINE = 74, /* anything else that XS gives up on */
} RuntimeCrashCode;

#endif
