import type { Link } from "../client/link.js";
import type { Simulator } from "../tools/simulator.js";

/** What a benchmark measured. */
export interface Table {
	readonly title: string;
	readonly columns: readonly string[];
	/** A row has a cell for each column. Numbers are printed as they are. */
	readonly rows: readonly (readonly (string | number | null)[])[];
	/** How it was measured, in a sentence. */
	readonly note?: string;
}

/** Another SMP server, to measure beside the simulator. */
export interface Rival {
	/** Its address, for the table. */
	readonly name: string;
	/** Throws an Error with one sentence. */
	open(): Promise<Link>;
	/** The simulator's line of the same kind. */
	openSimulator(simulator: Simulator): Link;
	/** Of a serial line; undefined if it has no speed. */
	readonly baud?: number;
	/** Its process, if it runs on this machine. */
	readonly pid?: number;
}

/** What a command line may say of a benchmark. */
export interface BenchmarkOptions {
	/** How many devices, where it is a matter of their number. */
	readonly devices?: number;
}

/** A benchmark that `npm run bench` knows by name. */
export interface Benchmark {
	readonly name: string;
	readonly summary: string;
	/** Runs only where a rival is given. */
	readonly needsRival?: boolean;
	/** Runs only where it is named. */
	readonly byName?: boolean;
	run(rival: Rival | undefined, options?: BenchmarkOptions): Promise<readonly Table[]>;
}

/** The table's cells as text, all of a column as wide as the widest. The columns of `left` are aligned to the left. */
function padded({ columns, rows }: Table, empty: string, left: (column: number) => boolean): string[][] {
	const text = [columns, ...rows.map((row) => row.map((cell) => (cell === null ? empty : String(cell))))];
	const widths = columns.map((_, i) => Math.max(...text.map((row) => row[i]!.length)));
	return text.map((row) => row.map((cell, i) => (left(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))));
}

/** The table as lines of text: the first column to the left, the others to the right. */
export function formatTable(table: Table): string {
	const cells = padded(table, "-", (column) => column === 0);
	const [head, ...body] = cells.map((row) => `  ${row.join("  ")}`.trimEnd());
	const rule = `  ${"-".repeat(cells[0]!.reduce((sum, cell) => sum + cell.length + 2, -2))}`;
	return [table.title, "", head, rule, ...body, ...(table.note ? ["", `  ${table.note}`] : []), ""].join("\n");
}

/** The table for a document in Markdown: text to the left, numbers to the right. */
export function markdownTable(table: Table): string {
	const isText = (column: number): boolean => table.rows.every((row) => typeof row[column] === "string");
	const [head, ...body] = padded(table, "", isText).map((row) => `| ${row.join(" | ")} |`);
	const rule = padded(table, "", isText)[0]!.map((cell, i) =>
		isText(i) ? "-".repeat(cell.length) : `${"-".repeat(cell.length - 1)}:`,
	);
	return [head, `| ${rule.join(" | ")} |`, ...body, ""].join("\n");
}

/** The table as JSON: one object a row, with the columns' names as keys. */
export const tableObject = ({ title, columns, rows }: Table): object => ({
	title,
	rows: rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i]]))),
});
