/** Id of the last error group. */
export const LAST_ERROR_GROUP = 66;

/** Commands of the last error group (docs/SMP.md, Groups). */
export const LastErrorCommand = Object.freeze({ LAST: 0 } as const);
