/** Id of the Zephyr group. */
export const ZEPHYR_GROUP = 63;

/** Commands of the Zephyr group (Zephyr SMP group 63, Zephyr basic management). */
export const ZephyrCommand = Object.freeze({ ERASE_STORAGE: 0 } as const);

/** Error codes of the group (Zephyr SMP group 63, Zephyr basic management). */
export const ZephyrError = Object.freeze({
	FLASH_OPEN_FAILED: 2,
	FLASH_CONFIG_QUERY_FAIL: 3,
	FLASH_ERASE_FAILED: 4,
} as const);
