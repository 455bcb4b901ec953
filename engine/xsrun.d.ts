/** What `build/xsrun` gives to the module that it runs. */
declare const xsrun: {
	/** The command line's arguments after the module. */
	readonly args: readonly string[];
	/** The name of every module in the bundle, sorted. */
	readonly modules: readonly string[];
	/** The content of a file. Throws an Error if it cannot be read. */
	readFile(path: string): ArrayBuffer;
	/** Writes a line to standard output. */
	print(line: string): void;
	/** Ends the process. */
	exit(code: number): never;
	/** Calls `callback` once after `ms` milliseconds and returns what `cancel` wants. */
	after(ms: number, callback: () => void): number;
	/** Forgets a timer. One that elapsed or never was is ignored. */
	cancel(timer: number): void;
	/** Collects garbage, so that `memory` counts what is alive. */
	collect(): void;
	/** Bytes of slots and chunks as XS counts them, and the size of the JavaScript stack. */
	memory(): {
		readonly slots: number;
		readonly peakSlots: number;
		readonly reservedSlots: number;
		readonly chunks: number;
		readonly peakChunks: number;
		readonly reservedChunks: number;
		readonly stack: number;
	};

	/** Flash in memory, as a host has its chip: fills `into` from an address. */
	chipRead(memory: Uint8Array, into: Uint8Array | ArrayBuffer, address: number): void;
	/** Programs erased bytes. Throws an Error if one is not erased. */
	chipWrite(memory: Uint8Array, bytes: Uint8Array | ArrayBuffer, address: number): void;

	// What hosts have in C (engine/native), to be compared with its counterparts in JavaScript.

	/** `ConsoleNatives` (modules/smp/transport/codec.ts). */
	consoleState(maxLine: number): ArrayBuffer;
	consoleDecode(state: ArrayBuffer, frame: Uint8Array, bytes: Uint8Array, at: number): number;
	consoleAt(state: ArrayBuffer): number;
	consoleEncode(packet: Uint8Array, into: Uint8Array): number;
	/** The state of a new computation; fed with `sha256Update`, and read, as often as wanted, with `sha256Digest`. */
	sha256(): ArrayBuffer;
	sha256Update(state: ArrayBuffer, bytes: Uint8Array): void;
	sha256Digest(state: ArrayBuffer): ArrayBuffer;
	/** The same for SHA-384 and SHA-512, by the size of the digest in bytes. */
	sha512(size: 48 | 64): ArrayBuffer;
	sha512Update(state: ArrayBuffer, bytes: Uint8Array): void;
	sha512Digest(state: ArrayBuffer): ArrayBuffer;
};
