import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { UsageError } from "../../../cli/usage-error.js";
import { createImage, type HashName } from "../../../image/create.js";
import type { Key } from "../../../image/keys.js";
import type { BootConfig } from "../../../modules/bootutil/config.js";
import { MODES, runsFromRam } from "../../../modules/bootutil/modes.js";
import { appMaxSize, Trailer } from "../../../modules/bootutil/trailer.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import type { SimConfig } from "../xs/config.js";
import { IMAGE_RAM } from "../xs/loader-config.js";
import { reason } from "./loader-setup.js";
import type { Setup } from "./setup.js";

/** Payload sizes of the factory images, bytes: two that tell each other apart. */
const PAYLOADS = [24 * 1024, 40 * 1024];
/** Room for header and TLVs of any signature, bytes. */
const OVERHEAD = 0x200 + 1024;

/**
 * The contents of a flash device as it leaves the factory: erased, but for a signed image 0.0.0 in each primary slot, and in
 * the slot of a firmware loader.
 * Throws a UsageError if a slot is too small for one.
 */
export function factoryFlash({
	config,
	signer,
	factory,
}: Pick<Setup, "config" | "signer"> & Partial<Pick<Setup, "factory">>): Uint8Array {
	const { layout, boot } = config;
	const { newest, reverts, firmwareLoader } = MODES[boot.mode];
	const flash = new Uint8Array(layout.size).fill(0xff);
	const map = FlashMap.open(layout, (label) => {
		const { offset, size } = layout.areas.find((area) => area.label === label)!;
		return new NorPartition(flash.subarray(offset, offset + size), layout);
	});
	for (let image = 0; image < boot.images; image++) {
		const area = map.slot(image, "primary");
		const most = room(map, boot, image);
		const given = image === boot.images - 1 ? factory : undefined;
		if (given && given.length > most)
			throw new UsageError(`The image of --factory has ${given.length} bytes; ${most} fit its slot.`);
		flash.set(given ?? factoryImage(image, most, config, signer), area.offset);
		if (newest && reverts) settle(new Trailer(boot, area));
		// Nobody uploads a firmware loader: it leaves the factory with the device.
		if (firmwareLoader) {
			const loader = map.slot(image, "secondary");
			flash.set(factoryImage(1, loader.size - OVERHEAD, config, signer), loader.offset);
		}
	}
	return flash;
}

function room(map: FlashMap, boot: BootConfig, image: number): number {
	const most = appMaxSize(boot, map.slot(image, "primary"), map.slot(image, "secondary")) - OVERHEAD;
	if (most < 1) throw new UsageError(`The slots of image ${image} are too small for an image and the swap's trailer.`);
	return most;
}

/** Security counter of the factory images, where counters count: an older image is one with 0. */
const COUNTER = 1;

function factoryImage(
	image: number,
	room: number,
	{ boot, downgradePrevention, hwKey }: SimConfig,
	signer: Required<Key> | undefined,
): Uint8Array {
	const payload = new Uint8Array(Math.min(PAYLOADS[image]!, room));
	for (let i = 0; i < payload.length; i++) payload[i] = (i * 7 + (i >> 8) + image * 85) & 0xff;
	const { hash, pure, vid, cid } = boot;
	return createImage(payload, {
		version: "0.0.0",
		headerSize: 0x200,
		padHeader: true,
		...(signer && { signer }),
		...(pure ? { pure } : { sha: hash && (String(hash) as HashName) }),
		...(hwKey && { publicKeyFormat: "full" }),
		vid,
		cid,
		...((downgradePrevention === "counter" || downgradePrevention === "hardware") && { securityCounter: COUNTER }),
		...(runsFromRam(MODES[boot.mode]) && { loadAddress: IMAGE_RAM.start + (image * IMAGE_RAM.size) / 2 }),
	});
}

/** Marks an image as one that has run and was confirmed: without a trailer it would not be booted. */
function settle(trailer: Trailer): void {
	trailer.writeCopyDone();
	trailer.writeImageOk();
	trailer.writeMagic();
}

/**
 * Makes the flash file, whole or not at all, and never in place of one that another simulator has made meanwhile.
 * Throws a UsageError.
 */
export function makeFlashFile(path: string, contents: Uint8Array): void {
	const fresh = `${path}.${process.pid}`;
	try {
		const file = openSync(fresh, "wx");
		try {
			for (let at = 0; at < contents.length; ) at += writeSync(file, contents, at);
			fsyncSync(file);
		} finally {
			closeSync(file);
		}
		link(fresh, path);
	} catch (error) {
		throw new UsageError(`The flash file ${path} cannot be made: ${reason(error)}.`);
	} finally {
		rmSync(fresh, { force: true });
	}
}

function link(fresh: string, path: string): void {
	try {
		linkSync(fresh, path);
	} catch (error) {
		const code = (error as NodeJS.ErrnoException).code;
		if (code === "EEXIST") return;
		// File systems without hard links.
		if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
		renameSync(fresh, path);
	}
}
