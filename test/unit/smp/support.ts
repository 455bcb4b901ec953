import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { FlashArea } from "../../../modules/flash/area.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { encodeMap, type ResponseMap } from "../../../modules/smp/cbor.js";
import { bytes, decodeFields, type Field, text, uint } from "../../../modules/smp/fields.js";
import { HEADER_SIZE, readHeader, writeHeader } from "../../../modules/smp/header.js";
import type { SmpServer } from "../../../modules/smp/server.js";
import type { ByteStream } from "../../../modules/smp/transport/stream.js";

export function hex(data: Uint8Array): string {
	let digits = "";
	for (let i = 0; i < data.length; i++) digits += data[i]!.toString(16).padStart(2, "0");
	return digits;
}

export function unhex(digits: string): Uint8Array {
	const compact = digits.replace(/ /g, "");
	const data = new Uint8Array(compact.length / 2);
	for (let i = 0; i < data.length; i++) data[i] = Number.parseInt(compact.slice(2 * i, 2 * i + 2), 16);
	return data;
}

/** A small generator of repeatable pseudo-random numbers. */
export function random(seed: number): (limit: number) => number {
	let state = seed;
	return (limit) => {
		state = (Math.imul(state, 1103515245) + 12345) >>> 0;
		return Math.floor((state / 0x100000000) * limit);
	};
}

/** A request packet. */
export function request(group: number, command: number, map: ResponseMap, version = 1, op = 2): Uint8Array {
	const packet = new Uint8Array(4096);
	const end = encodeMap(map, packet, HEADER_SIZE);
	writeHeader(packet, { op, version, flags: 0, length: end - HEADER_SIZE, group, sequence: 7, command });
	return packet.slice(0, end);
}

/** Sends a packet and returns the responses. */
export function exchange(server: SmpServer, packet: Uint8Array): Uint8Array[] {
	const responses: Uint8Array[] = [];
	server.receive(packet, (response) => responses.push(response.slice()));
	return responses;
}

/** Sends a packet and returns the payload of the one response. */
export function payload(server: SmpServer, packet: Uint8Array): string {
	return exchange(server, packet)
		.map((response) => hex(response.subarray(HEADER_SIZE)))
		.join(" ");
}

const RESULT = { rc: uint, rsn: text, off: uint, val: bytes } satisfies Record<string, Field<unknown>>;

/** Sends a packet and decodes the flat part of its response. */
export function answer(server: SmpServer, packet: Uint8Array) {
	const [response] = exchange(server, packet);
	if (!response) throw new Error("no response");
	return { header: readHeader(response), ...decodeFields(response.subarray(HEADER_SIZE), RESULT) };
}

/** A byte stream that is fed by hand and keeps what is written. */
export class TestStream implements ByteStream {
	onBytes: ByteStream["onBytes"];
	readonly written: Uint8Array[] = [];
	closed = false;
	/** Drops what is written. */
	full = false;

	feed(data: Uint8Array, size = data.length || 1): void {
		for (let at = 0; at < data.length; at += size) this.onBytes?.(data.subarray(at, at + size));
	}

	write(data: Uint8Array): boolean {
		if (!this.full) this.written.push(data);
		return !this.full;
	}

	close(): void {
		this.closed = true;
	}
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

export const ascii = (letters: string): Uint8Array =>
	Uint8Array.from({ length: letters.length }, (_, i) => letters.charCodeAt(i));

/** Two slots of 16 sectors in memory. `fail` makes the next flash operation of that kind throw. */
export class TestFlash {
	readonly primary: Uint8Array;
	readonly secondary: Uint8Array;
	readonly boot: BootUtil;
	fail: "write" | "erase" | undefined;
	erases = 0;

	constructor(mode: UpgradeMode = "swap-move", writeAlign = 4) {
		const slot = () => new Uint8Array(16 * 1024).fill(0xff);
		this.primary = slot();
		this.secondary = slot();
		const areas = [this.primary, this.secondary].map((memory, i) => {
			const partition = new FailingPartition(memory, { sectorSize: 1024, writeAlign });
			partition.flash = this;
			return new FlashArea(i + 1, `image-${i}`, 0, partition);
		});
		this.boot = new BootUtil(new FlashMap(areas), {
			mode,
			images: 1,
			maxAlign: writeAlign > 8 ? 32 : 8,
			maxSectors: 16,
			trailer: "current",
		});
	}

	take(kind: "write" | "erase"): void {
		if (this.fail !== kind) return;
		this.fail = undefined;
		throw new Error(`the ${kind} failed`);
	}
}

class FailingPartition extends NorPartition {
	flash: TestFlash | undefined;

	override write(data: Uint8Array | ArrayBuffer, byteOffset: number): void {
		this.flash?.take("write");
		super.write(data, byteOffset);
	}

	override eraseBlock(first: number, end = first + 1): void {
		this.flash?.take("erase");
		if (this.flash) this.flash.erases += end - first;
		super.eraseBlock(first, end);
	}
}

/** An image of `size` bytes in all: header, body, and a TLV area with its SHA-256. */
export function image(size: number, version: readonly [number, number, number], seed = 1): Uint8Array {
	const next = random(seed);
	const data = Uint8Array.from({ length: size }, () => next(256));
	const body = size - 32 - 40;
	data.fill(0, 0, 32);
	data.set(unhex("3db8f396000000002000"));
	data.set([body & 0xff, body >> 8], 12);
	data.set([version[0], version[1], version[2]], 20);
	data.set(unhex("0769 2800 1000 2000"), size - 40);
	const hasher = nobleDigest.sha256();
	hasher.update(data.subarray(0, size - 40));
	data.set(hasher.digest(), size - 32);
	return data;
}
