import { crc32 } from "node:zlib";
import type { FlashPartition } from "../../modules/flash/partition.js";
import { RECORD } from "./journal-scenario.js";

/** A mistake in the journal or in what it stands on, to see whether the laboratory finds it. */
export interface JournalMutant {
	readonly name: string;
	readonly title: string;
	/** Steps that show it. */
	readonly steps: readonly string[];
	/** Makes a mistake of a partition. */
	readonly tamper?: (partition: FlashPartition) => FlashPartition;
	/** An update is recorded as confirmed before it is. */
	readonly recordFirst?: true;
}

/** A partition that does something else. */
const other = (partition: FlashPartition, change: Partial<FlashPartition>): FlashPartition => ({
	read: (into, offset) => partition.read(into, offset),
	write: (bytes, offset) => partition.write(bytes, offset),
	eraseBlock: (first, end) => partition.eraseBlock(first, end),
	status: () => partition.status(),
	close: () => partition.close(),
	...change,
});

export const JOURNAL_MUTANTS: readonly JournalMutant[] = [
	{
		name: "record-first",
		title: "an update is recorded as confirmed before it is confirmed",
		steps: ["ok"],
		recordFirst: true,
	},
	{
		name: "no-crc",
		title: "a record counts whatever its CRC says",
		steps: ["start", "ok", "check", "reset"],
		tamper: (partition) =>
			other(partition, {
				read: (into, offset) => {
					const count = partition.read(into, offset);
					if (into.byteLength !== RECORD) return count;
					const record = Buffer.from(into instanceof Uint8Array ? into.buffer : into, 0, RECORD);
					record.writeUInt32LE(crc32(record.subarray(0, RECORD - 4)), RECORD - 4);
					return count;
				},
			}),
	},
	{
		name: "takes-a-spoilt-place",
		title: "a place counts as erased whatever is in it",
		steps: ["start", "check", "fail", "left"],
		tamper: (partition) =>
			other(partition, {
				isErased: (offset, length) => {
					const bytes = new Uint8Array(length);
					partition.read(bytes, offset);
					return length === RECORD || bytes.every((byte) => byte === 0xff);
				},
			}),
	},
];

/** Undefined if there is none of that name. */
export const journalMutantNamed = (name: string): JournalMutant | undefined =>
	JOURNAL_MUTANTS.find((mutant) => mutant.name === name);
