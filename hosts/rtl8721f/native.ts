import type { DigestProvider, Hasher } from "../../modules/bytes/digest.js";
import type { ConsoleCodec } from "../../modules/smp/transport/codec.js";
import { NativeCodec } from "../../modules/smp/transport/native-codec.js";

// The JavaScript face of native.c. The bodies are in the form that the SDK's compiler turns into native functions.

/** Restarts the chip. */
export function reset(this: void): unknown {
	return native("xs_rtl8721f_reset").call(this);
}

/** Writes a line to Zephyr's console. */
export function log(this: void, _line: string): unknown {
	return native("xs_rtl8721f_log").call(this, _line);
}

/** When native.c was compiled, such as `Jan  7 2026 11:52:35`. */
export function buildTime(this: void): string {
	return native("xs_rtl8721f_buildTime").call(this) as string;
}

class Sha256 extends Native("xs_rtl8721f_sha256_destructor") implements Hasher {
	constructor() {
		super();
		native("xs_rtl8721f_sha256").call(this);
	}

	update(_bytes: Uint8Array): unknown {
		return native("xs_rtl8721f_sha256_update").call(this, _bytes);
	}

	digest(): Uint8Array {
		return new Uint8Array(this.finish());
	}

	finish(): ArrayBuffer {
		return native("xs_rtl8721f_sha256_finish").call(this) as ArrayBuffer;
	}
}

/** Console framing in C: `ConsoleNatives` (modules/smp/transport/codec.ts). */
function consoleState(this: void, _maxLine: number): ArrayBuffer {
	return native("xs_rtl8721f_consoleState").call(this, _maxLine) as ArrayBuffer;
}

function consoleDecode(this: void, _state: ArrayBuffer, _frame: Uint8Array, _bytes: Uint8Array, _at: number): number {
	return native("xs_rtl8721f_consoleDecode").call(this, _state, _frame, _bytes, _at) as number;
}

function consoleAt(this: void, _state: ArrayBuffer): number {
	return native("xs_rtl8721f_consoleAt").call(this, _state) as number;
}

function consoleEncode(this: void, _packet: Uint8Array, _into: Uint8Array): number {
	return native("xs_rtl8721f_consoleEncode").call(this, _packet, _into) as number;
}

export const codec: ConsoleCodec = new NativeCodec({ consoleState, consoleDecode, consoleAt, consoleEncode });

/** SHA-256 by Zephyr's PSA Crypto. */
export const digest: DigestProvider = Object.freeze({ sha256: () => new Sha256() });
