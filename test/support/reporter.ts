import Mocha from "mocha";

/** mocha's spec reporter, then the counts on the very last line: `N passed, M failed[, K skipped]`. */
export default class Reporter extends Mocha.reporters.Spec {
	constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
		super(runner, options);
		runner.once("end", () => {
			const { passes, failures, pending } = this.stats;
			const skipped = pending > 0 ? `, ${pending} skipped` : "";
			process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
		});
	}
}
