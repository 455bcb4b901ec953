import assert from "node:assert";
import { SmpClient, SmpResponseError } from "../../client/client.js";
import { anyCommand, command, integer, number } from "../../client/command.js";
import { fileSize, filesDownload, filesUpload } from "../../client/group/files.js";
import type { Link } from "../../client/link.js";
import { hexOf } from "../../modules/bytes/hex.js";
import { fsGroup } from "../../modules/smp/group/fs.js";
import { HEADER_SIZE, Op } from "../../modules/smp/header.js";
import { SmpServer } from "../../modules/smp/server.js";
import { scriptedLink } from "./foreign-device.js";
import { localLink } from "./links.js";

/** Size of the file that the device below has: more than 32 bits hold. */
const SIZE = 5 * 2 ** 30 + 77;

const byteAt = (offset: number): number => offset % 253;

/** A device with one file, which nobody has to store. */
function deviceWithFile(): SmpClient {
	const files = {
		size: (): number => SIZE,
		mounted: (): boolean => true,
		read: (_path: string, offset: number, into: Uint8Array): void => {
			for (let i = 0; i < into.length; i++) into[i] = byteAt(offset + i);
		},
		create: (): void => {},
		append: (): void => {},
	};
	return new SmpClient(localLink(new SmpServer({ groups: [fsGroup({ files })], bufferSize: 512 })));
}

/** The CBOR that a request with this value sends. */
function encoded(value: unknown): string {
	let sent = "";
	const link: Link = {
		onPacket: undefined,
		send: (packet) => {
			sent = hexOf(packet.subarray(HEADER_SIZE));
		},
		close: () => {},
	};
	new SmpClient(link).request(anyCommand(Op.READ, 80, 0), { v: value }, { tries: 1, timeout: 1 }).catch(() => {});
	assert.match(sent, /^a16176/);
	return sent.slice("a16176".length);
}

describe("client: integers of more than 32 bits", () => {
	// RFC 8949, appendix A, and the values on both sides of each length.
	const values: readonly (readonly [unknown, string])[] = [
		[0, "00"],
		[23, "17"],
		[24, "1818"],
		[255, "18ff"],
		[65535, "19ffff"],
		[65536, "1a00010000"],
		[2 ** 31, "1a80000000"],
		[2 ** 32 - 1, "1affffffff"],
		[2 ** 32, "1b0000000100000000"],
		[1000000000000, "1b000000e8d4a51000"],
		[Number.MAX_SAFE_INTEGER, "1b001fffffffffffff"],
		[18446744073709551615n, "1bffffffffffffffff"],
		[-1, "20"],
		[-(2 ** 31), "3a7fffffff"],
		[-(2 ** 32), "3affffffff"],
		[-(2 ** 32) - 1, "3b0000000100000000"],
		[Number.MIN_SAFE_INTEGER, "3b001ffffffffffffe"],
		[[2 ** 32, 1], "821b000000010000000001"],
		[{ a: 2 ** 33 }, "a161611b0000000200000000"],
		[1.5, "fb3ff8000000000000"],
		[2 ** 53, "fb4340000000000000"],
	];
	for (const [value, hex] of values)
		it(`${JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each))} goes as ${hex}`, () =>
			assert.equal(encoded(value), hex));

	it("a file of 5 GiB is read at both sides of 4 GiB, up to its end", async () => {
		const client = deviceWithFile();
		assert.equal(await fileSize(client, "/a"), SIZE);
		for (const off of [0, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, SIZE - 10]) {
			const answer = await client.request(filesDownload, { name: "/a", off });
			assert.equal(answer.off, off);
			assert.equal(answer.len, off === 0 ? SIZE : undefined);
			assert.equal(answer.data.length, Math.min(512 - 8 - 32, SIZE - off));
			assert.ok(answer.data.every((byte, i) => byte === byteAt(off + i)));
		}
	});

	it("a piece is written behind 4 GiB, and a wrong offset comes back with the right one", async () => {
		const client = deviceWithFile();
		const data = new Uint8Array(3);
		assert.deepEqual(await client.request(filesUpload, { name: "/a", off: SIZE, data }), { off: SIZE + 3 });
		await assert.rejects(client.request(filesUpload, { name: "/a", off: 2 ** 32, data }), (error) => {
			assert.ok(error instanceof SmpResponseError);
			assert.equal(error.answer["len"], SIZE);
			return true;
		});
	});

	it("answers come as numbers where these are exact, else as bigints or without the last digits", async () => {
		const long = 2n ** 60n + 1n;
		const link = scriptedLink(() => ({ small: 7n, middle: 2n ** 40n, long, list: [2n ** 33n, { deep: long }] }));
		const client = new SmpClient(link);
		assert.deepEqual(await client.request(anyCommand(Op.READ, 80, 0)), {
			small: 7,
			middle: 2 ** 40,
			long,
			list: [2 ** 33, { deep: long }],
		});
		const typed = command(Op.READ, 80, 0, { answer: { small: integer, middle: number, long: integer } });
		assert.deepEqual(await client.request(typed), { small: 7, middle: 2 ** 40, long });
		const rounded = command(Op.READ, 80, 0, { answer: { long: number } });
		assert.deepEqual(await client.request(rounded), { long: 2 ** 60 });
	});
});
