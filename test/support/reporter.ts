import path from "node:path";
import Mocha from "mocha";

/** So many files the table of durations names. */
const ROWS = 20;

interface File {
	tests: number;
	/** What its tests and hooks took, milliseconds. */
	duration: number;
}

/**
 * mocha's spec reporter, then a table of the files that took longest, and then the counts on the very last line:
 * `N passed, M failed[, K skipped]`.
 */
export default class Reporter extends Mocha.reporters.Spec {
	constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
		super(runner, options);
		const started = Date.now();
		const files = new Map<string, File>();
		const add = ({ file, duration = 0 }: Mocha.Runnable, tests: number): void => {
			// mocha's own hooks are in no file.
			if (file === undefined) return;
			const found = files.get(file) ?? { tests: 0, duration: 0 };
			files.set(file, { tests: found.tests + tests, duration: found.duration + duration });
		};
		runner.on("test end", (test) => add(test, 1));
		runner.on("hook end", (hook) => add(hook, 0));
		runner.once("end", () => {
			const { passes, failures, pending } = this.stats;
			if (files.size > 1) process.stdout.write(`${table(files, Date.now() - started)}\n`);
			const skipped = pending > 0 ? `, ${pending} skipped` : "";
			process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
		});
	}
}

/** The slowest files first. Files run at the same time, so that their sum is more than what the run took. */
function table(files: ReadonlyMap<string, File>, elapsed: number): string {
	const row = (duration: number, tests: number, name: string): string =>
		`${(duration / 1000).toFixed(1).padStart(9)} ${String(tests).padStart(6)}  ${name}`;
	const all = Array.from(files, ([name, file]) => ({ ...file, name: path.relative("dist/test", name) }));
	all.sort((a, b) => b.duration - a.duration);
	const rest = all.slice(ROWS);
	const sum = (of: readonly File[], what: keyof File): number => of.reduce((total, file) => total + file[what], 0);
	return [
		"  seconds  tests  file",
		...all.slice(0, ROWS).map(({ duration, tests, name }) => row(duration, tests, name)),
		...(rest.length > 0 ? [row(sum(rest, "duration"), sum(rest, "tests"), `${rest.length} more files`)] : []),
		row(sum(all, "duration"), sum(all, "tests"), `all, within ${(elapsed / 1000).toFixed(1)} s`),
		"",
	].join("\n");
}
