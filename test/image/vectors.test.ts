import assert from "node:assert";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { inspectImage, type NamedKey, refusal } from "../../tools/image/inspect.js";
import { checkImgtoolSign, type ImgtoolSignRow } from "../vectors/mcuboot/imgtool-sign.js";
import { namedKey, readKey, readVectorImage, readVectorText } from "./support.js";

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
	"flag-lzma1": "loader refuses",
	"flag-lzma2": "loader refuses",
	"flag-armthumb": "loader refuses",
	"pubkey-tlv": "loader refuses",
	"hash-plus-sha512": "tool refuses",
	"unprot-type-0x25": "tool refuses",
};

const accepts = (image: Uint8Array, keys: readonly NamedKey[]): boolean => {
	try {
		return refusal(inspectImage(image, { keys }), keys) === undefined;
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

		it("skips what needs encryption or compression, with the reason", () => {
			const result = checkImgtoolSign({ ...rows[0]!, args: [...rows[0]!.args, "--encrypt", "key.pem"] }, readKey);
			assert.deepEqual(result, {
				status: "skipped",
				reason: "--encrypt is not supported: images are made without encryption.",
			});
		});
	});

	describe("recorded images", () => {
		const keys = ["ec1", "ec2", "ed1", "rsa1"].map(namedKey);
		const UNSIGNED = ["snosig.bin.gz", "ssigNone1.bin.gz", "ssigNone2.bin.gz"];
		for (const file of readdirSync(join(process.cwd(), "test/vectors/data/mcuboot/images"))) {
			it(`${file} has a good hash${UNSIGNED.includes(file) ? "" : " and signature"}`, () => {
				const report = inspectImage(readVectorImage(`images/${file}`), { keys });
				assert.deepEqual(report.problems, []);
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
