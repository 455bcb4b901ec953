/* Declarations only, for a compile check: see README.md. */
#ifndef ZEPHYR_DEVICE_H
#define ZEPHYR_DEVICE_H

#include <stdbool.h>

#include <zephyr/devicetree.h>

struct device {
	const char *name;
};

bool device_is_ready(const struct device *device);

#endif
