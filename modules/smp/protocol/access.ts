/** Id of the access group, if the application gives it no other. */
export const ACCESS_GROUP = 64;

/** Commands of the access group (docs/SMP.md, Access). */
export const AccessCommand = Object.freeze({ CHALLENGE: 0, ANSWER: 1, LOCK: 2 } as const);

/** Error codes of the access group. */
export const AccessError = Object.freeze({ WRONG_ANSWER: 3 } as const);
