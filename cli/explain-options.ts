import { type Command, Option } from "commander";
import { type LoaderOptions, loaderOptions, readLoaderOptions } from "../hosts/desk/node/loader-options.js";
import { FLASH_CHIP_NAMES, FLASH_CHIPS, type FlashChip } from "../modules/bootutil/loader/flash-chips.js";
import type { FlashTiming } from "../modules/flash/timing.js";
import { choiceOption, newProgram, parsed, quote, readLine } from "./command-line.js";
import { UsageError } from "./usage-error.js";

/** The command line of explain. */
export interface ExplainCommand extends LoaderOptions {
	/** Path of the flash file. */
	readonly flash: string;
	readonly timing: FlashTiming;
	readonly json: boolean;
}

const SUMMARY =
	"Print what is on the flash of a device and what the next boots will do with it. FLASHFILE holds the whole flash from address 0 on: the flash file of the simulator, or the flash of a board, read out. The command only reads it. Give the options that the boot loader was built with.";

/** Gives a command the options of explain: how the boot loader is built, as in the simulator, and facts of the chip. */
export function defineExplainOptions(command: Command): Command {
	command.description(SUMMARY).argument("<FLASHFILE>");
	for (const option of loaderOptions()) command.addOption(option);
	return command
		.addOption(
			choiceOption(
				"--flash-timing <CHIP>",
				"the flash chip, as for the simulated device; the next three options are for another chip",
				FLASH_CHIP_NAMES,
			).default("w25q32jv"),
		)
		.addOption(parsed("--erase-ms <MS>", "time in which the flash erases a sector (default the chip's)", milliseconds))
		.addOption(
			parsed("--program-ms <MS>", "time in which the flash programs a page (default the chip's)", milliseconds),
		)
		.addOption(
			parsed("--page-size <BYTES>", "most bytes that the flash programs at once (default the chip's)", pageSize),
		)
		.addOption(new Option("--json", "print JSON instead of text"));
}

/** Reads a command line. Throws a UsageError. */
export function parseExplain(args: readonly string[]): ExplainCommand {
	const silent = { write: () => {} };
	return readExplain(readLine(defineExplainOptions(newProgram("explain", { stdout: silent, stderr: silent })), args));
}

/** The options of a command line that was read. Throws a UsageError. */
export function readExplain(command: Command): ExplainCommand {
	const given = command.opts<{
		flashTiming: FlashChip;
		eraseMs?: number;
		programMs?: number;
		pageSize?: number;
		json?: boolean;
	}>();
	const chip = FLASH_CHIPS[given.flashTiming];
	return {
		...readLoaderOptions(command),
		flash: command.args[0]!,
		timing: {
			sectorErase: given.eraseMs ?? chip.sectorErase,
			pageProgram: given.programMs ?? chip.pageProgram,
			pageSize: given.pageSize ?? chip.pageSize,
		},
		json: given.json ?? false,
	};
}

function milliseconds(text: string, name: string): number {
	if (/^\d{1,6}(\.\d{1,6})?$/.test(text)) return Number(text);
	throw new UsageError(`${name} needs a number of milliseconds, not ${quote(text)}.`);
}

function pageSize(text: string, name: string): number {
	const size = /^\d{1,5}$/.test(text) ? Number(text) : 0;
	if (size > 0 && size <= 65536 && (size & (size - 1)) === 0) return size;
	throw new UsageError(`${name} is a power of two up to 65536, not ${quote(text)}.`);
}
