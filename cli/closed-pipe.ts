/**
 * Has the program end when nobody reads its output any more, as behind `| head -1`: with the exit code that it has by then, and
 * without a word. `then` does something else instead; whatever the program still writes goes nowhere. Output that cannot be
 * written for another reason, such as a full disk, ends the program with a sentence and exit code 1.
 */
export function onClosedPipe(then: () => void = () => process.exit()): void {
	for (const stream of [process.stdout, process.stderr])
		stream.on("error", ({ code, message }: NodeJS.ErrnoException) => {
			if (code === "EPIPE") return then();
			if (stream === process.stdout) process.stderr.write(`The output cannot be written: ${code ?? message}.\n`);
			process.exit(1);
		});
}
