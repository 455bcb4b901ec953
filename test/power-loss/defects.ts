import { IMAGE_MAGIC, signedSize } from "../../modules/bootutil/header.js";
import { BootFlag, BootMagic, SwapType } from "../../modules/bootutil/trailer.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import type { Device } from "./device.js";
import type { Fates } from "./phase.js";
import type { Symptom } from "./verdict.js";

/** A defect of MCUboot itself, which the loader here shares because it does what MCUboot does. */
export interface Defect {
	readonly name: string;
	readonly title: string;
	/** What may come of it. */
	readonly symptoms: readonly Symptom[];
	/** Power cuts that it takes. */
	readonly cuts: 1 | 2;
	/** Runs that show it. */
	readonly examples: readonly string[];
	/** Whether an image of the device, as power fails, is caught in it; `fates` is what should become of the images. */
	catches(device: Device, image: number, fates: Fates): boolean;
}

/** A swap that is under way by the primary trailer: how far it has come. */
interface Progress {
	readonly revert: boolean;
	/** Index of the last pair of sectors. */
	readonly last: number;
	/** Status records written. */
	readonly records: number;
}

/** Undefined if no swap by offset is under way in this image. */
function offsetSwap(device: Device, image: number): Progress | undefined {
	if (device.bootutil.config.mode !== "swap-offset") return undefined;
	const trailer = device.trailer(image, "primary");
	const { magic, copyDone, swapType } = trailer.read();
	if (magic !== BootMagic.GOOD || copyDone !== BootFlag.UNSET) return undefined;
	const { area } = trailer;
	return {
		revert: swapType === SwapType.REVERT,
		last: Math.max(0, Math.ceil(trailer.swapSize() / area.sectorSize) - 1),
		records: device.records(image, "primary"),
	};
}

const hasMagic = (device: Device, image: number, which: "primary" | "secondary"): boolean =>
	device.trailer(image, which).read().magic === BootMagic.GOOD;

/** The forward swap that the next boot is to resume. */
function resumable(device: Device, image: number): Progress | undefined {
	const swap = offsetSwap(device, image);
	return swap?.revert === false && !hasMagic(device, image, "secondary") ? swap : undefined;
}

/** True if no trailer says any more that images are to be swapped. */
const forgotten = (device: Device, image: number): boolean =>
	!hasMagic(device, image, "primary") && !hasMagic(device, image, "secondary");

function isOnTrial(device: Device, image: number): boolean {
	const { magic, copyDone, imageOk } = device.trailer(image, "primary").read();
	return magic === BootMagic.GOOD && copyDone === BootFlag.SET && imageOk === BootFlag.UNSET;
}

const primaryBytes = (device: Device, image: number): Uint8Array => device.flash.bytes(slotAreaId(image, "primary"));
const secondaryBytes = (device: Device, image: number): Uint8Array =>
	device.flash.bytes(slotAreaId(image, "secondary"));

