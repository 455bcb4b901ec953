import assert from "node:assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { Decoder } from "cbor-x/decode";
import { Encoder } from "cbor-x/encode";

// The npm libraries that run on XS: noble's hashes in the modules, cbor-x in tests. Signatures have tests of their own.

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

describe("libraries", () => {
	it("sha256 of abc (FIPS 180-2, appendix B.1)", () => {
		const digest = sha256(new Uint8Array([0x61, 0x62, 0x63]));
		assert.deepEqual(
			Array.from(digest),
			Array.from(bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
		);
	});

	it("cbor-x writes and reads a map", () => {
		const options = { useRecords: false, mapsAsObjects: true, variableMapSize: true, tagUint8Array: false };
		const packet: Uint8Array = new Encoder(options).encode({ off: 300, data: new Uint8Array([1, 2]), ok: true });
		assert.deepEqual(Array.from(packet), Array.from(bytes("a3636f666619012c6464617461420102626f6bf5")));
		const map = new Decoder(options).decode(packet) as { off: number; data: Uint8Array; ok: boolean };
		assert.deepEqual([map.off, Array.from(map.data), map.ok], [300, [1, 2], true]);
	});
});
