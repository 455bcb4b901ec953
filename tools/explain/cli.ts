import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { MODE_NAMES, MODES, type ModeName, OptionError } from "../../hosts/sim/options.js";
import { type Board, readBoard, reason } from "../../hosts/sim/setup.js";
import type { DowngradePrevention } from "../../hosts/sim/xs/config.js";
import { loaderConfig } from "../../hosts/sim/xs/loader-config.js";
import { SCRATCH_LABEL, type TrailerGeneration, type UpgradeMode } from "../../modules/bootutil/config.js";
import { type FlashTiming, TYPICAL_NOR } from "../../modules/bootutil/loader/shadow-flash.js";
import { OtpCounters, type OtpMemory } from "../../modules/bootutil/otp-counter.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { UPLOAD_JOURNAL } from "../../modules/smp/group/upload-journal.js";
import { type Arguments, type CommandSpec, commandHelp, parseArguments } from "../image/args.js";
import { ImageError } from "../image/error.js";
import { explain } from "./explain.js";
import { colourStyle, formatExplanation, plainStyle } from "./text.js";

// npm run explain -- [OPTIONS] FLASHFILE

const COMMAND: CommandSpec = {
	name: "explain",
	summary:
		"Says what is on the flash of a device, as the simulator keeps it or as it was read from a board, and what the next boots will do with it. FLASHFILE is the whole device from address 0 on; it is only read. The options must be those that the boot loader was built with.",
	operands: ["FLASHFILE"],
	options: [
		{ name: "images", values: ["N"], choices: ["1", "2"], help: "number of images (default 2)" },
		{ name: "mode", values: ["MODE"], choices: MODE_NAMES, help: "how the boot loader upgrades (default move)" },
		{ name: "layout", values: ["FILE"], help: "flash layout, JSON as in layouts/ (default: the OTA guide's table)" },
		{
			name: "trailer",
			values: ["GENERATION"],
			choices: ["current", "2.2"],
			help: "trailer of offset mode: since or before MCUboot 2.3 (default current)",
		},
		{
			name: "key",
			values: ["PEM"],
			help: "trusted key, public or private; may be repeated (default: the development key, which is trusted beside public keys of its type too, as in the simulator)",
		},
		{ name: "hash-only", help: "the boot loader checks hashes and no signatures" },
		{
			name: "downgrade-prevention",
			values: ["HOW"],
			choices: ["none", "version", "counter", "hardware"],
			help: "as for the simulator; the counters in the chip are read from FLASHFILE.otp (default none)",
		},
		{ name: "erase-ms", values: ["MS"], help: `time to erase a sector (default ${TYPICAL_NOR.sectorErase})` },
		{ name: "program-ms", values: ["MS"], help: `time to program a page (default ${TYPICAL_NOR.pageProgram})` },
		{ name: "page-size", values: ["BYTES"], help: `size of a page (default ${TYPICAL_NOR.pageSize})` },
		{ name: "json", help: "print JSON instead of text" },
	],
};

function run(args: Arguments): void {
	const [path = ""] = args.operands;
	const mode = (args.text("mode") ?? "move") as ModeName;
	const board = readBoard({
		layout: args.text("layout"),
		images: args.text("images") === "1" ? 1 : 2,
		mode: MODES[mode],
		trailer: (args.text("trailer") ?? "current") as TrailerGeneration,
		keys: args.all("key").map(([key = ""]) => key),
	});
	const timing = readTiming(args);
	const map = openFlash(path, board);
	const downgradePrevention = (args.text("downgrade-prevention") ?? "none") as DowngradePrevention;
	const signature = board.keys[0]!.type;
	const config = loaderConfig({
		boot: board.boot,
		signature,
		keys: board.keys.map(({ publicKey }) => Buffer.from(publicKey).toString("hex")),
		downgradePrevention,
	});
	const explanation = explain(map, {
		config: args.has("hash-only") ? { ...config, signature: "none" } : config,
		securityCounters: new OtpCounters(readOtp(downgradePrevention === "hardware" ? `${path}.otp` : undefined)),
		timing,
	});
	if (args.has("json")) {
		print(`${JSON.stringify(explanation, null, "\t")}\n`);
		return;
	}
	const checks = args.has("hash-only") ? "hashes only" : `${signature} signatures`;
	const title = `${path}: ${board.layout.name} layout, ${modeText(board.boot.mode)}, ${checks}`;
	const colours = process.stdout.isTTY && !process.env["NO_COLOR"];
	print(formatExplanation(title, explanation, colours ? colourStyle : plainStyle));
}

