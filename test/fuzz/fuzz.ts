import { bytes, decodeFields, text, uint } from "../../modules/smp/fields.js";
import { HEADER_SIZE, Op, readHeader } from "../../modules/smp/header.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import { hex, random, request } from "../unit/smp/support.js";
import { Behaviours, Corpus } from "./corpus.js";
import { BUFFER, FuzzDevice, WAYS, type Way } from "./device.js";
import { KINDS } from "./kinds.js";
import { Mutator, type Random } from "./mutate.js";
import { opening } from "./stories.js";

/** Tells, where the engine can, which code of the device ran. Code counts as new until it was run and learnt. */
export interface CodeCoverage {
	/** Whether new code ran since the last call of any of these; that is remembered. */
	isNew(): boolean;
	/** Whether some of what is remembered ran again since then; that part is learnt. */
	again(): boolean;
	/** Learns the rest of it. */
	learn(): void;
}

export interface FuzzOptions {
	readonly packets: number;
	readonly seed: number;
	readonly corpus: readonly Uint8Array[];
	/** Bytes of live memory, after everything that is garbage was collected; undefined where nobody can tell. */
	readonly memory?: () => number;
	/** A packet that makes new code run is started from again, too. */
	readonly coverage?: CodeCoverage;
	/** Gets each packet that made the device do something that none did before. */
	readonly onFound?: (packet: Uint8Array) => void;
}

export interface FuzzReport {
	readonly packets: number;
	readonly responses: number;
	/** Different things that the devices were seen to do: by command, outcome, and sentence. */
	readonly behaviours: number;
	/** Live memory after the first thousand packets and at the end, bytes. */
	readonly memoryBefore: number | undefined;
	readonly memoryAfter: number | undefined;
}

/** What went wrong, with the packet that did it. */
export class FuzzFailure extends Error {
	override readonly name: string = "FuzzFailure";

	constructor(what: string, index: number, { kind, way, packet }: Sent) {
		super(`${what}: packet ${index} by ${way}, device ${kind}: ${hex(packet)}`);
	}
}

/** A packet on its way. */
interface Sent {
	/** Index of the device. */
	readonly kind: number;
	readonly way: Way;
	readonly peer: number;
	readonly packet: Uint8Array;
}

const ECHO = request(0, 0, { d: "alive" });

/** How often the device is looked at: does it answer, and does it run what it ran? */
const CHECK = 1000;

/** Packets that one device gets before it is another's turn. */
const SPAN = 100;

/** Packets after which coverage is looked at: that takes as long as some hundred packets. A part of `SPAN`. */
const BATCH = 50;

/** Clients over UDP. */
const PEERS = 12;

/** Image group errors that flash gives when it is used wrongly: read, write, erase failed. */
const FLASH_ERRORS: readonly number[] = [11, 12, 13];

/** Devices of every kind, and what they were seen to do. */
export class Fleet {
	readonly behaviours = new Behaviours();
	readonly devices: readonly FuzzDevice[];
	responses = 0;
	/** Whether the last packet showed something new. */
	fresh = false;
	/** What is wrong with a response. */
	wrong: string | undefined;

	constructor() {
		const onResponse = (response: Uint8Array): void => {
			this.responses++;
			const verdict = judge(response);
			if (typeof verdict === "string") this.wrong ??= verdict;
			else if (this.behaviours.add(verdict)) this.fresh = true;
		};
		this.devices = KINDS.map((kind) => new FuzzDevice(kind, onResponse));
	}

	/** Sends a packet. What the line does to it depends on `next`. Throws a `FuzzFailure`. */
	send(sent: Sent, index: number, next: Random): void {
		this.fresh = false;
		try {
			send(this.devices[sent.kind]!, sent, next);
		} catch (error) {
			throw new FuzzFailure(`the server throws ${error}`, index, sent);
		}
		if (this.wrong !== undefined) throw new FuzzFailure(this.wrong, index, sent);
	}

	check(index: number, last: Sent): void {
		for (const [kind, device] of this.devices.entries()) {
			if (!device.intact) throw new FuzzFailure("a running image was changed", index, { ...last, kind });
			for (const way of WAYS) {
				device.settle();
				const before = this.responses;
				send(device, { kind, way, peer: 0, packet: ECHO }, () => 1);
				if (this.responses !== before + 1)
					throw new FuzzFailure(`no echo by ${way} any more`, index, { ...last, kind });
			}
		}
	}
}

