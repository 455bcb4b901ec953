import { bytes, decodeFields, text, uint } from "../../modules/smp/fields.js";
import { HEADER_SIZE, Op, readHeader } from "../../modules/smp/header.js";
import { encodeConsole } from "../../modules/smp/transport/console.js";
import { hex, random, request } from "../unit/smp/support.js";
import { Behaviours, Corpus } from "./corpus.js";
import { BUFFER, FuzzDevice, WAYS, type Way } from "./device.js";
import { Mutator } from "./mutate.js";

export interface FuzzOptions {
	readonly packets: number;
	readonly seed: number;
	readonly corpus: readonly Uint8Array[];
	/** Bytes of live memory, after everything that is garbage was collected; undefined where nobody can tell. */
	readonly memory?: () => number;
	/** Gets each packet that made the device do something that none did before. */
	readonly onFound?: (packet: Uint8Array) => void;
}

export interface FuzzReport {
	readonly packets: number;
	readonly responses: number;
	/** Different things that the device was seen to do: by command, outcome, and sentence. */
	readonly behaviours: number;
	/** Live memory after the first thousand packets and at the end, bytes. */
	readonly memoryBefore: number | undefined;
	readonly memoryAfter: number | undefined;
}

/** What went wrong, with the packet that did it. */
export class FuzzFailure extends Error {
	constructor(what: string, index: number, way: Way, packet: Uint8Array) {
		super(`${what}: packet ${index} by ${way}: ${hex(packet)}`);
		this.name = "FuzzFailure";
	}
}

const ECHO = request(0, 0, { d: "alive" });

/** How often the device is looked at: does it answer, and does it run what it ran? */
const CHECK = 1000;

/** Image group errors that flash gives when it is used wrongly: read, write, erase failed. */
const FLASH_ERRORS: readonly number[] = [10, 11, 12, 13];

/**
 * Sends packets by every way into a device and checks each answer. A packet that made the device do something new is
 * started from again. The same options give the same packets on every engine. Throws a `FuzzFailure`.
 */
export function fuzz(options: FuzzOptions): FuzzReport {
	const next = random(options.seed);
	const corpus = new Corpus(options.corpus);
	const mutator = new Mutator(next, corpus.pick);
	const behaviours = new Behaviours();
	let responses = 0;
	let fresh = false;
	let wrong: string | undefined;
	const device = new FuzzDevice(options.seed % 2 === 0 ? "swap-move" : "swap-offset", (response) => {
		responses++;
		const verdict = judge(response);
		if (typeof verdict === "string") wrong ??= verdict;
		else if (behaviours.add(verdict)) fresh = true;
	});
	const quiet = (): number | undefined => {
		device.quiet();
		return options.memory?.();
	};

	let memoryBefore: number | undefined;
	for (let index = 0; index < options.packets; index++) {
		// The corpus itself first, unchanged.
		const packet = index < options.corpus.length ? options.corpus[index]! : mutator.make();
		const way = WAYS[next(WAYS.length)]!;
		fresh = false;
		try {
			send(device, way, packet, next);
		} catch (error) {
			throw new FuzzFailure(`the server throws ${error}`, index, way, packet);
		}
		if (wrong !== undefined) throw new FuzzFailure(wrong, index, way, packet);
		if (fresh && index >= options.corpus.length) {
			corpus.keep(packet);
			options.onFound?.(packet);
		}
		if ((index + 1) % CHECK === 0 || index + 1 === options.packets) {
			if (!device.intact) throw new FuzzFailure("a running image was changed", index, way, packet);
			for (const other of WAYS) {
				device.settle();
				const before = responses;
				send(device, other, ECHO, () => 1);
				if (responses !== before + 1) throw new FuzzFailure(`no echo by ${other} any more`, index, way, packet);
			}
		}
		if (index + 1 === CHECK) memoryBefore = quiet();
	}
	return { packets: options.packets, responses, behaviours: behaviours.count, memoryBefore, memoryAfter: quiet() };
}