function readTiming(args: Arguments): FlashTiming {
	const milliseconds = (name: string, otherwise: number): number => {
		const text = args.text(name);
		if (text === undefined) return otherwise;
		if (!/^\d{1,6}(\.\d{1,6})?$/.test(text))
			throw new OptionError(`--${name} needs a number of milliseconds, not "${text}".`);
		return Number(text);
	};
	const pageSize = args.integer("page-size") ?? TYPICAL_NOR.pageSize;
	if (pageSize === 0 || (pageSize & (pageSize - 1)) !== 0 || pageSize > 65536)
		throw new OptionError("--page-size is a power of two up to 65536.");
	return {
		sectorErase: milliseconds("erase-ms", TYPICAL_NOR.sectorErase),
		pageProgram: milliseconds("program-ms", TYPICAL_NOR.pageProgram),
		pageSize,
	};
}

/** The mode as MCUboot's documentation calls it. */
const modeText = (mode: UpgradeMode): string =>
	mode.startsWith("swap-") ? `swap using ${mode.slice(5)}` : mode.replace(/-/g, " ");

/** The slots' areas, and the journal of uploads if it is there. A file may end behind the last slot: many tools read no more. */
function openFlash(path: string, { layout, boot }: Board): FlashMap {
	const ids = Array.from({ length: boot.images }, (_, i) => [
		slotAreaId(i, "primary"),
		slotAreaId(i, "secondary"),
	]).flat();
	const areas = layout.areas.filter(
		({ id, label }) => ids.includes(id) || (boot.mode === "swap-scratch" && label === SCRATCH_LABEL),
	);
	const end = Math.max(...areas.map(({ offset, size }) => offset + size));
	const memory = readFlash(path, end, layout.size, layout.name);
	const journal = layout.areas.filter(({ label }) => label === UPLOAD_JOURNAL);
	return FlashMap.open({ ...layout, areas: [...areas, ...journal] }, (label) => {
		const { offset, size } = layout.areas.find((area) => area.label === label)!;
		if (offset + size > memory.length) throw new RangeError(`the file ends before ${label}`);
		return new NorPartition(memory.subarray(offset, offset + size), layout);
	});
}

function readFlash(path: string, least: number, most: number, layout: string): Uint8Array {
	let file: number | undefined;
	try {
		file = openSync(path, "r");
		const status = fstatSync(file);
		if (!status.isFile()) throw new OptionError(`The flash file ${path} is not a file.`);
		if (status.size < least || status.size > most)
			throw new OptionError(
				`The flash file ${path} has ${status.size} bytes, but the flash of the layout ${layout} has ${most}, and its slots end at ${least}.`,
			);
		const memory = new Uint8Array(status.size);
		for (let at = 0; at < memory.length; ) {
			const length = readSync(file, memory, at, memory.length - at, at);
			if (length === 0) throw new OptionError(`The flash file ${path} got shorter while it was read.`);
			at += length;
		}
		return memory;
	} catch (error) {
		if (error instanceof OptionError) throw error;
		throw new OptionError(`The flash file ${path} cannot be read: ${reason(error)}.`);
	} finally {
		if (file !== undefined) closeSync(file);
	}
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
	const view = new DataView(bytes.buffer);
	return {
		read: (word) => (4 * word + 4 <= view.byteLength ? view.getUint32(4 * word, true) : 0xffffffff),
		program: () => {
			throw new Error("this memory is only looked at");
		},
	};
}

const print = (text: string): void => void process.stdout.write(text);

function main(args: readonly string[]): void {
	// npm takes the options in front of "--" for its own.
	if (args.includes("--help") || args.includes("-h")) print(commandHelp("npm run", { ...COMMAND, name: "explain --" }));
	else run(parseArguments(COMMAND, args));
}

try {
	main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof OptionError || error instanceof ImageError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 2;
}
