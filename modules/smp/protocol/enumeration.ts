/** Id of the enumeration group. */
export const ENUMERATION_GROUP = 10;

/** Commands of the enumeration group (Zephyr SMP group 10, Enumeration management). */
export const EnumerationCommand = Object.freeze({ COUNT: 0, LIST: 1, SINGLE: 2, DETAILS: 3 } as const);

/** Error codes of the enumeration group (Zephyr SMP group 10, Enumeration management). */
export const EnumerationError = Object.freeze({ TOO_MANY_GROUP_ENTRIES: 2, INDEX_TOO_LARGE: 4 } as const);
