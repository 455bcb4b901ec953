/*
 * XS's interpreter, xsRun.c, with its variables in registers.
 *
 * fxRunID() calls setjmp() for each `try`. What is alive across a call of setjmp() GCC keeps in memory all through the
 * function, and those are the variables that each bytecode needs: stack, frame, scope, code. Here they are not alive
 * across it. They are copied before and read back after, so that the compiler is free to do with them as it likes.
 * When an exception has come back to the call, xsRun.c itself takes them from the jump.
 *
 * In xsRun.c only fxRunID() has its jump in a variable `jump`. The mxTry() of other functions names it `__JUMP__`.
 */
#include "xsAll.h"

#undef c_setjmp
#define c_setjmp(buffer) SETJMP_OF_##buffer)
#define SETJMP_OF___JUMP__ setjmp((__JUMP__)
#define SETJMP_OF_jump setjmpApart((jump)

#define setjmpApart(buffer) \
	({ \
		struct { \
			txSlot *stack, *scope, *frame, *environment; \
			txByte *code; \
		} volatile kept = { .stack = mxStack, \
			.scope = mxScope, \
			.frame = mxFrame, \
			.environment = mxEnvironment, \
			.code = mxCode }; \
		int again = setjmp(buffer); \
		if (!again) { \
			mxStack = kept.stack; \
			mxScope = kept.scope; \
			mxFrame = kept.frame; \
			mxEnvironment = kept.environment; \
			mxCode = kept.code; \
		} \
		again; \
	})

#include "xsRun.c"
