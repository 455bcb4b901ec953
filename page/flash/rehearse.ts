import type { PageBuild } from "../../hosts/desk/node/page-protocol.js";
import { loaderConfig } from "../../hosts/desk/xs/loader-config.js";
import type { LoaderConfig } from "../../modules/bootutil/loader/config.js";
import { decryptionWithoutKey } from "../../modules/bootutil/loader/encryption-payload.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import { OtpCounters } from "../../modules/bootutil/otp-counter.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { pageDigest } from "./digest.js";
import type { Operation } from "./operation.js";
import type { Recording } from "./recording.js";

/** The counters in the chip, from its one-time programmable memory, which is only looked at. */
export const countersOf = (otp: readonly number[]): OtpCounters =>
	new OtpCounters({ read: (word) => otp[word] ?? 0xffffffff, program: () => {} });

/** How the boot loader is built, but for its key for encrypted images, which no page has. */
export const keylessConfig = (build: PageBuild): LoaderConfig => loaderConfig(build, decryptionWithoutKey);

/**
 * What the next boot would do, operation by operation: the boot loader runs on a copy of the flash.
 *
 * @param build - how the boot loader is built
 * @param flash - the whole flash, which stays as it is
 * @param otp - the words of the chip's one-time programmable memory
 */
export function rehearse(build: PageBuild, flash: Uint8Array, otp: readonly number[]): Recording {
	const { layout } = build;
	const memory = flash.slice();
	const operations: Operation[] = [];
	const map = FlashMap.open(layout, (label) => {
		const { offset, size } = layout.areas.find((area) => area.label === label)!;
		return new TellingPartition(memory.subarray(offset, offset + size), layout, offset, (operation) =>
			operations.push(operation),
		);
	});
	const counters = countersOf(otp);
	new Loader(map, keylessConfig(build), {
		digest: pageDigest,
		log: () => {},
		securityCounters: { get: (image) => counters.get(image), set: () => {} },
	}).boot();
	return { number: 0, time: undefined, start: flash.slice(), operations, times: [], end: "done" };
}

/** NOR flash that tells what was done to it, each sector's erasing by itself. What it refuses changes nothing and is not told. */
class TellingPartition extends NorPartition {
	readonly #offset: number;
	readonly #sectorSize: number;
	readonly #tell: (operation: Operation) => void;

	constructor(
		memory: Uint8Array,
		geometry: { readonly sectorSize: number; readonly writeAlign: number },
		offset: number,
		tell: (operation: Operation) => void,
	) {
		super(memory, geometry);
		this.#offset = offset;
		this.#sectorSize = geometry.sectorSize;
		this.#tell = tell;
	}

	override write(data: Uint8Array | ArrayBuffer, offset: number): void {
		super.write(data, offset);
		const bytes = new Uint8Array(data).slice();
		this.#tell({ at: this.#offset + offset, length: bytes.length, bytes });
	}

	override eraseBlock(first: number, end = first + 1): void {
		super.eraseBlock(first, end);
		for (let sector = first; sector < end; sector++)
			this.#tell({ at: this.#offset + sector * this.#sectorSize, length: this.#sectorSize });
	}
}
