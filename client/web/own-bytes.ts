/**
 * Bytes in memory of their own, which is not shared with another thread: browsers take no others. TypeScript has had a name for
 * that since version 5.7.
 */
export type OwnBytes = ReturnType<Uint8Array["slice"]>;
