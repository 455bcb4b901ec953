import type { BootConfig } from "../bootutil/config.js";
import { decodeHeader, IMAGE_HEADER_SIZE, IMAGE_MAGIC, signedSize } from "../bootutil/header.js";
import { findTlv, hashTlv, tlvContent } from "../bootutil/tlv.js";
import type { FlashArea } from "../flash/area.js";
import type { Host } from "./host.js";

/** Bytes that are read between two looks at the rest of the world. */
const STEP = 4096;

/**
 * Reads the images at the start of `areas` and compares each with the hash that was signed with it. In steps, so that the
 * server answers meanwhile. Calls `done` once, with a sentence if an image is not what it was.
 */
export function checkImage(
	host: Host,
	config: BootConfig,
	areas: readonly FlashArea[],
	done: (error?: string) => void,
): void {
	const [area, ...rest] = areas;
	if (!area) {
		done();
		return;
	}
	const next = (error?: string) =>
		error === undefined ? checkImage(host, config, rest, done) : done(`flash: ${error}`);
	const { hash: bits = 256 } = config;
	const header = decodeHeader(area.bytes(0, IMAGE_HEADER_SIZE));
	const tlv = header.magic === IMAGE_MAGIC ? findTlv(area, header, { type: hashTlv(bits) }) : undefined;
	const wanted = tlv && tlvContent(area, tlv);
	if (!wanted) {
		next(`there is no image with a hash in ${area.label}`);
		return;
	}
	const end = signedSize(header);
	// A board whose boot loader hashes with it has it.
	const hash = host.digest[`sha${bits}`]!();
	const buffer = new Uint8Array(STEP);
	const step = (at: number): void => {
		if (at < end) {
			const part = buffer.subarray(0, Math.min(STEP, end - at));
			area.read(part, at);
			hash.update(part);
			host.after(0, () => step(at + part.length));
			return;
		}
		const found = hash.digest();
		const same = found.length === wanted.length && found.every((byte, i) => byte === wanted[i]);
		next(same ? undefined : `the image in ${area.label} is not the one that was signed`);
	};
	step(0);
}
