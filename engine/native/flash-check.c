#include "native.h"

#define ERASED 0xff

uint32_t flashArgument(xsMachine *the, xsSlot *slot)
{
	double value = xsToNumber(*slot);
	if (!(value >= 0 && value <= UINT32_MAX))
		xsRangeError("not an address");
	return (uint32_t)value;
}

void flashInside(xsMachine *the, uint32_t size, uint32_t address, uint32_t length, uint32_t unit)
{
	if (address > size || length > size - address)
		xsRangeError("outside the flash");
	if (address % unit || length % unit)
		xsRangeError("not a multiple of %d", (int)unit);
}

bool flashBlank(const uint8_t *bytes, size_t length)
{
	for (; length > 0; bytes++, length--)
		if (*bytes != ERASED)
			return false;
	return true;
}
