import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createImage, type ImageOptions } from "../../image/create.js";
import { parseKey } from "../../image/keys.js";
import { root } from "../../tools/simulator.js";

/** A signed image file, and the hash by which clients name it. */
export interface Update {
	readonly file: Uint8Array;
	readonly hash: string;
}

const HEADER_SIZE = 0x200;

/** A firmware update signed with the development key; the same arguments give the same payload. */
export function update(
	version: string,
	payloadSize: number,
	key = "keys/development-ec-p256.pem",
	options: Partial<ImageOptions> = {},
): Update {
	const { type, publicKey, sign } = parseKey(readFileSync(join(root, key), "utf8"));
	if (!sign) throw new Error(`${key} is a public key`);
	const payload = Uint8Array.from({ length: payloadSize }, (_, i) => (i * 7 + (i >> 8) + version.length) & 0xff);
	const signer = { type, publicKey, sign };
	const file = createImage(payload, {
		version,
		headerSize: HEADER_SIZE,
		padHeader: true,
		align: 4,
		signer,
		...options,
	});
	const protectedTlvs = file[10]! + 256 * file[11]!;
	const hash = createHash("sha256")
		.update(file.subarray(0, HEADER_SIZE + payloadSize + protectedTlvs))
		.digest("hex");
	return { file, hash };
}
