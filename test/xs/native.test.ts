import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { scriptCodec } from "../../modules/smp/transport/codec.js";
import { compare } from "./compare.js";

/** Every length that `compare` knows. */
const ROUNDS = 1100;

describe("CRC, base64 and SHA-256", () => {
	it("in C as in JavaScript, on XS", () => {
		const args = ["xs-smp/test/xs/native", "1", String(ROUNDS)];
		const { status, stdout, stderr } = spawnSync("build/xsrun", args, { encoding: "utf8" });
		assert.equal(status, 0, stderr);
		// C refuses every argument that would lead it out of its buffers.
		assert.deepEqual(JSON.parse(stdout), { compared: 4 * ROUNDS, taken: [] });
	});

	it("in JavaScript as Node's own", () => {
		const node = {
			codec: {
				...scriptCodec,
				base64Encode: (bytes: Uint8Array, into: Uint8Array, at: number) =>
					at + Buffer.from(into.buffer).write(Buffer.from(bytes).toString("base64"), at, "latin1"),
			},
			digest: {
				sha256: () => {
					const hash = createHash("sha256");
					return { update: (bytes: Uint8Array) => hash.update(bytes), digest: () => Uint8Array.from(hash.digest()) };
				},
			},
		};
		assert.equal(compare(node, 2, ROUNDS), 4 * ROUNDS);
	});

	it("a difference is noticed", () => {
		const broken = (change: Partial<typeof scriptCodec>) => () =>
			compare(
				{
					codec: { ...scriptCodec, ...change },
					digest: { sha256: () => ({ update: () => {}, digest: () => new Uint8Array(32) }) },
				},
				4,
				50,
			);
		assert.throws(broken({ crc16: () => 1 }), /crc16 gives 1/);
		assert.throws(broken({ base64Encode: () => 0 }), /base64Encode gives 0/);
		assert.throws(broken({ base64Decode: () => 4 }), /base64Decode gives 4/);
		assert.throws(broken({}), /sha256 gives 0000/);
	});
});
