/** Id of the OS group. */
export const OS_GROUP = 0;

/** Commands of the OS group (Zephyr SMP group 0, Default/OS management). */
export const OsCommand = Object.freeze({
	ECHO: 0,
	CONSOLE_ECHO: 1,
	TASK_STATISTICS: 2,
	MEMORY_POOLS: 3,
	DATE_TIME: 4,
	RESET: 5,
	PARAMETERS: 6,
	INFO: 7,
	BOOTLOADER: 8,
} as const);

/** Error codes of the OS group (Zephyr SMP group 0, Default/OS management). */
export const OsError = Object.freeze({
	INVALID_FORMAT: 2,
	QUERY_YIELDS_NO_ANSWER: 3,
	RTC_NOT_SET: 4,
	RTC_COMMAND_FAILED: 5,
	QUERY_RESPONSE_VALUE_NOT_VALID: 6,
} as const);
