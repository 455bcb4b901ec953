import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../../modules/bootutil/config.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";
import { Flash, type FlashStorage, flashStorage } from "../../../modules/update/flash-storage.js";
import { type UpdateBoard, type UpdateModule, updateModule } from "../../../modules/update/update.js";
import { bootConfig, loaderConfig, makeFlash, makeImage, type TestImage } from "../bootutil/support.js";

export const RUNNING: TestImage = { version: [1, 2, 0, 7], length: 9_001 };
export const UPDATE: TestImage = { version: [2, 0, 0, 0], length: 8_003 };

/** A board with RUNNING in slot 0, and the two modules that an application on it imports. */
export class Board {
	readonly boot: BootUtil;
	readonly flash: FlashStorage;
	readonly update: UpdateModule;
	readonly #flash: ReturnType<typeof makeFlash>;

	constructor(config: Partial<BootConfig> = {}, rules: Partial<UpdateBoard> = {}, writeAlign = 4) {
		this.#flash = makeFlash(config.images, undefined, { writeAlign });
		const { map } = this.#flash;
		this.boot = new BootUtil(map, bootConfig(config));
		this.slot(0).set(makeImage(RUNNING));
		this.flash = flashStorage(
			() => map.areas().map(({ label }) => label),
			(path) => partition(map.labelled(path)!),
		);
		this.update = updateModule(() => ({
			boot: this.boot,
			digest: nobleDigest,
			labelOf: (value) => {
				const { path, writable } = Flash.about(value);
				if (!writable) throw new Error(`${path} was opened to be read alone`);
				return path;
			},
			...rules,
		}));
	}

	/** The bytes of a slot, to look at and to change behind the flash's back. */
	slot(slot: number): Uint8Array {
		return this.#flash.bytes(slot + 1);
	}

	/** The slot for the update, opened anew. */
	get next(): Flash {
		return this.flash.open({ path: "image-1" });
	}

	/** Installs a file, in pieces. */
	install(file: Uint8Array, size = 1000): void {
		const update = this.update.open({ partition: this.next });
		for (let at = 0; at < file.length; at += size) update.write(file.subarray(at, at + size));
		update.complete();
		update.close();
	}

	/** Restarts. Returns what the boot loader did, and the major version that runs. */
	restart(): string {
		const { map, config } = this.boot;
		const loader = new Loader(map, loaderConfig(config), {
			digest: nobleDigest,
			log: () => {},
			securityCounters: { get: () => 0, set: () => {} },
		});
		const { images } = loader.boot() as { readonly images: readonly { readonly action: string }[] };
		return `${images[0]!.action}: ${this.slot(0)[20]}`;
	}
}

/** The areas of the map keep their partitions for themselves. */
const partition = (area: ReturnType<Board["boot"]["map"]["area"]>): FlashPartition => ({
	read: (into, offset) => {
		area.read(
			new Uint8Array(into instanceof ArrayBuffer ? into : into.buffer, byteOffsetOf(into), into.byteLength),
			offset,
		);
		return into.byteLength;
	},
	write: (bytes, offset) => area.write(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes), offset),
	eraseBlock: (first, end = first + 1) => area.erase(first * area.sectorSize, (end - first) * area.sectorSize),
	status: () => ({
		size: area.size,
		blockLength: area.sectorSize,
		blocks: area.sectors,
		writeAlign: area.writeAlign,
		eraseValue: area.erasedValue,
	}),
	close: () => {},
});

const byteOffsetOf = (bytes: Uint8Array | ArrayBuffer): number => (bytes instanceof Uint8Array ? bytes.byteOffset : 0);

/** The class of what an action throws, exactly, with its words; "nothing" if it throws nothing. */
export function thrown(action: () => unknown): string {
	try {
		action();
	} catch (error) {
		return error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error);
	}
	return "nothing";
}
