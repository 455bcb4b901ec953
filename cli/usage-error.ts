/** A command line, or a file that it names, cannot be used. The message is one sentence; the exit code is 2. */
export class UsageError extends Error {
	override readonly name: string = "UsageError";
}
