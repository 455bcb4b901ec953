/* Declarations only, for a compile check: see README.md. */
#ifndef ZEPHYR_STORAGE_FLASH_MAP_H
#define ZEPHYR_STORAGE_FLASH_MAP_H

struct flash_area;

#endif
