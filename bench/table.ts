/** What a benchmark measured. */
export interface Table {
	readonly title: string;
	readonly columns: readonly string[];
	/** A row has a cell for each column. Numbers are printed as they are. */
	readonly rows: readonly (readonly (string | number | null)[])[];
	/** How it was measured, in a sentence. */
	readonly note?: string;
}

/** A benchmark that `npm run bench` knows by name. */
export interface Benchmark {
	readonly name: string;
	readonly summary: string;
	run(): Promise<readonly Table[]>;
}

/** The table as lines of text: the first column to the left, the others to the right. */
export function formatTable({ title, columns, rows, note }: Table): string {
	const text = [columns, ...rows.map((row) => row.map((cell) => (cell === null ? "-" : String(cell))))];
	const widths = columns.map((_, i) => Math.max(...text.map((row) => row[i]!.length)));
	const line = (row: readonly string[]): string =>
		`  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}`.trimEnd();
	const [head, ...body] = text.map(line);
	const rule = `  ${"-".repeat(widths.reduce((sum, width) => sum + width + 2, -2))}`;
	return [title, "", head, rule, ...body, ...(note ? ["", `  ${note}`] : []), ""].join("\n");
}

/** The table as JSON: one object a row, with the columns' names as keys. */
export const tableObject = ({ title, columns, rows }: Table): object => ({
	title,
	rows: rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]]))),
});
