import { Device, type Platform, unsupported, versionName } from "./device.js";
import type { BootOutcome, NextBoot, Recovery, Scenario, Step, Sweep } from "./format.js";
import { fromHex } from "./hex.js";
import { Mismatch, type Report, same, sameOps, sampleOf } from "./report.js";

/** What the scenarios of a file refer to. */
export interface Material {
	image(name: string): Uint8Array;
	key(name: string): Uint8Array;
	/** The sectors that dumps number. */
	readonly sectors: Uint8Array;
	readonly sectorSize: number;
}

/** So many scenarios or images of a file, cuts of a sweep and second cuts of a cut; all if undefined. */
export type Sample = number | undefined;

/** Runs a scenario: its steps count as one check, every power cut and every second power cut as one each. */
export function runScenario(
	scenario: Scenario,
	material: Material,
	platform: Platform,
	sample: Sample,
	report: Report,
): void {
	const lacking = unsupported(scenario.config);
	if (lacking !== undefined) {
		report.skipped.push(`${scenario.name}: ${lacking}`);
		return;
	}
	const keys = scenario.trusted_keys.map((name) => material.key(name));
	const device = new Device(scenario.config, keys, platform);
	if (scenario.nv_counters_initial) device.counters = [...scenario.nv_counters_initial];
	report.check(scenario.name, () => {
		scenario.steps.forEach((step, number) => {
			explain(device, `step ${number} (${step.do})`, () => {
				if (step.do === "sweep") runSweep(`${scenario.name}, step ${number}`, step, device, material, sample, report);
				else runStep(step, device, material);
			});
		});
	});
}

/** Adds to a mismatch where it was found and what the loader said in its last boot. */
function explain(device: Device, where: string, run: () => void): void {
	try {
		run();
	} catch (error) {
		if (!(error instanceof Mismatch)) throw error;
		const said = device.log.map((line) => `\n      loader: ${line}`).join("");
		throw new Mismatch(`${where}: ${error.message}${said}`);
	}
}

function runStep(step: Exclude<Step, Sweep>, device: Device, material: Material): void {
	const { flash, bootutil } = device;
	switch (step.do) {
		case "program": {
			const area = flash.bytes(step.area);
			if (step.erase_area_first) area.fill(device.erased);
			area.set(material.image(step.image), step.offset);
			return;
		}
		case "poke":
			flash.bytes(step.area).set(fromHex(step.hex), step.offset);
			return;
		case "erase":
			flash.bytes(step.area).fill(device.erased, step.offset, step.offset + step.len);
			return;
		case "set_nv":
			device.counters = [...step.values];
			return;
		case "boot": {
			same("swap type before", device.swapTypes(), step.swap_type_before);
			const outcome = device.boot();
			if (step.ops) sameOps(flash.ops, step.ops);
			checkOutcome(outcome, step.result);
			same("swap type after", device.swapTypes(), step.swap_type_after);
			for (const [id, row] of Object.entries(step.trailers))
				for (const field of ["magic", "swap_type", "copy_done", "image_ok", "image_num"] as const)
					same(`trailer of area ${id}: ${field}`, device.trailer(Number(id))[field], row[field]);
			if (step.nv_counters) same("hardware counters", device.counters, step.nv_counters);
			if (step.dump) checkDump(device, material, step.dump);
			same("SHA-256 of the flash", device.hash(), step.flash_sha256);
			return;
		}
		default: {
			flash.powerOn(step.cut_after_ops);
			const call = (): number => {
				if (step.do === "set_pending") return bootutil.boot_set_pending_multi(step.image, step.permanent);
				if (step.do === "set_confirmed") return bootutil.boot_set_confirmed_multi(step.image);
				return bootutil.boot_set_next(flash.map.area(step.area), step.active, step.confirm);
			};
			const rc = call();
			if (step.ops) sameOps(flash.ops, step.ops);
			same("return code", flash.cut ? null : rc, step.rc);
			same("swap type after", device.swapTypes(), step.swap_type_after);
			same("SHA-256 of the flash", device.hash(), step.flash_sha256);
		}
	}
}

