/** The exit code after Ctrl-C: 128 and the number of SIGINT, as shells have it. */
export const INTERRUPTED = 130;
