/** A value that is not what the vector says. */
export class Mismatch extends Error {}

const show = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** Throws a Mismatch unless both are the same JSON. */
export function same(what: string, actual: unknown, expected: unknown): void {
	if (actual === expected) return;
	const [is, should] = [show(actual), show(expected)];
	if (is !== should) throw new Mismatch(`${what} is ${is}, expected ${should}`);
}

/** Compares operation logs and names the first operation that differs. */
export function sameOps(actual: readonly string[], expected: readonly string[]): void {
	for (let i = 0; i < Math.max(actual.length, expected.length); i++)
		if (actual[i] !== expected[i])
			throw new Mismatch(
				`operation ${i} is ${actual[i] ?? "missing"}, expected ${expected[i] ?? "none"} (after ${actual[i - 1] ?? "the start"}; ${actual.length} of ${expected.length} operations)`,
			);
}

/** A report as it goes from one process to another. */
export type ReportData = Pick<Report, "passed" | "failures" | "skipped">;

/** What became of the checks of one file. */
export class Report {
	passed = 0;
	/** One sentence each. */
	readonly failures: string[] = [];
	/** Why something was not tried, one sentence for each. */
	readonly skipped: string[] = [];

	/** Runs one check and counts it. A check that throws anything has failed. */
	check(name: string, run: () => void): void {
		try {
			run();
			this.passed++;
		} catch (error) {
			const why =
				error instanceof Error
					? error instanceof Mismatch
						? error.message
						: (error.stack ?? error.message)
					: String(error);
			this.failures.push(`${name}: ${why}`);
		}
	}
}

/** `count` of the items, evenly spread; all if there are no more, or if no count is given. */
export function sampleOf<T>(items: readonly T[], count: number | undefined): readonly T[] {
	if (count === undefined || items.length <= count) return items;
	return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]!);
}
