import { MODES, type UpgradeMode } from "../../modules/bootutil/modes.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import { ERASED } from "../../page/flash/operation.js";
import type { Device } from "./device.js";
import { load, recover } from "./rescue.js";

/** Which of its two images an image number runs. */
export type Role = "old" | "new";

/** What each boot from now on has to run, image by image; the last entry for ever. */
export type Fates = readonly (readonly Role[])[];

/** One thing that is done to a device, during which power fails. */
export interface Phase {
	readonly name: string;
	readonly title: string;
	/** True if sectors are swapped: worth trying with images of all sizes. */
	readonly moves: boolean;
	/** True if there is no good image to go back to. */
	readonly damaged?: boolean;
	/** True if only single cuts are tried. */
	readonly single?: boolean;
	/** Whether the boot loader fills an empty primary slot (`MCUBOOT_BOOTSTRAP`). */
	readonly bootstrap?: boolean;
	/** What the user does with a device that did not start its application. Default: switches it on again. */
	rescue?(device: Device): void;
	/** Another update, where that is no swap. Returns whether it works. */
	again?(device: Device, running: Role): boolean;
	/** Brings a device that runs its old images, with the new ones uploaded, to where the phase begins. */
	prepare(device: Device): void;
	/** What is done: one boot, or one call of the application per image. */
	run(device: Device): void;
	/** What is to be expected once `done` of its `total` flash operations are complete. */
	fates(done: number, total: number): Fates;
}

const must = (what: string, code: number): void => {
	if (code !== 0) throw new Error(`${what} returned ${code}`);
};

const request =
	(permanent: boolean, images?: readonly number[]) =>
	(device: Device): void => {
		for (const image of images ?? device.numbers) must("set_pending", device.request(image, permanent));
	};

/** An earlier update has left its traces in the trailers: the old image came in by a permanent swap. */
function usedBefore(device: Device): void {
	for (const image of device.numbers) {
		device.install(image, "new");
		device.upload(image, "old");
		must("set_pending", device.request(image, true));
	}
	device.boot();
	for (const image of device.numbers) device.upload(image, "new");
}

const confirmAll = (device: Device): void => {
	for (const image of device.numbers) must("set_confirmed", device.confirm(image));
};

/** `from` until the phase is complete, `to` from then on. */
const boots = (from: Fates, to: Fates) => ({
	moves: true,
	run: (device: Device): void => void device.boot(),
	fates: (done: number, total: number): Fates => (done < total ? from : to),
});

const TRIAL: readonly Role[] = ["new", "old"];
const NEW: readonly Role[] = ["new"];
const OLD: readonly Role[] = ["old"];

const testBoot = (device: Device): void => {
	request(false)(device);
	device.boot();
};

/** The phases that devices with one image and with two have in common. */
function commonPhases(images: number): Phase[] {
	const all = (roles: readonly Role[]): Fates => Array.from({ length: images }, () => roles);
	const after =
		(prepare: (device: Device) => void) =>
		(device: Device): void => {
			usedBefore(device);
			prepare(device);
		};
	const nothing = (): void => {};
	return [
		{ name: "up", title: "test upgrade", prepare: request(false), ...boots(all(TRIAL), all(OLD)) },
		{ name: "perm", title: "permanent upgrade", prepare: request(true), ...boots(all(NEW), all(NEW)) },
		{ name: "rev", title: "revert", prepare: testBoot, ...boots(all(OLD), all(OLD)) },
		{ name: "up2", title: "second test upgrade", prepare: after(request(false)), ...boots(all(TRIAL), all(OLD)) },
		{ name: "perm2", title: "second permanent upgrade", prepare: after(request(true)), ...boots(all(NEW), all(NEW)) },
		{ name: "rev2", title: "second revert", prepare: after(testBoot), ...boots(all(OLD), all(OLD)) },
		{
			name: "set",
			title: "boot_set_pending, for a test",
			moves: false,
			prepare: nothing,
			run: request(false),
			// One image after the other: magic, swap_info. The magic alone is the request.
			fates: (done) => Array.from({ length: images }, (_, image) => (done > 2 * image ? TRIAL : OLD)),
		},
		{
			name: "setp",
			title: "boot_set_pending, permanent",
			moves: false,
			prepare: nothing,
			run: request(true),
			// Magic, image_ok, swap_info: between the first two it is a request for a test.
			fates: (done) =>
				Array.from({ length: images }, (_, image) => {
					const own = done - 3 * image;
					return own <= 0 ? OLD : own === 1 ? TRIAL : NEW;
				}),
		},
		{
			name: "ok",
			title: "boot_set_confirmed",
			moves: false,
			prepare: testBoot,
			run: confirmAll,
			fates: (done) => Array.from({ length: images }, (_, image) => (done > image ? NEW : OLD)),
		},
		{
			name: "bad",
			title: "revert to a damaged image",
			moves: false,
			damaged: true,
			prepare: (device) => {
				testBoot(device);
				for (const image of device.numbers) device.damage(image);
			},
			run: (device) => void device.boot(),
			fates: () => all(NEW),
		},
	];
}

/** What only a device with two images can do. */
const TWO_IMAGES: readonly Phase[] = [
	{
		name: "first",
		title: "test upgrade of image 0 alone",
		prepare: request(false, [0]),
		...boots([TRIAL, OLD], [OLD, OLD]),
	},
	{
		name: "second",
		title: "test upgrade of image 1 alone",
		prepare: request(false, [1]),
		...boots([OLD, TRIAL], [OLD, OLD]),
	},
	{
		name: "mix",
		title: "test upgrade of image 0, permanent one of image 1",
		prepare: (device) => {
			request(false, [0])(device);
			request(true, [1])(device);
		},
		...boots([TRIAL, NEW], [OLD, NEW]),
	},
	{
		name: "part",
		title: "image 0 confirmed, revert of image 1",
		prepare: (device) => {
			testBoot(device);
			must("set_confirmed", device.confirm(0));
		},
		...boots([NEW, OLD], [NEW, OLD]),
	},
];

