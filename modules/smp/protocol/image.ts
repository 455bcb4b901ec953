/** Id of the image group. */
export const IMAGE_GROUP = 1;

/** Commands of the image group (Zephyr SMP group 1, Application/software image management). */
export const ImageCommand = Object.freeze({ STATE: 0, UPLOAD: 1, ERASE: 5, SLOT_INFO: 6 } as const);

/** Error codes of the image group (Zephyr SMP group 1, Application/software image management). */
export const ImageError = Object.freeze({
	HASH_NOT_FOUND: 8,
	NO_FREE_SLOT: 9,
	FLASH_OPEN_FAILED: 10,
	FLASH_READ_FAILED: 11,
	FLASH_WRITE_FAILED: 12,
	FLASH_ERASE_FAILED: 13,
	INVALID_SLOT: 14,
	INVALID_OFFSET: 20,
	INVALID_LENGTH: 21,
	INVALID_IMAGE_HEADER: 22,
	INVALID_IMAGE_HEADER_MAGIC: 23,
	INVALID_HASH: 24,
	INVALID_FLASH_ADDRESS: 25,
	VERSION_GET_FAILED: 26,
	CURRENT_VERSION_IS_NEWER: 27,
	IMAGE_ALREADY_PENDING: 28,
	INVALID_IMAGE_VECTOR_TABLE: 29,
	INVALID_IMAGE_TOO_LARGE: 30,
	INVALID_IMAGE_DATA_OVERRUN: 31,
	IMAGE_CONFIRMATION_DENIED: 32,
	IMAGE_SETTING_TEST_TO_ACTIVE_DENIED: 33,
} as const);
