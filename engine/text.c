#include <string.h>

#include "xsmc.h"

#include "runtime.h"

/*
 * XS holds strings as CESU-8: a character beyond U+FFFF as two surrogates of three bytes each, U+0000 as two bytes.
 * Both shrink in UTF-8, and a lone surrogate becomes U+FFFD, which is as long; so the result fits where the string did.
 */
static unsigned surrogate(const uint8_t *c)
{
	return c[0] == 0xed && c[1] >= 0xa0 ? 0xd000u | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu) : 0;
}

static int32_t toUTF8(const uint8_t *from, uint8_t *to)
{
	const uint8_t *start = to;
	while (*from) {
		unsigned high = surrogate(from);
		unsigned low = high && high < 0xdc00 ? surrogate(from + 3) : 0;
		if (low >= 0xdc00) {
			unsigned character = 0x10000 + ((high & 0x3ff) << 10 | (low & 0x3ff));
			*to++ = (uint8_t)(0xf0 | character >> 18);
			*to++ = (uint8_t)(0x80 | (character >> 12 & 0x3f));
			*to++ = (uint8_t)(0x80 | (character >> 6 & 0x3f));
			*to++ = (uint8_t)(0x80 | (character & 0x3f));
			from += 6;
		} else if (high) {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			from += 3;
		} else if (from[0] == 0xc0 && from[1] == 0x80) {
			*to++ = 0;
			from += 2;
		} else {
			*to++ = *from++;
		}
	}
	return (int32_t)(to - start);
}

static void xs_encode(xsMachine *the)
{
	if (xsmcArgc == 0 || xsmcTypeOf(xsArg(0)) == xsUndefinedType) {
		xsmcSetArrayBuffer(xsResult, NULL, 0);
	} else {
		xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)strlen(xsmcToString(xsArg(0))));
		/* Nothing allocates between the two pointers and their use. */
		int32_t length = toUTF8((uint8_t *)xsmcToString(xsArg(0)), xsmcToArrayBuffer(xsResult));
		xsmcSetArrayBufferLength(xsResult, length);
	}
	xsmcNew(xsResult, xsGlobal, xsID("Uint8Array"), &xsResult, NULL);
}

static void xs_TextEncoder(xsMachine *the)
{
	if (xsmcTypeOf(xsTarget) == xsUndefinedType)
		xsTypeError("TextEncoder: call it with new");
	xsmcVars(1);
	xsmcGet(xsVar(0), xsTarget, xsID("prototype"));
	xsmcSetNewHostInstance(xsResult, xsVar(0));
}

void runtimeDefineTextEncoder(xsMachine *the)
{
	static const RuntimeFunction methods[] = { { "encode", xs_encode, 1 }, { NULL, NULL, 0 } };
	xsBeginHost(the);
	xsmcSetNewObject(xsResult);
	runtimeDefineFunctions(the, &xsResult, methods);
	xsResult = xsNewHostConstructorObject(xs_TextEncoder, 0, xsResult, xsID("TextEncoder"));
	xsmcDefine(xsGlobal, xsID("TextEncoder"), xsResult, xsDontEnum);
	xsEndHost(the);
}
