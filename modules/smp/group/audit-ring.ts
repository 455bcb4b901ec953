import type { FlashArea } from "../../flash/area.js";
import { FlashRing, ringNumber } from "../../flash/ring.js";
import type { AuditRecord } from "../protocol/audit.js";

// The format (docs/SMP.md, Storage): records of 32 bytes in a ring (modules/flash/ring.ts), numbers little endian.
//
//   0   number u32, counts up    4   time u32     8   group u16     10  command u8    11  zero
//   12  error u16, 0: none       14  group whose error it is u16, 0xffff: none
//   16  transport, ASCII, 8 bytes, zeros behind     24  how often u32, 0: once        28  CRC-32

const RECORD = 32;
const NO_GROUP = 0xffff;

/** So much of a transport's name is kept, bytes. */
export const TRANSPORT_SIZE = 8;

/** Records of the audit log in some sectors of a flash area. Throws a `FlashError` if the flash fails. */
export class AuditRing {
	readonly #ring: FlashRing;

	/** Throws a RangeError if the sectors cannot hold it. */
	constructor(area: FlashArea, first: number, sectors: number) {
		this.#ring = new FlashRing(area, { first, sectors, record: RECORD });
	}

	/** Finds its place, and returns the newest record. */
	load(): AuditRecord | undefined {
		const newest = this.#ring.load();
		return newest && decode(newest);
	}

	/** At most `most` records with numbers below `before`, newest first. */
	records(before: number, most: number): AuditRecord[] {
		const found: AuditRecord[] = [];
		this.#ring.walk((record) => {
			if (ringNumber(record) < before) found.push(decode(record));
			return found.length < most;
		});
		return found;
	}

	append(record: AuditRecord): void {
		this.#ring.append(encode(record));
	}
}

function decode(record: Uint8Array): AuditRecord {
	const view = new DataView(record.buffer);
	let transport = "";
	for (let i = 16; i < 16 + TRANSPORT_SIZE && record[i] !== 0; i++) transport += String.fromCharCode(record[i]!);
	const errorGroup = view.getUint16(14, true);
	return {
		number: view.getUint32(0, true),
		time: view.getUint32(4, true),
		group: view.getUint16(8, true),
		command: record[10]!,
		transport,
		rc: view.getUint16(12, true),
		errorGroup: errorGroup === NO_GROUP ? undefined : errorGroup,
		times: view.getUint32(24, true) || undefined,
	};
}

function encode({ number, time, group, command, transport, rc, errorGroup, times = 0 }: AuditRecord): Uint8Array {
	const record = new Uint8Array(RECORD);
	const view = new DataView(record.buffer);
	view.setUint32(0, number, true);
	view.setUint32(4, time >>> 0, true);
	view.setUint16(8, group, true);
	record[10] = command;
	view.setUint16(12, rc, true);
	view.setUint16(14, errorGroup ?? NO_GROUP, true);
	for (let i = 0; i < Math.min(TRANSPORT_SIZE, transport.length); i++) record[16 + i] = transport.charCodeAt(i) & 0x7f;
	view.setUint32(24, times, true);
	return record;
}
