/** Id of the file system group. */
export const FS_GROUP = 8;

/** Commands of the file system group (Zephyr SMP group 8, File management). */
export const FsCommand = Object.freeze({ FILE: 0, STATUS: 1, HASH: 2, HASHES: 3, CLOSE: 4 } as const);

/** Error codes of the file system group (Zephyr SMP group 8, File management). */
export const FsError = Object.freeze({
	FILE_INVALID_NAME: 2,
	FILE_NOT_FOUND: 3,
	FILE_IS_DIRECTORY: 4,
	FILE_READ_FAILED: 7,
	FILE_WRITE_FAILED: 10,
	FILE_OFFSET_NOT_VALID: 11,
	FILE_OFFSET_LARGER_THAN_FILE: 12,
	CHECKSUM_HASH_NOT_FOUND: 13,
	MOUNT_POINT_NOT_FOUND: 14,
	READ_ONLY_FILESYSTEM: 15,
	FILE_EMPTY: 16,
} as const);
