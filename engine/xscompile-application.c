#include "xscompile.h"

#include "syntax.h"

bool applicationCheck(const txScript *script, const char *file)
{
	char **names = codeNames(script);
	bool good = true;
	txU2 line = 0, told = 0;
	txID id, last = XS_NO_ID;
	txByte *end = script->codeBuffer + script->codeSize;
	for (txByte *at = script->codeBuffer; at < end; at = codeAfter(at)) {
		txByte *p = at + 1;
		txU1 opcode = *(txU1 *)at;
		if (opcode == XS_CODE_LINE)
			mxDecode2(p, line);
		if (runtimeLacksSyntax(opcode)) {
			const char *syntax = "this";
			for (size_t i = 0; i < sizeof(OPTIONAL_SYNTAX) / sizeof(*OPTIONAL_SYNTAX); i++)
				if (OPTIONAL_SYNTAX[i].opcode == opcode)
					syntax = OPTIONAL_SYNTAX[i].name;
			fprintf(stderr, "%s:%d: SyntaxError: the runtime was built without %s\n", file, (int)line, syntax);
			good = false;
		}
		if (gxCodeSizes[opcode] != 0)
			continue;
		mxDecodeID(p, id);
		if (id == XS_NO_ID)
			continue;
		bool variable =
			opcode == XS_CODE_GET_VARIABLE || opcode == XS_CODE_EVAL_REFERENCE || opcode == XS_CODE_PROGRAM_REFERENCE;
		if (variable && !runtimeHasGlobal(names[id])) {
			/* A call names its function twice. */
			if (line == told && id == last)
				continue;
			told = line;
			last = id;
			fprintf(stderr, "%s:%d: ReferenceError: the runtime gives applications no %s\n", file, (int)line,
				names[id]);
			good = false;
		} else if (opcode == XS_CODE_GET_PROPERTY && runtimeLacks(names[id])) {
			fprintf(stderr, "%s:%d: warning: the runtime was built without the built-in property %s\n", file, (int)line,
				names[id]);
		}
	}
	free(names);
	return good;
}

void applicationWriteModule(FILE *output, const char *name, const txScript *script)
{
	fprintf(output, "module %s ", name);
	for (int i = 0; i < script->codeSize; i++)
		fprintf(output, "%02x", (unsigned char)script->codeBuffer[i]);
	fputc('\n', output);
}

void applicationWriteKeys(FILE *output)
{
	for (int i = 0; i < keyCount; i++) {
		fprintf(output, "key ");
		for (const unsigned char *c = (const unsigned char *)keys[i]; *c; c++)
			fprintf(output, "%02x", *c);
		fputc('\n', output);
	}
}
