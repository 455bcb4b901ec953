/** Id of the settings group. */
export const SETTINGS_GROUP = 3;

/** Commands of the settings group (Zephyr SMP group 3, Settings (Config) management). */
export const SettingsCommand = Object.freeze({ VALUE: 0, DELETE: 1, COMMIT: 2, LOAD_SAVE: 3 } as const);

/** Error codes of the settings group (Zephyr SMP group 3, Settings (Config) management). */
export const SettingsError = Object.freeze({
	KEY_TOO_LONG: 2,
	KEY_NOT_FOUND: 3,
	READ_NOT_SUPPORTED: 4,
	ROOT_KEY_NOT_FOUND: 5,
	WRITE_NOT_SUPPORTED: 6,
	DELETE_NOT_SUPPORTED: 7,
	SAVE_NOT_SUPPORTED: 8,
} as const);
