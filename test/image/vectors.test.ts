import assert from "node:assert";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { inspectImage, type NamedKey, refusal } from "../../image/inspect.js";
import { checkImgtoolSign, type ImgtoolSignRow } from "../vectors/mcuboot/imgtool-sign.js";
import { namedKey, readKey, readVectorImage, readVectorText, vectors } from "./support.js";

interface ValidationCase {
	readonly name: string;
	readonly image_gz_base64: string;
	readonly crypto_backend_dependent?: boolean;
	readonly results: Readonly<Record<string, { readonly primary: { readonly ok: boolean } }>>;
}

/**
 * Where the tool and the boot loader of the recordings judge differently, on purpose: whether an image may boot is up to
 * how the loader is built, and the tool checks every hash there is.
 */
const DIFFERENT: Readonly<Record<string, "loader refuses" | "tool refuses">> = {
	"flag-non-bootable": "loader refuses",
	"flag-armthumb": "loader refuses",
	"flag-enc128": "loader refuses",
	"flag-enc256": "loader refuses",
	"pubkey-tlv": "loader refuses",
	"hash-plus-sha512": "tool refuses",
	"unprot-type-0x25": "tool refuses",
};

interface RecordedImage {
	readonly file: string;
	readonly key: string | null;
	readonly payload: ImgtoolSignRow["payload"];
	readonly imgtool_args: string;
}

/** The images that the scenario files describe, by name. */
function recordedImages(): Record<string, RecordedImage> {
	const files = readdirSync(vectors).filter((file) => file.endsWith(".json"));
	const all = files.map((file) => JSON.parse(readVectorText(file)) as { images?: Record<string, RecordedImage> });
	return Object.assign({}, ...all.map((one) => one.images ?? {}));
}

/** What a row of `imgtool-sign.json` would say about a recorded image. */
function rowOf({ file, key, payload, imgtool_args }: RecordedImage): ImgtoolSignRow {
	const image = Buffer.from(readVectorImage(file));
	const offset = image.readUInt16LE(8) + image.readUInt32LE(12);
	const unprotected = offset + image.readUInt16LE(10);
	const end = unprotected + image.readUInt16LE(unprotected + 2);
	const runs: [number, string][] = [];
	for (let at = end; at < image.length; at++) {
		if (image[at] === 0xff) continue;
		const start = at;
		while (at < image.length && image[at] !== 0xff) at++;
		runs.push([start, image.subarray(start, at).toString("hex")]);
	}
	return {
		key,
		payload,
		args: imgtool_args.match(/\([^)]*\)(?:, \([^)]*\))*|\S+/g) ?? [],
		size: image.length,
		sha256: createHash("sha256").update(image).digest("hex"),
		header: image.subarray(0, 32).toString("hex"),
		tlv_offset: offset,
		tlvs: image.subarray(offset, end).toString("hex"),
		after_tlvs: runs,
	};
}

const accepts = (image: Uint8Array, keys: readonly NamedKey[]): boolean => {
	try {
		return refusal(inspectImage(image, { keys })) === undefined;
	} catch {
		return false;
	}
};

describe("image tool against recordings of imgtool and MCUboot", () => {
	describe("imgtool sign", () => {
		const { rows } = JSON.parse(readVectorText("imgtool-sign.json")) as { rows: ImgtoolSignRow[] };
		for (const row of rows) {
			it(`${row.key ?? "no key"}: ${row.args.join(" ")}`, () => {
				assert.deepEqual(checkImgtoolSign(row, readKey), { status: "passed" });
			});
		}

		it("notices a wrong header, TLV, size and trailer", () => {
			const row = rows.find((one) => one.after_tlvs?.length)!;
			const zeros = "00".repeat(32);
			for (const broken of [
				{ ...row, header: zeros },
				{ ...row, tlvs: row.tlvs.replace(/..$/, "00") },
				{ ...row, size: row.size + 1 },
				{ ...row, after_tlvs: [[row.after_tlvs![0]![0], zeros]] },
				{ ...row, sha256: zeros },
			] as ImgtoolSignRow[]) {
				assert.equal(checkImgtoolSign(broken, readKey).status, "failed");
			}
		});

		it("skips what needs encryption, with the reason", () => {
			const result = checkImgtoolSign({ ...rows[0]!, args: [...rows[0]!.args, "--encrypt", "key.pem"] }, readKey);
			assert.deepEqual(result, {
				status: "skipped",
				reason: "--encrypt is not supported: there is no source of random keys.",
			});
		});
	});

	describe("recorded images, made anew", () => {
		for (const [name, recorded] of Object.entries(recordedImages())) {
			it(`${name}: ${recorded.key ?? "no key"}, ${recorded.imgtool_args}`, () => {
				assert.deepEqual(checkImgtoolSign(rowOf(recorded), readKey), { status: "passed" });
			});
		}

		it("notices another key, a changed TLV and a changed tail of an ECDSA image", () => {
			const row = rowOf(recordedImages()["spconf1"]!);
			assert.equal(row.key, "ec1");
			for (const broken of [
				{ ...row, key: "ec2" },
				{ ...row, tlvs: row.tlvs.replace(/(?<=^.{16})../, "00") },
				{ ...row, after_tlvs: [[row.size - 16, "00".repeat(16)]] },
				{ ...row, size: row.size - 1 },
			] as ImgtoolSignRow[]) {
				assert.equal(checkImgtoolSign(broken, readKey).status, "failed");
			}
		});
	});

	describe("recorded images", () => {
		const keys = ["ec1", "ec2", "ed1", "rsa1"].map(namedKey);
		const UNSIGNED = ["snosig.bin.gz", "ssigNone1.bin.gz", "ssigNone2.bin.gz"];
		for (const file of readdirSync(join(vectors, "images"))) {
			it(`${file} has a good hash${UNSIGNED.includes(file) ? "" : " and signature"}`, () => {
				const report = inspectImage(readVectorImage(`images/${file}`), { keys });
				assert.deepEqual(report.problems, UNSIGNED.includes(file) ? ["The image is not signed."] : []);
				assert.equal(report.digest?.good, true);
				const results = report.signatures.map((signature) => signature.result);
				assert.deepEqual(results, UNSIGNED.includes(file) ? [] : ["good"]);
			});
		}
	});

	describe("image validation", () => {
		const { cases } = JSON.parse(readVectorText("image-validation.json")) as { cases: ValidationCase[] };
		const trusted = [namedKey("ec1")];
		for (const one of cases) {
			if (one.crypto_backend_dependent) continue;
			it(one.name, () => {
				const image = new Uint8Array(gunzipSync(Buffer.from(one.image_gz_base64, "base64")));
				const loader = one.results["ecdsa"]!.primary.ok;
				const tool = accepts(image, trusted);
				const difference = tool === loader ? undefined : tool ? "loader refuses" : "tool refuses";
				assert.equal(difference, DIFFERENT[one.name]);
				if (DIFFERENT[one.name] === undefined) {
					assert.equal(accepts(image, []), one.results["hash-only"]!.primary.ok, "without keys");
				}
			});
		}
	});
});