/** Hands a packet to a transport, cut at will. What the line does to it depends on `next`: 0 damages, others do not. */
function send(device: FuzzDevice, way: Way, packet: Uint8Array, next: (limit: number) => number): void {
	switch (way) {
		case "console": {
			const frame = encodeConsole(packet);
			if (next(10) === 0) frame[next(frame.length)] = next(256);
			inPieces(frame, next, (piece) => device.console.onBytes?.(piece));
			break;
		}
		case "raw":
			inPieces(packet, next, (piece) => device.raw.onBytes?.(piece));
			// The line is silent at times, which is when a lost step is found again.
			if (next(4) === 0) device.settle();
			break;
		case "udp":
			device.udp.onDatagram?.(packet, undefined);
			break;
		case "ble":
			inPieces(packet, next, (piece) => device.ble.onWrite?.(piece));
			if (next(8) === 0) device.ble.onUnsubscribed?.();
	}
}

function inPieces(data: Uint8Array, next: (limit: number) => number, give: (piece: Uint8Array) => void): void {
	const size = next(3) === 0 ? 8 + next(100) : data.length || 1;
	for (let at = 0; at < data.length; at += size) give(data.subarray(at, at + size));
}

const RESULT = Object.freeze({ rc: uint, rsn: text, off: uint, output: bytes });

/** What is wrong with a response, or what it shows of the device as a number. */
export function judge(response: Uint8Array): string | number {
	const header = readHeader(response);
	if (response.length > BUFFER) return `a response of ${response.length} bytes`;
	if (header.length !== response.length - HEADER_SIZE) return "a response with another length than its header says";
	if (header.op !== Op.READ_RESPONSE && header.op !== Op.WRITE_RESPONSE) return `a response with op ${header.op}`;
	if (header.version > 1) return `a response of version ${header.version}`;
	const payload = response.subarray(HEADER_SIZE);
	let rc = 0;
	let reason = "";
	try {
		const fields = decodeFields(payload, { rc: RESULT.rc, rsn: RESULT.rsn });
		rc = fields.rc ?? 0;
		reason = fields.rsn ?? "";
	} catch {
		return `a response that is no CBOR map: ${hex(response)}`;
	}
	if (rc === 1 && header.group === 1 && /flash area/.test(reason)) return `flash is used wrongly: ${reason}`;
	const error = groupError(payload);
	if (header.group === 1 && FLASH_ERRORS.includes(error)) return `flash is used wrongly: image error ${error}`;
	// Errors of the protocol come alike for every command, existing or not.
	const common = rc >= 8 && rc <= 13 ? 0 : (header.group << 8) | header.command;
	let hash = (header.op << 28) ^ (header.version << 24) ^ common ^ (rc << 20) ^ (error << 12);
	// Sentences tell branches apart, up to where they name what the packet said.
	for (let i = 0; i < reason.length; i++) {
		const code = reason.charCodeAt(i);
		if (code === 0x22 || code === 0x2f) break;
		if (code < 0x30 || code > 0x39) hash = Math.imul(hash ^ code, 0x01000193);
	}
	// The first key tells kinds of success apart.
	for (let i = 1; i < payload.length && i <= 1 + (payload[1]! & 0x1f); i++)
		hash = Math.imul(hash ^ payload[i]!, 0x01000193);
	return hash >>> 0 || 1;
}

/** The `rc` in an `err` map as the server writes it: bf 63 "err" bf 65 "group" N 62 "rc" N. 0 if it is none. */
function groupError(payload: Uint8Array): number {
	const prefix = [0xbf, 0x63, 0x65, 0x72, 0x72, 0xbf, 0x65];
	for (let i = 0; i < prefix.length; i++) if (payload[i] !== prefix[i]) return 0;
	let at = prefix.length + 5;
	at += payload[at]! < 24 ? 1 : 2;
	const rc = payload[at + 3]!;
	return rc < 24 ? rc : payload[at + 4]!;
}
