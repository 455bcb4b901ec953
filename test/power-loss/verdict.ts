import { createHash } from "node:crypto";
import { BootMagic } from "../../modules/bootutil/trailer.js";
import type { Device } from "./device.js";
import type { Fates, Role } from "./phase.js";

/** What may be wrong with a device after a power cut. "Not reverted": the new image runs where the old one should. */
export type Symptom =
	| "brick"
	| "mixture"
	| "request lost"
	| "not reverted"
	| "confirmed image lost"
	| "other image damaged"
	| "restless"
	| "no more updates"
	| "record lost"
	| "untrue record"
	| "journal stuck"
	| "safe mode lost";

/** How often a device may start until it has to boot. */
const BOOT_ATTEMPTS = 3;
/** Boots after the last change of images that may still clear up. */
const CLEARING_BOOTS = 2;
/** Boots that then must not touch the flash. */
const SETTLED_BOOTS = 2;

/** A boot, repeated a few times if it comes to nothing. True if something boots. */
function bootUp(device: Device): boolean {
	for (let attempt = 0; attempt < BOOT_ATTEMPTS; attempt++) {
		if (device.starts()) return true;
		device.scenario.phase.rescue?.(device);
	}
	return false;
}

/** Compares what runs after a boot with the first entries of `fates`. */
export function wrongImage(device: Device, fates: Fates, confirmed = false): Symptom | undefined {
	for (const image of device.numbers) {
		const running = device.running(image);
		if (running === fates[image]![0]) continue;
		if (running === undefined) return "mixture";
		if (running === "new") return "not reverted";
		return confirmed ? "confirmed image lost" : "request lost";
	}
	return undefined;
}

const bootInto = (device: Device, fates: Fates, confirmed = false): Symptom | undefined =>
	bootUp(device) ? wrongImage(device, fates, confirmed) : "brick";

/** What is to be expected one boot later. */
export const nextFates = (fates: Fates): Fates => fates.map((roles) => (roles.length > 1 ? roles.slice(1) : roles));

/**
 * Judges devices after a power cut. Many cuts end in the same flash contents; what follows from those is worked out once.
 */
export class Judge {
	readonly #device: Device;
	readonly #known = new Map<string, Symptom | undefined>();

	constructor(device: Device) {
		this.#device = device;
	}

	/** Switches the device on until it has settled. Returns what is wrong with it, undefined if nothing is. */
	judge(fates: Fates): Symptom | undefined {
		const fault = bootInto(this.#device, fates);
		if (fault !== undefined) return fault;
		return this.#remember(fates, () => this.#afterFirstBoot(fates));
	}

	#remember(fates: Fates, judge: () => Symptom | undefined): Symptom | undefined {
		const key = `${fates.join(";")} ${createHash("sha1").update(this.#device.flash.memory).digest("base64")}`;
		if (!this.#known.has(key)) this.#known.set(key, judge());
		return this.#known.get(key);
	}

	/** Two ways from here: the application confirms what runs, or it does not. */
	#afterFirstBoot(fates: Fates): Symptom | undefined {
		const device = this.#device;
		const { memory } = device.flash;
		const here = memory.slice();
		const { booted } = device;
		const unconfirmed = this.#settle(nextFates(fates), false);
		if (unconfirmed !== undefined) return unconfirmed;
		memory.set(here);
		device.booted = booted;
		for (const image of device.numbers) if (device.confirm(image) !== 0) return "confirmed image lost";
		return this.#settle(
			fates.map((roles) => roles.slice(0, 1)),
			true,
		);
	}

	/** Boots until nothing is to change any more; then the device has to be at rest, and fit for the next update. */
	#settle(fates: Fates, confirmed: boolean): Symptom | undefined {
		const device = this.#device;
		const last = Math.max(...fates.map((roles) => roles.length)) - 1;
		let due = fates;
		for (let boot = 0; boot < last + CLEARING_BOOTS + SETTLED_BOOTS; boot++) {
			const fault = bootInto(device, due, confirmed);
			if (fault !== undefined) return fault;
			if (boot >= last + CLEARING_BOOTS && device.flash.ops.length > 0) return "restless";
			due = nextFates(due);
		}
		return this.#updateAgain(due.map((roles) => roles[0]!));
	}

	/** The other images must have survived, and an update to them, unconfirmed, must work and be reverted. */
	#updateAgain(running: readonly Role[]): Symptom | undefined {
		const device = this.#device;
		const { again } = device.scenario.phase;
		if (again) return again(device, running[0]!) ? undefined : "no more updates";
		const damaged = device.scenario.phase.damaged === true;
		for (const image of device.numbers) {
			const here = running[image]!;
			const other = here === "old" ? "new" : "old";
			// By offset, an image waits for its swap at the second sector and is put by in the first.
			const offset = here === "old" ? device.uploadOffset : 0;
			if (!damaged && !device.holds(image, "secondary", other, offset)) return "other image damaged";
			const trailer = device.trailer(image, "secondary").read();
			const ready = !damaged && offset === device.uploadOffset && trailer.magic === BootMagic.UNSET;
			if (!ready) device.upload(image, other);
			if (device.request(image, false) !== 0) return "no more updates";
		}
		const trial: Fates = running.map((here) => [here === "old" ? "new" : "old", here]);
		const isFault = bootInto(device, trial) ?? bootInto(device, nextFates(trial));
		return isFault === undefined ? undefined : "no more updates";
	}
}
