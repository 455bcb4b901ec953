/* Walks over XS's bytecode. Include it after XS's own headers. */
#ifndef BYTECODE_H
#define BYTECODE_H

/* The instruction after the one at `p`. */
static inline txByte *codeAfter(txByte *p)
{
	txS1 size = gxCodeSizes[*(txU1 *)p];
	txU2 length2;
	txS4 length4;
	if (size > 0)
		return p + size;
	p++;
	switch (size) {
	case 0:
		return p + sizeof(txID);
	case -1:
		return p + 1 + *(txU1 *)p;
	case -2:
		mxDecode2(p, length2);
		return p + length2;
	default:
		mxDecode4(p, length4);
		return p + length4;
	}
}

#endif
