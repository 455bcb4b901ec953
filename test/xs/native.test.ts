import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { crc16 } from "../../modules/bytes/crc16.js";
import type { Hasher } from "../../modules/bytes/digest.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { type ConsoleCodec, NOTHING } from "../../modules/smp/transport/codec.js";
import { scriptCodec } from "../../modules/smp/transport/frame.js";
import { compare } from "./compare.js";

/** Every length that `compare` knows. */
const ROUNDS = 1100;

function hasher(name: string): Hasher {
	const hash = createHash(name);
	return { update: (bytes) => hash.update(bytes), digest: () => Uint8Array.from(hash.digest()) };
}

describe("console framing and SHA-2", () => {
	it("in C as in JavaScript, on XS", () => {
		const args = ["xs-smp/test/xs/native", "1", String(ROUNDS)];
		const { status, stdout, stderr } = spawnSync("build/xsrun", args, { encoding: "utf8" });
		assert.equal(status, 0, stderr);
		// On Node the same seed makes the same inputs. C refuses every argument that would lead it out of its buffers.
		const compared = compare({ codec: scriptCodec, digest: nobleDigest }, 1, ROUNDS);
		assert.deepEqual(JSON.parse(stdout), { compared, taken: [] });
	});

	it("in JavaScript as Node's own", () => {
		const node = {
			codec: {
				...scriptCodec,
				encode: (packet: Uint8Array) => {
					const crc = crc16(packet);
					const length = packet.length + 2;
					const raw = Buffer.from([length >> 8, length & 0xff, ...packet, crc >> 8, crc & 0xff]).toString("base64");
					const lines = Array.from(
						raw.match(/.{1,124}/g)!,
						(line, i) => `${i === 0 ? "\x06\x09" : "\x04\x14"}${line}\n`,
					);
					return Buffer.from(lines.join(""), "latin1");
				},
			},
			digest: {
				sha256: () => hasher("sha256"),
				sha384: () => hasher("sha384"),
				sha512: () => hasher("sha512"),
			},
		};
		assert.ok(compare(node, 2, ROUNDS) > 10 * ROUNDS);
	});

	it("a difference is noticed", () => {
		const broken =
			(change: Partial<ConsoleCodec>, digest = nobleDigest) =>
			() =>
				compare({ codec: { ...scriptCodec, ...change }, digest }, 4, 200);
		/** A decoder like that in JavaScript, but for what it says of an event. */
		const deaf = (to: (event: number) => boolean): Partial<ConsoleCodec> => ({
			decoder: (maxPacket, maxLine) => {
				const right = scriptCodec.decoder(maxPacket, maxLine);
				return {
					frame: right.frame,
					get at() {
						return right.at;
					},
					decode: (bytes, at) => {
						const event = right.decode(bytes, at);
						return to(event) ? NOTHING : event;
					},
				};
			},
		});
		assert.throws(broken({ encode: () => new Uint8Array(1) }), /encode gives 00/);
		for (let loss = NOTHING - 1; loss >= NOTHING - 5; loss--)
			assert.throws(broken(deaf((event) => event === loss)), new RegExp(`decode gives -1, \\d+ for ${loss}, `));
		assert.throws(broken(deaf((event) => event >= 0)), /decode gives -1, \d+ for \d+, /);
		const short = { decoder: () => scriptCodec.decoder(4, 4096) };
		assert.throws(broken(short), /decode gives|the frame gives/);
		const none = () => ({ update: () => {}, digest: () => new Uint8Array(32) });
		assert.throws(broken({}, { ...nobleDigest, sha256: none }), /sha256 gives 0000/);
		assert.throws(broken({}, { ...nobleDigest, sha512: none }), /sha512 gives 0000/);
	});
});