/** What helps a device that has nothing to boot. */
function rescues(images: number): Phase[] {
	const all = (roles: readonly Role[]): Fates => Array.from({ length: images }, () => roles);
	const recoverAll = (device: Device): void => {
		for (const image of device.numbers) recover(device, image, "new");
	};
	const rescue = {
		moves: false,
		damaged: true,
		run: (device: Device): void => {
			recoverAll(device);
			device.boot({ record: false });
		},
		// Until the last byte is there, nothing boots, and the rescue begins again.
		rescue: recoverAll,
		fates: () => all(NEW),
	};
	const spoilAll = (device: Device): void => {
		for (const image of device.numbers) device.spoil(image);
	};
	const fill = { moves: false, damaged: true, bootstrap: true, run: (device: Device): void => void device.boot() };
	const empty = (device: Device): void => {
		for (const image of device.numbers) device.flash.bytes(slotAreaId(image, "primary")).fill(ERASED);
	};
	return [
		{ name: "resc", title: "serial recovery without an image", prepare: spoilAll, ...rescue },
		{
			name: "resct",
			title: "serial recovery from a bad image on trial, with nothing to go back to",
			prepare: (device) => {
				testBoot(device);
				spoilAll(device);
			},
			...rescue,
		},
		{
			name: "dir",
			title: "direct upload to the secondary slot in serial recovery",
			...{ moves: false, damaged: true },
			prepare: () => {},
			run: (device) => {
				for (const image of device.numbers) recover(device, image, "new", "secondary");
			},
			fates: () => all(OLD),
		},
		{ name: "fill", title: "bootstrap", prepare: empty, ...fill, fates: () => all(NEW) },
		{
			name: "fillt",
			title: "bootstrap of an image that waits for a test",
			prepare: (device) => {
				empty(device);
				request(false)(device);
			},
			// By offset the next boot takes the image back (docs/SPEC.md, Bootstrap): a cut in there is fatal.
			single: true,
			...fill,
			fates: () => all(NEW),
		},
	];
}

/** What is done to a device with a firmware loader: it is the new image in the secondary slot. */
const LOADER_PHASES: readonly Phase[] = [
	{
		name: "load",
		title: "a firmware loader writes the application",
		...{ moves: true, damaged: true },
		prepare: (device) => device.damageApplication(),
		run: (device) => {
			load(device, "new");
			device.boot({ record: false });
		},
		rescue: (device) => {
			if (device.runsLoader) load(device, "new");
		},
		again: (device, running) => {
			const other = running === "old" ? "new" : "old";
			device.boot({ loaderWanted: true });
			if (!device.runsLoader || !device.holds(0, "secondary", "new", 0)) return false;
			load(device, other);
			return device.starts() && device.running(0) === other;
		},
		fates: () => [NEW],
	},
];

/** What is done to a device with a single slot: only serial recovery helps. */
const SINGLE_PHASES: readonly Phase[] = [
	{
		name: "load",
		title: "serial recovery replaces a bad image in the only slot",
		...{ moves: true, damaged: true },
		prepare: (device) => device.damageApplication(),
		run: (device) => {
			recover(device, 0, "new");
			device.boot({ record: false });
		},
		rescue: (device) => recover(device, 0, "new"),
		again: (device, running) => {
			const other = running === "old" ? "new" : "old";
			recover(device, 0, other);
			return device.starts() && device.running(0) === other;
		},
		// Until the last byte is there, nothing boots, and the rescue begins again.
		fates: () => [NEW],
	},
];

/** Where the newest image runs and has to be marked. The old image is in the primary slot and confirmed. */
const MARKED_PHASES: readonly Phase[] = [
	...["up", "perm", "rev", "set", "setp", "ok"].map((name) => ({
		...commonPhases(1).find((phase) => phase.name === name)!,
		// Magic, copy_done, image_ok: between the last two it is an image that was tried and that nobody confirmed.
		...(name === "setp" && {
			fates: (done: number): Fates => [done === 0 || done === 2 ? OLD : done === 1 ? TRIAL : NEW],
		}),
		damaged: true,
		again: (device: Device, running: Role): boolean => {
			// Of two that are equal the one in the primary slot runs.
			const which = running === "old" ? "secondary" : "primary";
			device.put(0, which, "new");
			if (device.bootutil.boot_set_next(device.flash.map.slot(0, which), false, false) !== 0) return false;
			const tried = device.starts() && device.runsFrom(0) === which && device.running(0) === "new";
			return tried && device.starts() && device.runsFrom(0) !== which && device.running(0) === running;
		},
	})),
];

const ONE = [...commonPhases(1), ...rescues(1)];
const BOTH = [...commonPhases(2), ...TWO_IMAGES, ...rescues(2)];

/** The phases of a device with so many images, in a mode. */
export function phasesFor(images: number, mode: UpgradeMode): readonly Phase[] {
	const { firmwareLoader, singleSlot, newest } = MODES[mode];
	if (firmwareLoader) return LOADER_PHASES;
	if (singleSlot) return SINGLE_PHASES;
	if (newest) return MARKED_PHASES;
	return images === 1 ? ONE : BOTH;
}

/** Undefined if such a device has no phase of that name. */
export const phaseNamed = (name: string, images: number, mode: UpgradeMode): Phase | undefined =>
	phasesFor(images, mode).find((phase) => phase.name === name);
