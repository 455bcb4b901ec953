/** Id of the statistics group. */
export const STATISTICS_GROUP = 2;

/** Commands of the statistics group (Zephyr SMP group 2, Statistics management). */
export const StatisticsCommand = Object.freeze({ DATA: 0, LIST: 1 } as const);

/** Error codes of the statistics group (Zephyr SMP group 2, Statistics management). */
export const StatisticsError = Object.freeze({ INVALID_GROUP: 2, INVALID_STAT_NAME: 3, INVALID_STAT_SIZE: 4 } as const);
