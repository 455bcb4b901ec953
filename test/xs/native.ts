/// <reference path="../../engine/xsrun.d.ts" />
// What hosts have in C against its counterparts in JavaScript, both on XS: build/xsrun test/xs/native SEED ROUNDS
import type { Hasher } from "../../modules/bytes/digest.js";
import { NativeCodec } from "../../modules/smp/transport/native-codec.js";
import { compare } from "./compare.js";

const [seed, rounds] = xsrun.args;

const native = {
	codec: new NativeCodec(xsrun),
	digest: {
		sha256: () => {
			const state = xsrun.sha256();
			return {
				update: (bytes: Uint8Array) => xsrun.sha256Update(state, bytes),
				digest: () => {
					// Reading it changes nothing.
					xsrun.sha256Digest(state);
					return new Uint8Array(xsrun.sha256Digest(state));
				},
			};
		},
		sha384: () => long(48),
		sha512: () => long(64),
	},
};

function long(size: 48 | 64): Hasher {
	const state = xsrun.sha512(size);
	return {
		update: (bytes) => xsrun.sha512Update(state, bytes),
		digest: () => {
			xsrun.sha512Digest(state);
			return new Uint8Array(xsrun.sha512Digest(state));
		},
	};
}

const line = xsrun.consoleState(4096);

/** Arguments by which C would read or write where it must not. */
const outside: Readonly<Record<string, () => unknown>> = {
	"a packet that no frame can announce": () => xsrun.consoleEncode(new Uint8Array(0xfffe), new Uint8Array(0)),
	"decode from behind the end": () => xsrun.consoleDecode(line, new Uint8Array(8), new Uint8Array(8), 9),
	"decode from before the start": () => xsrun.consoleDecode(line, new Uint8Array(8), new Uint8Array(8), -1),
	"decode with a state that is too short": () =>
		xsrun.consoleDecode(new ArrayBuffer(8), new Uint8Array(8), new Uint8Array(8), 0),
	"decode to a number": () => xsrun.consoleDecode(line, 7 as unknown as Uint8Array, new Uint8Array(8), 0),
	"a line of no length": () => xsrun.consoleState(0),
	"the place in a state that is none": () => xsrun.consoleAt(new ArrayBuffer(0)),
	"a state that is too short": () => xsrun.sha256Digest(new ArrayBuffer(8)),
	"a state that is none": () => {
		const state = new Uint8Array(xsrun.sha256());
		state.fill(0xff);
		xsrun.sha256Update(state.buffer, new Uint8Array(1));
	},
	"a state of SHA-512 that is too short": () => xsrun.sha512Digest(new ArrayBuffer(8)),
	"a state of SHA-512 that is none": () => {
		const state = new Uint8Array(xsrun.sha512(64));
		state.fill(0xff);
		xsrun.sha512Update(state.buffer, new Uint8Array(1));
	},
	"a number for bytes": () => xsrun.consoleEncode(7 as unknown as Uint8Array, new Uint8Array(0)),
	"a text for bytes": () => xsrun.consoleEncode("abc" as unknown as Uint8Array, new Uint8Array(0)),
};

const taken = Object.keys(outside).filter((what) => {
	try {
		outside[what]!();
		return true;
	} catch (error) {
		return !(error instanceof RangeError || error instanceof TypeError);
	}
});
// Whatever stands in a state, C stays inside of its buffers.
for (const fill of [0x00, 0x02, 0x7f, 0x80, 0xff])
	for (const bytes of [new Uint8Array(0), Uint8Array.of(65), new Uint8Array(64).fill(65), Uint8Array.of(61, 10, 65)]) {
		const state = new Uint8Array(line.byteLength).fill(fill);
		state.fill(4, 4, 5);
		xsrun.consoleDecode(state.buffer, new Uint8Array(16), bytes, 0);
	}
xsrun.print(JSON.stringify({ compared: compare(native, Number(seed), Number(rounds)), taken }));
