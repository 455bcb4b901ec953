import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Archive, RUNTIME_TLV, readArchive, writeArchive } from "../../image/archive.js";
import { createImage, type ImageOptions } from "../../image/create.js";
import { parseKey } from "../../image/keys.js";
import { bytesOf } from "../../modules/bytes/hex.js";
import { root } from "../../tools/simulator.js";

const KEY = join(root, "keys/development-ec-p256.pem");

/** Runs `npm run image -- app` on source text. `files` are put beside the source. */
export function imageApp(
	source: string,
	options: readonly string[] = [],
	files: Readonly<Record<string, string>> = {},
): { image: Uint8Array; status: number | null; errors: string } {
	const folder = mkdtempSync(join(tmpdir(), "xs-smp-"));
	try {
		for (const [name, text] of Object.entries({ "thermostat.ts": source, ...files }))
			writeFileSync(join(folder, name), text);
		const { status, stderr } = spawnSync(
			process.execPath,
			[join(root, "dist/cli/main.js"), "image", "app", "thermostat.ts", "out.bin", "--key", KEY, ...options],
			{ cwd: folder, encoding: "utf8" },
		);
		const image = status === 0 ? new Uint8Array(readFileSync(join(folder, "out.bin"))) : new Uint8Array(0);
		return { image, status, errors: stderr };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** An application as an image. Throws what the command said if it made none. */
export function application(
	source: string,
	version: string,
	runtime = "sim:smp-svr",
	...options: string[]
): Uint8Array {
	const { image, status, errors } = imageApp(source, ["--version", version, "--runtime", runtime, ...options]);
	if (status !== 0) throw new Error(errors);
	return image;
}

const HEADER_SIZE = 0x200;

/** The archive in an image that `application` made. */
export const payloadOf = (image: Uint8Array): Uint8Array =>
	image.slice(HEADER_SIZE, HEADER_SIZE + new DataView(image.buffer, image.byteOffset).getUint32(12, true));

export const archiveOf = (image: Uint8Array): Archive => readArchive(payloadOf(image));

/** An image of a payload that says that it is an archive, signed as the development device wants it. */
export function archiveImage(
	payload: Uint8Array | Archive,
	version: string,
	runtime: string,
	options: Partial<ImageOptions> = {},
): Uint8Array {
	const { type, publicKey, sign } = parseKey(readFileSync(KEY, "utf8"));
	return createImage(payload instanceof Uint8Array ? payload : writeArchive(payload), {
		version,
		headerSize: HEADER_SIZE,
		padHeader: true,
		signer: { type, publicKey, sign: sign! },
		customTlvs: [{ type: RUNTIME_TLV, value: bytesOf(runtime) }],
		...options,
	});
}