/**
 * Sends packets by every way into devices of every kind and checks each answer. A packet that made a device do something new
 * is started from again. The same options give the same packets on every engine; with coverage, on the same version of Node.
 * Throws a `FuzzFailure`.
 */
export function fuzz({ packets, seed, corpus: fixed, memory, coverage, onFound }: FuzzOptions): FuzzReport {
	const next = random(seed);
	const corpus = new Corpus(fixed);
	const mutator = new Mutator(next, corpus.pick);
	const fleet = new Fleet();
	let batch: Sent[] = [];
	let way: Way = "udp";
	let peer = 0;
	const found = (packet: Uint8Array): void => {
		corpus.keep(packet);
		onFound?.(packet);
	};
	const quiet = (): number | undefined => {
		for (const device of fleet.devices) device.quiet();
		return memory?.();
	};
	/** Which packets of the batch made new code run? Each is sent once more; what does not run again is nobody's. */
	const attribute = (index: number): void => {
		if (coverage?.isNew()) {
			for (const sent of batch) {
				fleet.send(sent, index, () => 1);
				if (coverage.again()) found(sent.packet);
			}
			coverage.learn();
		}
		batch = [];
	};

	const openings = KINDS.flatMap((each, kind) => opening(each).map((packet) => ({ kind, packet })));
	let memoryBefore: number | undefined;
	for (let index = 0; index < packets; index++) {
		// First of all what each device is opened with, and the corpus itself, unchanged.
		const start = openings[index];
		const recorded = start?.packet ?? fixed[index - openings.length];
		const packet = recorded ?? mutator.make();
		// Packets that belong together come the same way.
		if (recorded ? !start && next(16) === 0 : !mutator.goesOn) {
			way = WAYS[next(WAYS.length)]!;
			peer = next(PEERS);
		}
		const kind = start?.kind ?? Math.floor(index / SPAN) % fleet.devices.length;
		const sent = { kind, way, peer, packet };
		fleet.send(sent, index, next);
		if (fleet.fresh && !recorded) found(packet);
		if (coverage && !recorded) batch.push({ ...sent, packet: packet.slice() });
		if ((index + 1) % BATCH === 0 || index + 1 === packets) attribute(index);
		if ((index + 1) % CHECK === 0 || index + 1 === packets) fleet.check(index, sent);
		if (index + 1 === CHECK) memoryBefore = quiet();
	}
	const { responses, behaviours } = fleet;
	return { packets, responses, behaviours: behaviours.count, memoryBefore, memoryAfter: quiet() };
}

/** Hands a packet to a transport, cut at will. What the line does to it depends on `next`: 0 damages, others do not. */
function send(device: FuzzDevice, { way, peer, packet }: Sent, next: Random): void {
	switch (way) {
		case "console": {
			let frame = encodeConsole(packet);
			if (next(10) === 0) frame[next(frame.length)] = next(256);
			if (next(10) === 0) frame = lineEnds(frame, next(2) === 0 ? 0x0d : 0x20);
			if (next(100) === 0) inPieces(LONG_LINE, next, (piece) => device.give(way, piece));
			inPieces(frame, next, (piece) => device.give(way, piece));
			break;
		}
		case "raw":
			inPieces(packet, next, (piece) => device.give(way, piece));
			// The line is silent at times, which is when a lost step is found again.
			if (next(4) === 0) device.settle();
			break;
		case "udp":
			device.give(way, packet, peer);
			break;
		case "ble":
			inPieces(packet, next, (piece) => device.give(way, piece));
			if (next(8) === 0) device.disconnect();
	}
}

/** A frame with another character in front of each line's end, as terminals and people put it there. */
function lineEnds(frame: Uint8Array, character: number): Uint8Array {
	const changed: number[] = [];
	for (const byte of frame) changed.push(...(byte === 0x0a ? [character, byte] : [byte]));
	return Uint8Array.from(changed);
}

/** A line of a console frame that is longer than any may be, and has no end. */
const LONG_LINE = new Uint8Array(5000).fill(0x41).fill(0x06, 0, 1).fill(0x09, 1, 2);

function inPieces(data: Uint8Array, next: Random, give: (piece: Uint8Array) => void): void {
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
