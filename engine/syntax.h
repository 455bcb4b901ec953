/* Syntax that a device's runtime may be built without (xslink-strip.c), by the instruction that shows it. After xsAll.h or xsScript.h. */
#ifndef SYNTAX_H
#define SYNTAX_H

static const struct {
	int opcode;
	const char *name;
} OPTIONAL_SYNTAX[] = {
	{ XS_CODE_START_ASYNC, "async functions" },
	{ XS_CODE_START_GENERATOR, "generators" },
	{ XS_CODE_START_ASYNC_GENERATOR, "async generators" },
	{ XS_CODE_FOR_AWAIT_OF, "for await" },
	{ XS_CODE_ARGUMENTS_SLOPPY, "arguments" },
	{ XS_CODE_ARGUMENTS_STRICT, "arguments" },
	{ XS_CODE_REGEXP, "regular expressions" },
	{ XS_CODE_EXPONENTIATION, "the operator **" },
	{ XS_CODE_BIGINT_1, "BigInt" },
	{ XS_CODE_BIGINT_2, "BigInt" },
};

#endif
