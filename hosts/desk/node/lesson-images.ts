import { existsSync } from "node:fs";
import { compileArchive } from "../../../cli/app-archive.js";
import { RUNTIME_TLV, writeArchive } from "../../../image/archive.js";
import { createImage, type HashName, type Signer } from "../../../image/create.js";
import { ImageError } from "../../../image/error.js";
import { generateKey, type Key, type KeyType, parseKey } from "../../../image/keys.js";
import { bytesOf } from "../../../modules/bytes/hex.js";
import { type LayoutArea, slotAreaId } from "../../../modules/flash/layout.js";
import { ROOT } from "./loader-setup.js";
import type { LessonImage } from "./page-protocol.js";
import type { Setup } from "./setup.js";

/** Payload of an update that is no application, bytes: enough to be seen on the map of the flash. */
const PAYLOAD = 90 * 1024;

/** The examples that are applications. */
const APPLICATIONS: Readonly<Partial<Record<LessonImage, string>>> = {
	thermostat: "examples/thermostat/thermostat.ts",
	throws: "examples/thermostat/throws.ts",
	hangs: "examples/thermostat/hangs.ts",
};

/**
 * Makes an image that a lesson of the page sends to the device, as the command line makes one: signed with the device's key, or
 * with the key of a stranger. Throws an ImageError in words.
 *
 * @param app - name of the application's program, which is the runtime of applications in images
 */
export async function lessonImage(
	name: LessonImage,
	version: string,
	{ config, signer }: Pick<Setup, "config" | "signer">,
	app: string,
): Promise<Uint8Array> {
	if (!signer) throw new ImageError("The simulator has no private key to sign the images of the lessons with.");
	const { boot, hwKey } = config;
	const { hash, pure, vid, cid } = boot;
	const source = APPLICATIONS[name];
	const { archive } = source ? await compileArchive(`${ROOT}${source}`, () => runtimeOf(app)) : { archive: undefined };
	return createImage(archive ? writeArchive(archive) : payload(config, version), {
		version,
		headerSize: 0x200,
		padHeader: true,
		signer: name === "stranger" ? stranger(signer.type) : signer,
		...(pure ? { pure } : { sha: hash && (String(hash) as HashName) }),
		...(hwKey && { publicKeyFormat: "full" }),
		vid,
		cid,
		...(archive && { customTlvs: [{ type: RUNTIME_TLV, value: bytesOf(archive.runtime) }] }),
	});
}

/** The file with the description of the runtime, which the build has made with the program. */
function runtimeOf(app: string): string {
	const file = `${ROOT}build/runtime-${app}.txt`;
	if (existsSync(file)) return file;
	throw new ImageError(
		"This device runs no applications in images, and the lesson needs one that does: npm start -- --flash .sim/lessons.bin",
	);
}

/** Bytes that are another image's in no sector: those of xorshift32, begun with the version. */
function payload({ layout, boot }: Setup["config"], version: string): Uint8Array {
	const slot = layout.areas.find(({ id }: LayoutArea) => id === slotAreaId(boot.images - 1, "primary"));
	const bytes = new Uint8Array(Math.min(PAYLOAD, (slot?.size ?? 0) / 2));
	let state = [...version].reduce((sum, c) => Math.imul(sum, 31) + c.charCodeAt(0), 0x9e3779b9) | 1;
	for (let i = 0; i < bytes.length; i++) {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		bytes[i] = state;
	}
	return bytes;
}

/** A key of the same type that nobody trusts. */
const stranger = (type: KeyType): Signer => parseKey(generateKey(type)) as Required<Key>;