export const DEFECTS: readonly Defect[] = [
	{
		name: "one-pair",
		title: "offset: a swap of one pair of sectors is cut while the first primary sector is without a header",
		symptoms: ["brick"],
		cuts: 1,
		examples: ["o4-one-up-13", "e4-one-up-12"],
		catches(device, image) {
			const swap = resumable(device, image);
			return swap?.last === 0 && swap.records === 1 && device.header(image, "primary").magic !== IMAGE_MAGIC;
		},
	},
	{
		name: "shrinking-last-pair",
		title: "offset: a swap to a much smaller image is cut before the last sector of the old one is saved",
		symptoms: ["not reverted", "other image damaged"],
		cuts: 1,
		examples: ["o4-shrink-up-42"],
		catches(device, image) {
			const swap = resumable(device, image);
			if (!swap || swap.last === 0 || swap.records !== 2 * swap.last) return false;
			const { sectorSize } = device.scenario.geometry;
			const [tlvs] = device.trailer(image, "primary").tlvSizes();
			const header = device.header(image, "primary");
			if (swap.last <= Math.ceil((signedSize(header) + tlvs) / sectorSize)) return false;
			const [start, end] = [swap.last * sectorSize, (swap.last + 1) * sectorSize];
			const saved = secondaryBytes(device, image).subarray(start, end);
			return Buffer.compare(saved, primaryBytes(device, image).subarray(start, end)) !== 0;
		},
	},
	{
		name: "lost-request",
		title: "several images: a swap is cut before its first step, and again while it is prepared anew",
		symptoms: ["request lost"],
		cuts: 2,
		examples: ["m4d-same-up-5-1", "o4d-same-up-6-1"],
		catches: (device, image, fates) =>
			device.scenario.geometry.images > 1 &&
			fates[image]![0] === "new" &&
			device.running(image) === "old" &&
			forgotten(device, image),
	},
	{
		name: "lost-revert",
		title: "the request of a revert is cut within its magic, and the next boot before it has made another one",
		symptoms: ["not reverted"],
		cuts: 2,
		examples: ["m4-same-rev-3t1-1", "o4-same-rev-5t1-1"],
		catches: (device, image, fates) =>
			fates[image]![0] === "old" &&
			device.running(image) === "new" &&
			device.trailer(image, "secondary").read().magic === BootMagic.BAD &&
			forgotten(device, image),
	},
	{
		name: "revert-restarted",
		title: "offset: a revert is cut in its first pair of sectors, and again when it has been requested anew",
		symptoms: ["brick", "other image damaged"],
		cuts: 2,
		examples: ["o4-same-rev-21-6", "e4-same-rev-19-5"],
		catches(device, image) {
			const swap = offsetSwap(device, image);
			if (!swap?.revert || swap.records === 0 || !hasMagic(device, image, "secondary")) return false;
			return device.running(image) !== "new";
		},
	},
	{
		name: "half-set-flag",
		title: "a flag is half programmed: it counts neither as set nor as unset",
		symptoms: ["not reverted", "request lost"],
		cuts: 1,
		examples: [
			"m4-same-up-59h",
			"o4-same-up-42h",
			"m4-same-setp-1h",
			"m4-same-ok-0h",
			"r4-same-up-0h",
			"r4-same-setp-1h",
		],
		catches(device, image, fates) {
			const roles = fates[image]!;
			const primary = device.trailer(image, "primary").read();
			const secondary = device.trailer(image, "secondary").read();
			// Where the newest image runs, the flag of an image on trial is in its own slot.
			if (device.bootutil.mode.newest)
				return (
					roles.at(-1) === "old" &&
					roles[0] === "new" &&
					secondary.magic === BootMagic.GOOD &&
					secondary.copyDone === BootFlag.BAD
				);
			if (device.running(image) === "old")
				return roles[0] === "new" && secondary.magic === BootMagic.GOOD && secondary.imageOk === BootFlag.BAD;
			if (device.running(image) !== "new" || roles.at(-1) !== "old" || primary.magic !== BootMagic.GOOD) return false;
			if (primary.imageOk === BootFlag.BAD || primary.copyDone === BootFlag.BAD) return true;
			// An image swapped before one whose copy_done is bad does not wait for it any more: it is reverted at once.
			return (
				roles[0] === "new" &&
				device.numbers.some(
					(other) => other > image && device.trailer(other, "primary").read().copyDone === BootFlag.BAD,
				)
			);
		},
	},
	{
		name: "endless-revert",
		title: "offset: a revert without an image to go back to is tried at every boot",
		symptoms: ["restless"],
		cuts: 1,
		examples: ["o4-same-bad-0", "o4-same-resct-18"],
		catches(device, image) {
			if (device.bootutil.config.mode !== "swap-offset") return false;
			const { name } = device.scenario.phase;
			// A rescue may be cut when the image is whole and the trailer still that of the one before, which was on trial.
			const isThere = device.numbers.every((number) => device.running(number) === "new");
			return name === "bad" || (name === "resct" && isThere && isOnTrial(device, image));
		},
	},
	{
		name: "bootstrap-header",
		title: "bootstrap is cut within the magic of the image header: the slot does not count as empty any more",
		symptoms: ["brick"],
		cuts: 1,
		examples: ["m1-same-fill-4t1", "o1-same-fill-4t1"],
		catches(device, image) {
			const { magic } = device.header(image, "primary");
			return device.scenario.phase.bootstrap === true && magic !== IMAGE_MAGIC && magic !== 0xffffffff;
		},
	},
	{
		name: "bootstrap-magic",
		title: "bootstrap is cut within the magic of the primary trailer: the image runs, and cannot be confirmed",
		symptoms: ["confirmed image lost"],
		cuts: 1,
		examples: ["m4-same-fill-16t1", "o4-same-fill-16t1"],
		catches: (device, image) =>
			device.scenario.phase.bootstrap === true &&
			device.running(image) === "new" &&
			!hasMagic(device, image, "secondary") &&
			device.trailer(image, "primary").read().magic === BootMagic.BAD,
	},
];

/** The defects that a device is caught in as power fails for the `cuts`th time. */
export const caughtIn = (device: Device, fates: Fates, cuts: number): Defect[] =>
	DEFECTS.filter(
		(defect) => cuts >= defect.cuts && device.numbers.some((image) => defect.catches(device, image, fates)),
	);
