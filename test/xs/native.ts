/// <reference path="../../engine/xsrun.d.ts" />
// What hosts have in C against its counterparts in JavaScript, both on XS: build/xsrun test/xs/native SEED ROUNDS
import { compare } from "./compare.js";

const [seed, rounds] = xsrun.args;

const native = {
	codec: xsrun,
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
	},
};

/** Arguments by which C would read or write where it must not. */
const outside: Readonly<Record<string, () => unknown>> = {
	"encode without room": () => xsrun.base64Encode(new Uint8Array(4), new Uint8Array(7), 0),
	"encode from behind the end": () => xsrun.base64Encode(new Uint8Array(0), new Uint8Array(7), 8),
	"encode from before the start": () => xsrun.base64Encode(new Uint8Array(3), new Uint8Array(7), -1),
	"encode what does not fit behind the start": () => xsrun.base64Encode(new Uint8Array(3), new Uint8Array(7), 4),
	"decode beyond the end": () => xsrun.base64Decode(new Uint8Array(8), 0, 9, new Uint8Array(8), 0),
	"decode from behind the end": () => xsrun.base64Decode(new Uint8Array(8), 5, 4, new Uint8Array(8), 0),
	"decode from before the start": () => xsrun.base64Decode(new Uint8Array(8), -4, 4, new Uint8Array(8), 0),
	"decode to before the start": () => xsrun.base64Decode(new Uint8Array(8), 0, 4, new Uint8Array(8), -3),
	"a state that is too short": () => xsrun.sha256Digest(new ArrayBuffer(8)),
	"a state that is none": () => {
		const state = new Uint8Array(xsrun.sha256());
		state.fill(0xff);
		xsrun.sha256Update(state.buffer, new Uint8Array(1));
	},
	"a number for bytes": () => xsrun.crc16(7 as unknown as Uint8Array, 0),
	"a text for bytes": () => xsrun.crc16("abc" as unknown as Uint8Array, 0),
};

const taken = Object.keys(outside).filter((what) => {
	try {
		outside[what]!();
		return true;
	} catch (error) {
		return !(error instanceof RangeError || error instanceof TypeError);
	}
});
xsrun.print(JSON.stringify({ compared: compare(native, Number(seed), Number(rounds)), taken }));
