import { readFileSync } from "node:fs";
import { commandHelp, OptionError } from "../hosts/desk/node/command-options.js";
import { readFlashFile } from "../hosts/desk/node/flash-file.js";
import { type LoaderSetup, readLoader, reason } from "../hosts/desk/node/loader-setup.js";
import { OTP_SIZE } from "../hosts/desk/node/setup.js";
import { loaderConfig } from "../hosts/desk/xs/loader-config.js";
import { explain } from "../image/explain.js";
import { colourStyle, formatExplanation, plainStyle } from "../image/explain-text.js";
import { MODE_NAMES } from "../image/mode-names.js";
import { MODES, SCRATCH_LABEL } from "../modules/bootutil/modes.js";
import { OtpCounters, type OtpMemory } from "../modules/bootutil/otp-counter.js";
import { slotAreaId } from "../modules/flash/layout.js";
import { FlashMap } from "../modules/flash/map.js";
import { NorPartition } from "../modules/flash/nor.js";
import { UPLOAD_JOURNAL } from "../modules/smp/group/image/upload-journal.js";
import { onClosedPipe } from "./closed-pipe.js";
import { EXPLAIN_OPTIONS, type ExplainCommand, parseExplain } from "./explain-options.js";

// npm run explain -- [OPTION]... FLASHFILE

const SUMMARY =
	"Prints what is on the flash of a device and what the next boots will do with it. FLASHFILE holds the whole flash from address 0 on: the flash file of the simulator, or the flash of a board, read out. The command only reads it. Give the options that the boot loader was built with.";

function run(options: ExplainCommand): string {
	const { flash: path, timing, downgradePrevention } = options;
	const loader = readLoader(options);
	const { layout, build } = loader;
	const explanation = explain(openFlash(path, loader), {
		config: loaderConfig(build),
		securityCounters: new OtpCounters(readOtp(downgradePrevention === "hardware" ? `${path}.otp` : undefined)),
		timing,
	});
	if (options.json) return `${JSON.stringify(explanation, null, "\t")}\n`;
	const { signature, boot } = build;
	const checks = signature === "none" ? "hashes alone, NO SIGNATURES" : `${signature} signatures`;
	const title = `${path}: ${layout.name} layout, ${MODE_NAMES[boot.mode].title}, ${checks}`;
	const colours = process.stdout.isTTY && !process.env["NO_COLOR"];
	return formatExplanation(title, explanation, colours ? colourStyle : plainStyle);
}

/** The slots' areas, and the journal of uploads if it is there. A file may end behind the last slot: many tools read no more. */
function openFlash(path: string, { layout, build: { boot } }: LoaderSetup): FlashMap {
	const ids = Array.from({ length: boot.images }, (_, i) => [
		slotAreaId(i, "primary"),
		slotAreaId(i, "secondary"),
	]).flat();
	const areas = layout.areas.filter(
		({ id, label }) => ids.includes(id) || (MODES[boot.mode].swapRoom === "scratch" && label === SCRATCH_LABEL),
	);
	const end = Math.max(...areas.map(({ offset, size }) => offset + size));
	const memory = readFlashFile(path, layout, end);
	const journal = layout.areas.filter(({ label }) => label === UPLOAD_JOURNAL);
	return FlashMap.open({ ...layout, areas: [...areas, ...journal] }, (label) => {
		const { offset, size } = layout.areas.find((area) => area.label === label)!;
		if (offset + size > memory.length) throw new RangeError(`the file ends before ${label}`);
		return new NorPartition(memory.subarray(offset, offset + size), layout);
	});
}

/** The chip's OTP memory as the simulator keeps it: words, little endian; all bits are set where there is no file yet. */
function readOtp(path: string | undefined): OtpMemory {
	let bytes = new Uint8Array(0);
	try {
		if (path !== undefined) bytes = new Uint8Array(readFileSync(path));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT")
			throw new OptionError(`The OTP file ${path} cannot be read: ${reason(error)}.`);
	}
	if (bytes.length !== 0 && bytes.length !== OTP_SIZE)
		throw new OptionError(`The OTP file ${path} is not a file of ${OTP_SIZE} bytes.`);
	const view = new DataView(bytes.buffer);
	return {
		read: (word) => (4 * word + 4 <= view.byteLength ? view.getUint32(4 * word, true) : 0xffffffff),
		program: () => {
			throw new Error("this memory is only looked at");
		},
	};
}

onClosedPipe();
try {
	const options = parseExplain(process.argv.slice(2));
	process.stdout.write(
		options === "help"
			? commandHelp("npm run explain -- [OPTION]... FLASHFILE", SUMMARY, EXPLAIN_OPTIONS)
			: run(options),
	);
} catch (error) {
	if (!(error instanceof OptionError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 2;
}
