import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { readFlashFile } from "../hosts/desk/node/flash-file.js";
import { type LoaderSetup, OTP_SIZE, readLoader, reason } from "../hosts/desk/node/loader-setup.js";
import { loaderConfig } from "../hosts/desk/xs/loader-config.js";
import { explain } from "../image/explain.js";
import { colourStyle, formatExplanation, plainStyle } from "../image/explain-text.js";
import { MODE_NAMES } from "../image/mode-names.js";
import { nodeDigest } from "../image/node-digest.js";
import { decryptionWith } from "../modules/bootutil/loader/encryption.js";
import { MODES, SCRATCH_LABEL } from "../modules/bootutil/modes.js";
import { OtpCounters, type OtpMemory } from "../modules/bootutil/otp-counter.js";
import { bytesOf } from "../modules/bytes/hex.js";
import { slotAreaId } from "../modules/flash/layout.js";
import { FlashMap } from "../modules/flash/map.js";
import { NorPartition } from "../modules/flash/nor.js";
import { BOOT_JOURNAL } from "../modules/smp/group/boot-journal.js";
import { UPLOAD_JOURNAL } from "../modules/smp/group/image/upload-journal.js";
import type { Context } from "./command-line.js";
import { defineExplainOptions, type ExplainCommand, readExplain } from "./explain-options.js";
import { UsageError } from "./usage-error.js";

/** Gives the command `explain` its options, and has it explain. */
export function defineExplain(command: Command, context: Context): void {
	defineExplainOptions(command).action(() => {
		const colours = context.stdout.isTTY === true && !process.env["NO_COLOR"];
		context.stdout.write(run(readExplain(command), colours));
	});
}

function run(options: ExplainCommand, colours: boolean): string {
	const { flash: path, timing, downgradePrevention } = options;
	const loader = readLoader(options);
	const { layout, build } = loader;
	const { encryptionKey: key } = build;
	const explanation = explain(openFlash(path, loader), {
		config: loaderConfig(build, key === undefined ? undefined : decryptionWith(bytesOf(key))),
		digest: nodeDigest,
		securityCounters: new OtpCounters(readOtp(downgradePrevention === "hardware" ? `${path}.otp` : undefined)),
		timing,
	});
	if (options.json) return `${JSON.stringify(explanation, null, "\t")}\n`;
	const { signature, boot } = build;
	const signatures = `${boot.pure ? "pure " : ""}${signature} signatures`;
	const checks = signature === "none" ? "hashes alone, NO SIGNATURES" : signatures;
	const title = `${path}: ${layout.name} layout, ${MODE_NAMES[boot.mode].title}, ${checks}`;
	return formatExplanation(title, explanation, colours ? colourStyle : plainStyle);
}

/** The slots' areas, and the journals of uploads and of boots if they are there. A file may end behind the last slot: many tools read no more. */
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
	const journals = layout.areas.filter(({ label }) => label === UPLOAD_JOURNAL || label === BOOT_JOURNAL);
	return FlashMap.open({ ...layout, areas: [...areas, ...journals] }, (label) => {
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
			throw new UsageError(`The OTP file ${path} cannot be read: ${reason(error)}.`);
	}
	if (bytes.length !== 0 && bytes.length !== OTP_SIZE)
		throw new UsageError(`The OTP file ${path} is not a file of ${OTP_SIZE} bytes.`);
	const view = new DataView(bytes.buffer);
	return {
		read: (word) => (4 * word + 4 <= view.byteLength ? view.getUint32(4 * word, true) : 0xffffffff),
		program: () => {
			throw new Error("this memory is only looked at");
		},
	};
}