function runSweep(
	name: string,
	sweep: Sweep,
	device: Device,
	material: Material,
	sample: Sample,
	report: Report,
): void {
	const start = device.flash.memory.slice();
	const counters = [...device.counters];
	const restore = (): void => {
		device.flash.memory.set(start);
		device.counters = [...counters];
	};
	same("swap type before", device.swapTypes(), sweep.swap_type_before);
	const { uninterrupted } = sweep;
	const outcome = device.boot();
	sameOps(device.flash.ops, uninterrupted.ops);
	checkOutcome(outcome, uninterrupted.result);
	same("swap type after", device.swapTypes(), uninterrupted.swap_type_after);
	if (uninterrupted.nv_counters) same("hardware counters", device.counters, uninterrupted.nv_counters);
	if (uninterrupted.dump) checkDump(device, material, uninterrupted.dump);
	same("SHA-256 of the flash", device.hash(), uninterrupted.flash_sha256);
	explain(device, "next boot", () => checkNextBoot(device, uninterrupted.next_boot));
	for (const cut of sampleOf(sweep.cuts, sample)) {
		let atCut = start;
		let countersAtCut = counters;
		report.check(`${name}, cut after ${cut.k} operations`, () => {
			restore();
			device.boot(cut.k, sweep.torn);
			atCut = device.flash.memory.slice();
			countersAtCut = [...device.counters];
			same("SHA-256 at the cut", device.hash().slice(0, 32), cut.cut_sha);
			same("swap type at the cut", device.swapTypes(), cut.swap_type_at_cut);
			if (cut.cut_dump) checkDump(device, material, cut.cut_dump);
			explain(device, "recovery", () => checkRecovery(device, material, cut.recovery));
			const next = cut.next_boot;
			if (next) explain(device, "next boot", () => checkNextBoot(device, next));
		});
		for (const second of sampleOf(cut.second_cuts ?? [], sample))
			report.check(`${name}, cuts after ${cut.k} and ${second.j} operations`, () => {
				device.flash.memory.set(atCut);
				device.counters = [...countersAtCut];
				device.boot(second.j, sweep.torn);
				same("SHA-256 at the cut", device.hash().slice(0, 32), second.cut_sha);
				explain(device, "recovery", () => checkRecovery(device, material, second.recovery));
			});
	}
	restore();
}

function checkRecovery(device: Device, material: Material, expected: Recovery): void {
	const outcome = device.boot();
	if (expected.ops) sameOps(device.flash.ops, expected.ops);
	checkOutcome(outcome, expected.result);
	if (expected.ops_sha !== undefined) {
		const log = Uint8Array.from(device.flash.ops.join("\n"), (character) => character.charCodeAt(0));
		same("SHA-256 of the operations", device.hashOf(log).slice(0, 32), expected.ops_sha);
	}
	same("swap type after", device.swapTypes(), expected.swap_type_after);
	if (expected.nv_counters) same("hardware counters", device.counters, expected.nv_counters);
	if (expected.dump) checkDump(device, material, expected.dump);
	same("SHA-256 of the flash", device.hash().slice(0, 32), expected.flash_sha);
}

function checkNextBoot(device: Device, expected: NextBoot): void {
	checkOutcome(device.boot(), expected.result);
	same("swap type after", device.swapTypes(), expected.swap_type_after);
	const hash = expected.flash_sha256 ?? expected.flash_sha;
	if (hash !== undefined) same("SHA-256 of the flash", device.hash().slice(0, hash.length), hash);
}

/** Compares what the vector tells of a boot; a vector tells nothing of the image if there is none to run. */
export function checkOutcome(actual: ReturnType<Device["boot"]>, expected: BootOutcome): void {
	if (!actual) throw new Mismatch("the power failed in a boot that should run to its end");
	same("outcome", actual.status, expected.status ?? "returned");
	same("ok", actual.ok, expected.ok ?? false);
	if (expected.version !== undefined) same("version", actual.version, versionName(expected.version));
	if (expected.image_off !== undefined) same("image offset", actual.image_off, expected.image_off);
	if (expected.hdr_size !== undefined) same("header size", actual.hdr_size, expected.hdr_size);
	same("number of operations", actual.nops, expected.nops);
	same("violations", actual.violations, expected.violations ?? 0);
}

/** Compares the flash sector by sector, to name the first one that differs. */
function checkDump(device: Device, material: Material, dump: readonly number[]): void {
	const { sectorSize, sectors } = material;
	let at = 0;
	for (const entry of dump) {
		const count = entry < 0 ? -entry : 1;
		for (let i = 0; i < count; i++, at += sectorSize) {
			const actual = device.flash.memory.subarray(at, at + sectorSize);
			const right =
				entry < 0
					? actual.every((byte) => byte === device.erased)
					: actual.every((byte, offset) => byte === sectors[entry * sectorSize + offset]);
			if (!right) throw new Mismatch(`the flash differs in the sector at 0x${at.toString(16)}`);
		}
	}
	same("bytes of the dump", at, device.flash.memory.length);
}
