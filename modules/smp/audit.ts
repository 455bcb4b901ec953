import type { FlashArea } from "../flash/area.js";
import { crc32 } from "../flash/crc32.js";
import type { ResponseMap } from "./cbor.js";
import { type Outcome, outcomeOf } from "./errors.js";
import { uint } from "./fields.js";
import { type Group, operation } from "./group.js";
import type { ServerHooks } from "./server.js";

// The format (docs/SMP.md, Storage): records of 32 bytes in a ring of whole sectors, numbers little endian.
//
//   0   number u32, counts up    4   time u32     8   group u16     10  command u8    11  zero
//   12  error u16, 0: none       14  group whose error it is u16, 0xffff: none
//   16  transport, ASCII, 12 bytes, zeros behind                    28  CRC-32 of what is in front
//
// A record is one write operation. When the ring comes to a sector with something in it, it erases that one.

const RECORD = 32;
const TRANSPORT = 12;
const NO_GROUP = 0xffff;

export interface AuditOptions {
	readonly area: FlashArea;
	/** First sector of the ring, and how many; two at least. */
	readonly first: number;
	readonly sectors: number;
	/** Seconds: since 1970, or whatever the device has. */
	readonly time: () => number;
	/** Id of the group that reads it back. Default 65. */
	readonly group?: number;
	/** Told when a record cannot be written. */
	readonly log?: (line: string) => void;
}

/** One entry: a write request, and what became of it. */
export interface AuditRecord {
	readonly number: number;
	readonly time: number;
	readonly group: number;
	readonly command: number;
	readonly transport: string;
	/** Error code, 0 for success; and the group whose code it is, if it is a group's own. */
	readonly rc: number;
	readonly errorGroup?: number | undefined;
}

/**
 * A record of write requests on flash, refused ones too. It survives resets and power cuts and overwrites its oldest entries.
 * The same thing again (the same command over the same transport, with the same outcome) is one entry, so that an upload is one
 * and not a thousand. Give `hooks` to the server and `group` to its groups.
 */
export class AuditLog {
	readonly hooks: ServerHooks;
	/** Command 0, read `{before?}`: `{records: [{n, t, group, command, via, rc, own?}]}`, newest first, below number `before`. */
	readonly group: Group;
	readonly #options: AuditOptions;
	/** Address of the next record in the area, and its number. */
	#at = 0;
	#number = 1;
	#last = "";

	/** Throws a RangeError if the area cannot hold it. */
	constructor(options: AuditOptions) {
		const { area, first, sectors } = options;
		if (sectors < 2 || first < 0 || first + sectors > area.sectors)
			throw new RangeError("an audit log needs two sectors");
		if (RECORD % area.writeAlign !== 0) throw new RangeError(`write units of ${area.writeAlign} bytes are too large`);
		this.#options = options;
		this.hooks = {
			done: (group, command, write, error, { origin }) => {
				if (write) this.#note(group, command, origin.transport, error);
			},
		};
		const id = options.group ?? 65;
		this.group = {
			id,
			name: "audit",
			commands: {
				0: {
					name: "records",
					read: operation({ before: uint }, ({ before = 0xffffffff }, { room }) => ({
						records: this.records(before, Math.max(1, Math.min(8, Math.floor((room - 16) / 96)))).map(entry),
					})),
				},
			},
		};
		this.load();
	}

	/** Finds its place anew, as after something else erased the area. */
	load(): void {
		const start = this.#start;
		this.#at = start;
		this.#number = 1;
		this.#last = "";
		for (let at = start; at < this.#end; at += RECORD) {
			const record = this.#read(at);
			if (record && record.number >= this.#number) {
				this.#number = record.number + 1;
				this.#at = this.#next(at);
				this.#last = keyOf(record.group, record.command, record.transport, record);
			}
		}
	}

	/** At most `most` records with numbers below `before`, newest first. */
	records(before: number, most: number): AuditRecord[] {
		const found: AuditRecord[] = [];
		const slots = (this.#end - this.#start) / RECORD;
		let at = this.#at;
		for (let i = 0; i < slots && found.length < most; i++) {
			at = at === this.#start ? this.#end - RECORD : at - RECORD;
			const record = this.#read(at);
			if (record && record.number < before) found.push(record);
		}
		return found;
	}

	get #start(): number {
		return this.#options.first * this.#options.area.sectorSize;
	}

	get #end(): number {
		return this.#start + this.#options.sectors * this.#options.area.sectorSize;
	}

	#next(at: number): number {
		return at + RECORD === this.#end ? this.#start : at + RECORD;
	}

	#note(group: number, command: number, transport: string, error: unknown): void {
		const outcome = outcomeOf(error);
		const key = keyOf(group, command, transport.slice(0, TRANSPORT), outcome);
		if (key === this.#last) return;
		try {
			this.#write(this.#encode(group, command, transport, outcome));
			this.#last = key;
		} catch (failure) {
			this.#options.log?.(`audit: ${failure instanceof Error ? failure.message : "not recorded"}`);
		}
	}

	#write(record: Uint8Array): void {
		const { area } = this.#options;
		const { sectorSize } = area;
		// What a power cut left behind is passed over; a sector is erased when the ring comes to its start.
		while (this.#at % sectorSize !== 0 && !area.isErased(this.#at, RECORD)) this.#at = this.#next(this.#at);
		if (this.#at % sectorSize === 0 && !area.isErased(this.#at, sectorSize)) area.erase(this.#at, sectorSize);
		const at = this.#at;
		this.#at = this.#next(at);
		area.write(record, at);
		this.#number++;
	}

	#encode(group: number, command: number, transport: string, { rc, errorGroup }: Outcome): Uint8Array {
		const record = new Uint8Array(RECORD);
		const view = new DataView(record.buffer);
		view.setUint32(0, this.#number, true);
		view.setUint32(4, this.#options.time() >>> 0, true);
		view.setUint16(8, group, true);
		record[10] = command;
		view.setUint16(12, rc, true);
		view.setUint16(14, errorGroup ?? NO_GROUP, true);
		for (let i = 0; i < Math.min(TRANSPORT, transport.length); i++) record[16 + i] = transport.charCodeAt(i) & 0x7f;
		view.setUint32(28, crc32(record.subarray(0, 28)), true);
		return record;
	}

	#read(at: number): AuditRecord | undefined {
		const record = this.#options.area.bytes(at, RECORD);
		const view = new DataView(record.buffer);
		if (view.getUint32(28, true) !== crc32(record.subarray(0, 28))) return undefined;
		let transport = "";
		for (let i = 16; i < 28 && record[i] !== 0; i++) transport += String.fromCharCode(record[i]!);
		const errorGroup = view.getUint16(14, true);
		return {
			number: view.getUint32(0, true),
			time: view.getUint32(4, true),
			group: view.getUint16(8, true),
			command: record[10]!,
			transport,
			rc: view.getUint16(12, true),
			errorGroup: errorGroup === NO_GROUP ? undefined : errorGroup,
		};
	}
}

const keyOf = (group: number, command: number, transport: string, { rc, errorGroup }: Outcome): string =>
	`${group} ${command} ${transport} ${rc} ${errorGroup ?? ""}`;

const entry = ({ number, time, group, command, transport, rc, errorGroup }: AuditRecord): ResponseMap => ({
	n: number,
	t: time,
	group,
	command,
	via: transport,
	rc,
	own: errorGroup,
});
