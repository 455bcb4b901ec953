/*
 * XS's numbers, xsNumber.c. toString(radix) finds the number of digits by two logarithms, which take 5 KB of libm with their
 * tables. Here the digits are counted.
 */
#include "xsAll.h"

static double digitCount(double integer, int radix)
{
	double count = 0;
	for (; integer >= 1; integer /= radix)
		count++;
	return count;
}

#undef c_log1p
#undef c_log
#define c_log1p(integer) digitCount(integer, radix)
#define c_log(radix) 1

#include "xsNumber.c"
