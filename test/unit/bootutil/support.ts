import type { BootConfig } from "../../../modules/bootutil/config.js";
import type { LoaderConfig } from "../../../modules/bootutil/loader/config.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { type NorGeometry, NorPartition } from "../../../modules/flash/nor.js";

export const SECTOR = 4096;
/** Eight sectors, the last of which holds the trailer. */
export const SLOT = 8 * SECTOR;

export const bootConfig = (change: Partial<BootConfig> = {}): BootConfig => ({
	mode: "swap-move",
	images: 1,
	maxAlign: 8,
	maxSectors: 128,
	trailer: "current",
	...change,
});

/** A loader that checks hashes only. */
export const loaderConfig = (change: Partial<LoaderConfig> = {}): LoaderConfig => ({
	...bootConfig(),
	signature: "none",
	keys: [],
	validatePrimary: true,
	downgradePrevention: "none",
	hwRollback: false,
	bootstrap: false,
	tlvAllowList: true,
	versionCmpBuildNumber: false,
	...change,
});

/** Erased slots of `images` images. Writes go through `operation` first, which may throw. */
export function makeFlash(images = 1, operation: () => void = () => {}, geometry: Partial<NorGeometry> = {}) {
	const areas = Array.from({ length: 2 * images }, (_, i) => ({
		id: i + 1,
		label: `image-${i}`,
		offset: 0x10000 + i * SLOT,
		size: SLOT,
	}));
	const memory = areas.map(() => new Uint8Array(SLOT).fill(0xff));
	const layout = { name: "test", size: 0x100000, sectorSize: SECTOR, writeAlign: 4, areas };
	class Partition extends NorPartition {
		override write(bytes: Uint8Array | ArrayBuffer, offset: number): void {
			operation();
			super.write(bytes, offset);
		}
		override eraseBlock(first: number, end?: number): void {
			operation();
			super.eraseBlock(first, end);
		}
	}
	const map = FlashMap.open(layout, (label) => {
		const bytes = memory[Number(label.slice("image-".length))]!;
		return new Partition(bytes, { sectorSize: SECTOR, writeAlign: 4, ...geometry });
	});
	/** The bytes of an area, to look at and to change behind the flash's back. */
	const bytes = (id: number): Uint8Array => memory[id - 1]!;
	return { map, bytes };
}

const u16 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];

export interface TestTlv {
	readonly type: number;
	readonly value: readonly number[];
}

export const tlvBytes = (tlvs: readonly TestTlv[]): number[] =>
	tlvs.flatMap(({ type, value }) => [...u16(type), ...u16(value.length), ...value]);

export interface TestImage {
	/** Major, minor, revision, build. */
	readonly version: readonly [number, number, number, number];
	/** Payload length, bytes. */
	readonly length: number;
	readonly flags?: number;
	readonly loadAddress?: number;
	readonly protectedTlvs?: readonly TestTlv[];
	readonly tlvs?: readonly TestTlv[];
}

/** An image without a signature: a header of 32 bytes, a payload of the major version's bytes, a hash. */
export function makeImage({
	version,
	length,
	flags = 0,
	loadAddress = 0,
	protectedTlvs = [],
	tlvs = [],
}: TestImage): Uint8Array {
	const [major, minor, revision, build] = version;
	const area = tlvBytes(protectedTlvs);
	const protectedSize = area.length > 0 ? area.length + 4 : 0;
	const signed = [
		...u32(0x96f3b83d),
		...u32(loadAddress),
		...u16(32),
		...u16(protectedSize),
		...u32(length),
		...u32(flags),
		major,
		minor,
		...u16(revision),
		...u32(build),
		...u32(0),
		...new Array<number>(length).fill(major),
	];
	if (protectedSize > 0) signed.push(...u16(0x6908), ...u16(protectedSize), ...area);
	const hasher = nobleDigest.sha256();
	hasher.update(Uint8Array.from(signed));
	const unprotected = tlvBytes([{ type: 0x10, value: [...hasher.digest()] }, ...tlvs]);
	return Uint8Array.from([...signed, ...u16(0x6907), ...u16(unprotected.length + 4), ...unprotected]);
}
