import type { DigestProvider, Hasher } from "../../modules/bytes/digest.js";
import type { ConsoleNatives } from "../../modules/smp/transport/codec.js";
import type { UartDriver } from "./devices.js";

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

/** Why the chip started: bits of Zephyr's hwinfo. A second call gives 0. */
export function resetCause(this: void): number {
	return native("xs_rtl8721f_resetCause").call(this) as number;
}

/** Starts the watchdog, which the event loop feeds; 0 stops it. False where there is none. */
export function watchdog(this: void, _ms: number): boolean {
	return native("xs_rtl8721f_watchdog").call(this, _ms) as boolean;
}

function uartOpen(this: void, _baud: number, _into: Uint8Array, _onReadable: (count: number) => void): unknown {
	return native("xs_rtl8721f_uartOpen").call(this, _baud, _into, _onReadable);
}

function uartWrite(this: void, _bytes: Uint8Array): boolean {
	return native("xs_rtl8721f_uartWrite").call(this, _bytes) as boolean;
}

function uartClose(this: void): unknown {
	return native("xs_rtl8721f_uartClose").call(this);
}

/** The UART that the devicetree has chosen for SMP. */
export const uart: UartDriver = Object.freeze({ open: uartOpen, write: uartWrite, close: uartClose });

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

/** A codec of these has a buffer, so it is made at the start: what is made before, when the program is linked, is read-only. */
export const consoleNatives: ConsoleNatives = Object.freeze({ consoleState, consoleDecode, consoleAt, consoleEncode });

/** SHA-256 by Zephyr's PSA Crypto. */
export const digest: DigestProvider = Object.freeze({ sha256: () => new Sha256() });
