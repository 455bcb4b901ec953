/* Declarations only, for a compile check: see README.md. */
#ifndef ZEPHYR_DRIVERS_WATCHDOG_H
#define ZEPHYR_DRIVERS_WATCHDOG_H

#include <stdint.h>

#include <zephyr/device.h>

#define WDT_FLAG_RESET_SOC 2

typedef void (*wdt_callback_t)(const struct device *device, int channel);

struct wdt_window {
	uint32_t min, max;
};

struct wdt_timeout_cfg {
	struct wdt_window window;
	wdt_callback_t callback;
	uint8_t flags;
};

int wdt_install_timeout(const struct device *device, const struct wdt_timeout_cfg *config);
int wdt_setup(const struct device *device, uint8_t options);
int wdt_disable(const struct device *device);
int wdt_feed(const struct device *device, int channel);

#endif
