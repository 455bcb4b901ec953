/** Id of the shell group. */
export const SHELL_GROUP = 9;

/** Commands of the shell group (Zephyr SMP group 9, Shell management). */
export const ShellCommandId = Object.freeze({ EXECUTE: 0 } as const);

/** Error codes of the shell group (Zephyr SMP group 9, Shell management). */
export const ShellError = Object.freeze({ COMMAND_TOO_LONG: 2, EMPTY_COMMAND: 3 } as const);
