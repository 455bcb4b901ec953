import {
	type GivenOptions,
	OptionError,
	type OptionSpec,
	readCommandLine,
} from "../hosts/desk/node/command-options.js";
import { LOADER_OPTIONS, type LoaderOptions, parseLoaderOptions } from "../hosts/desk/node/loader-options.js";
import { type FlashTiming, TYPICAL_NOR } from "../modules/bootutil/loader/shadow-flash.js";

/** The command line of explain. */
export interface ExplainCommand extends LoaderOptions {
	/** Path of the flash file. */
	readonly flash: string;
	readonly timing: FlashTiming;
	readonly json: boolean;
}

/** How the boot loader is built, in the simulator's words, and what is known of the chip. */
export const EXPLAIN_OPTIONS: readonly OptionSpec[] = Object.freeze([
	...LOADER_OPTIONS,
	{
		name: "--erase-ms",
		value: "MS",
		default: String(TYPICAL_NOR.sectorErase),
		help: "time in which the flash erases a sector",
	},
	{
		name: "--program-ms",
		value: "MS",
		default: String(TYPICAL_NOR.pageProgram),
		help: "time in which the flash programs a page",
	},
	{
		name: "--page-size",
		value: "BYTES",
		default: String(TYPICAL_NOR.pageSize),
		help: "most bytes that the flash programs at once",
	},
	{ name: "--json", help: "print JSON instead of text" },
]);

/** Reads the command line; "help" if that is what it asks for. Throws an OptionError. */
export function parseExplain(args: readonly string[]): ExplainCommand | "help" {
	const given = readCommandLine(args, EXPLAIN_OPTIONS, ["FLASHFILE"]);
	if (given === "help") return "help";
	return {
		...parseLoaderOptions(given),
		flash: given.operands[0]!,
		timing: readTiming(given),
		json: given.has("--json"),
	};
}

function readTiming(given: GivenOptions): FlashTiming {
	const milliseconds = (name: string): number => {
		const text = given.text(name)!;
		if (!/^\d{1,6}(\.\d{1,6})?$/.test(text))
			throw new OptionError(`${name} needs a number of milliseconds, not "${text}".`);
		return Number(text);
	};
	const pageSize = given.count("--page-size", 65536);
	if (pageSize === 0 || (pageSize & (pageSize - 1)) !== 0)
		throw new OptionError("--page-size is a power of two up to 65536.");
	return { sectorErase: milliseconds("--erase-ms"), pageProgram: milliseconds("--program-ms"), pageSize };
}
