/** The host functions of hosts/sim/native. Addresses are bytes from the start of the flash device. */
declare const simulator: {
	/** The `SimConfig` as JSON. */
	config(): string;
	/** Milliseconds since power was applied. */
	uptime(): number;
	/** Why the device started: a cause of `StartCause`, seconds that it ran before or "?", and words; spaces between. */
	startReason(): string;
	/** When this program was built, such as `Jan  7 2026 11:52:35`. */
	buildTime(): string;
	/** Writes one line of JSON to whoever started the simulator. */
	event(json: string): void;
	/** Restarts the device. Does not return. */
	reset(): never;
	/** From now on the device is restarted when JavaScript does not return for so many milliseconds; 0: never. */
	watchdog(ms: number): void;
	/** Calls `callback` once after `ms` milliseconds; the result identifies the timer. */
	after(ms: number, callback: () => void): number;
	cancel(timer: number): void;
	/** Milliseconds that the chip's clock, which runs through resets, is ahead of this machine's. */
	clockOffset(): number;
	setClockOffset(ms: number): void;
	/** Fills `into` with random bytes. */
	random(into: Uint8Array): void;
	/** Memory of this XS machine, bytes. `stackUsed` is what is on the JavaScript stack right now. */
	memory(): Readonly<
		Record<
			"slots" | "peakSlots" | "reservedSlots" | "chunks" | "peakChunks" | "reservedChunks" | "stack" | "stackUsed",
			number
		>
	>;

	/**
	 * Boot loader: ends it and starts the application, which gets `retained`; and the archive in the payload at `address`, if
	 * there is one.
	 */
	startApplication(retained: string, address?: number, length?: number): void;
	/** Boot loader: nothing to run. The device is down until it is reset. Does not return. */
	halt(): never;
	/** Boot loader: whether the recovery pin is held. */
	pinHeld(): boolean;
	/** The boot mode, in memory that a reset does not clear. */
	bootMode(): number;
	setBootMode(mode: number): void;
	/** Boot loader: from here on flash operations count towards the power cut that was asked for. */
	swapBegins(): void;
	/** Application: the archive that this boot runs, or why it does not run one. Undefined: there is none. */
	application():
		| { readonly main: string; readonly policy: string; readonly fault?: undefined }
		| { readonly fault: string; readonly policy?: undefined }
		| undefined;
	/** Why the archive in a payload in flash would not run; undefined if it would. */
	archiveFault(address: number, length: number): string | undefined;
	/** Application: what the boot loader left. */
	retained(): string;

	/** The state of a new computation. */
	sha256(): ArrayBuffer;
	sha256Update(state: ArrayBuffer, bytes: Uint8Array): void;
	/** 32 bytes. */
	sha256Digest(state: ArrayBuffer): ArrayBuffer;
	/** The same for SHA-384 and SHA-512, by the size of the digest in bytes. Not on every board. */
	sha512(size: 48 | 64): ArrayBuffer;
	sha512Update(state: ArrayBuffer, bytes: Uint8Array): void;
	sha512Digest(state: ArrayBuffer): ArrayBuffer;

	/** `ConsoleNatives` (modules/smp/transport/codec.ts). */
	consoleState(maxLine: number): ArrayBuffer;
	consoleDecode(state: ArrayBuffer, frame: Uint8Array, bytes: Uint8Array, at: number): number;
	consoleAt(state: ArrayBuffer): number;
	consoleEncode(packet: Uint8Array, into: Uint8Array): number;

	flashRead(into: Uint8Array | ArrayBuffer, address: number): void;
	/** Throws if a byte of the target is not erased. */
	flashWrite(bytes: Uint8Array | ArrayBuffer, address: number): void;
	/** Erases whole sectors. */
	flashErase(address: number, length: number): void;
	/** Whether all bytes of the range are erased. */
	flashErased(address: number, length: number): boolean;

	/** One-time programmable memory, an unsigned 32-bit integer. Throws if the chip has no such word. */
	otpRead(word: number): number;
	/** Clears the bits that `value` has clear. */
	otpProgram(word: number, value: number): void;
	/** Until the next reset the word cannot be programmed: that throws. */
	otpLock(word: number): void;

	/** Files of the directory of `--files`. Bytes, -1 for a directory, -2 if there is nothing. All throw what went wrong. */
	fileSize(path: string): number;
	fileRead(path: string, offset: number, into: Uint8Array): void;
	fileCreate(path: string): void;
	fileAppend(path: string, bytes: Uint8Array): void;

	/** Connections, by number. Bytes that arrive are put into `into`. False if the command line did not ask for TCP. */
	tcpOpen(
		into: Uint8Array,
		onOpen: (connection: number) => void,
		onBytes: (connection: number, count: number) => void,
		onClose: (connection: number) => void,
	): boolean;
	/** Sends all bytes, or closes the connection and returns false. */
	tcpWrite(connection: number, bytes: Uint8Array): boolean;

	/** Opens a TCP connection and closes it again; then calls `done`, with a reason if there was none. */
	reach(host: string, port: number, done: (error?: string) => void): void;

	/** The connection to a Bluetooth controller (`--hci`). Bytes that arrive are put into `into`. */
	hciOpen(
		into: Uint8Array,
		onOpen: () => void,
		onBytes: (count: number) => void,
		onClose: (reason: string) => void,
	): void;
	/** Begins to connect; `onOpen` or `onClose` follows. */
	hciConnect(): void;
	/** Sends all bytes, or ends the connection and returns false. */
	hciWrite(bytes: Uint8Array): boolean;
	hciClose(): void;

	/** Bytes that arrive are put into `into`; then `onReadable` is called with their number. */
	uartOpen(into: Uint8Array, onReadable: (count: number) => void): void;
	/** Queues all bytes, or none and returns false. */
	uartWrite(bytes: Uint8Array): boolean;
	uartClose(): void;

	/** Each datagram is put into `into`; then `onReadable` is called with its length and its sender. */
	udpOpen(into: Uint8Array, onReadable: (count: number, peer: string) => void): void;
	udpSend(bytes: Uint8Array, peer: string): boolean;
	udpClose(): void;
};
