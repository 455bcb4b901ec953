import { compareVersions, formatVersion, type ImageVersion } from "../modules/bootutil/header.js";
import { readU16, readU32 } from "../modules/bytes/little-endian.js";
import type { ImageState } from "./image-state.js";

/** An image without which the boot loader does not install another (MCUboot design.md, Dependency check). */
export interface Dependency {
	readonly image: number;
	/** The oldest version that will do. */
	readonly version: ImageVersion;
}

/** Length of a DEPENDENCY TLV: image number, three bytes of padding, version (MCUboot `struct image_dependency`). */
const DEPENDENCY_SIZE = 12;

/** Reads the content of a DEPENDENCY TLV; undefined if it is malformed. */
export const readDependency = (bytes: Uint8Array): Dependency | undefined =>
	bytes.length !== DEPENDENCY_SIZE
		? undefined
		: {
				image: bytes[0]!,
				version: { major: bytes[4]!, minor: bytes[5]!, revision: readU16(bytes, 6), build: readU32(bytes, 8) },
			};

/**
 * Which dependencies a device with one image or `several` does not meet, as the end of a sentence; undefined if it meets them all. The version of
 * an image that counts is that of the image that waits for the next start, else of the one that runs. Build numbers
 * do not count, as with the boot loader by default.
 */
export function unmetDependencies(
	dependencies: readonly Dependency[],
	images: readonly ImageState[],
	several: boolean,
): string | undefined {
	// A boot loader that knows one image looks at no dependency (MCUboot `boot_verify_dependencies`).
	if (!several) return undefined;
	const unmet = dependencies.flatMap(({ image, version }) => {
		const entries = images.filter((entry) => entry.image === image);
		const next = entries.find((entry) => entry.pending) ?? entries.find((entry) => entry.active);
		const there = next && parseVersion(next.version);
		if (next && (!there || compareVersions(there, version) >= 0)) return [];
		const found = next ? `the device has version ${next.version}` : "the device has none";
		return [`image ${image} in version ${formatVersion(version)} or later, and ${found}`];
	});
	return unmet.length === 0 ? undefined : unmet.join(", and ");
}

/** A version as image lists spell it; undefined if it is none. */
function parseVersion(text: string): ImageVersion | undefined {
	const [, major, minor, revision, build = "0"] = /^(\d+)\.(\d+)\.(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
	if (major === undefined) return undefined;
	return { major: Number(major), minor: Number(minor), revision: Number(revision), build: Number(build) };
}
