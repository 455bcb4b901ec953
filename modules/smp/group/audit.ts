import type { FlashArea } from "../../flash/area.js";
import type { ResponseMap } from "../cbor.js";
import { outcomeOf, Rc } from "../errors.js";
import { uint } from "../fields.js";
import { type Group, type Origin, operation } from "../group.js";
import type { AuditRecord } from "../protocol/audit.js";
import { OS_GROUP, OsCommand } from "../protocol/os.js";
import type { ServerHooks } from "../server.js";
import { AuditRing, TRANSPORT_SIZE } from "./audit-ring.js";

/** So many kinds of requests are counted at a time; the last place counts all further kinds together. */
const KINDS = 8;

/** What stands for further kinds: no group, and no command of one. */
const FURTHER = Object.freeze({ group: 0xffff, command: 0xff, transport: "", rc: Rc.UNKNOWN });

export interface AuditOptions {
	readonly area: FlashArea;
	/** First sector, and how many, four at least: one half for what is counted, then one for what was done. */
	readonly first: number;
	readonly sectors: number;
	/** Seconds: since 1970, or whatever the device has. */
	readonly time: () => number;
	/** Calls back once after so many milliseconds. */
	readonly after: (milliseconds: number, callback: () => void) => void;
	/** Whether a client has shown that it may write. Default: whoever was served has. */
	readonly trusts?: (origin: Origin) => boolean;
	/** Least time between two writes of what is counted, milliseconds. Default 15 minutes. */
	readonly interval?: number;
	/** Id of the group that reads it back. Default 65. */
	readonly group?: number;
	/** Told when a record cannot be written. */
	readonly log?: (line: string) => void;
}

/**
 * A record of write requests on flash. It survives resets and power cuts and overwrites its oldest entries. Give
 * `hooks` to the server and `group` to its groups.
 *
 * What a client that may write has done is written at once; the same thing again (the same command over the same
 * transport) is one entry, so that an upload is one and not a thousand. Everything else, refusals above all, is
 * counted in RAM by kind, and written once in a while to sectors of its own. So nobody who may do nothing can push out
 * a record of what was done, or wear flash: in an interval 8 records are written at most, and after a reset a whole
 * interval passes first.
 */
export class AuditLog {
	readonly hooks: ServerHooks;
	/**
	 * Command 0, read `{before?}`: `{records: [{n, t, group, command, via, rc, own?, times?}]}`, newest first, below
	 * number `before`, those in RAM too.
	 */
	readonly group: Group;
	readonly #options: AuditOptions;
	readonly #done: AuditRing;
	readonly #counted: AuditRing;
	/** What is counted and not written yet, by kind, the oldest first. */
	readonly #pending = new Map<string, AuditRecord & { times: number }>();
	#waiting = false;
	/** Number of the next record. */
	#number = 1;
	/** The kind of what was done last. */
	#last = "";

	/** Throws a RangeError if the area cannot hold it. */
	constructor(options: AuditOptions) {
		const { area, first, sectors } = options;
		const half = Math.floor(sectors / 2);
		this.#options = options;
		this.#counted = new AuditRing(area, first, half);
		this.#done = new AuditRing(area, first + half, half);
		this.hooks = {
			done: (group, command, write, error, { origin }) => {
				if (write) this.#note(group, command, error, origin);
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
		const done = this.#done.load();
		const counted = this.#counted.load();
		this.#last = done ? kindOf(done) : "";
		this.#number = 1 + Math.max(done?.number ?? 0, counted?.number ?? 0, ...this.#numbers());
	}

	/** At most `most` records with numbers below `before`, newest first. */
	records(before: number, most: number): AuditRecord[] {
		const found = [...this.#done.records(before, most), ...this.#counted.records(before, most)];
		for (const record of this.#pending.values()) if (record.number < before) found.push({ ...record });
		return found.sort((a, b) => b.number - a.number).slice(0, most);
	}

	/** Writes what is counted. A record that cannot be written stays. */
	flush(): void {
		for (const [kind, record] of this.#pending) {
			if (!this.#write(this.#counted, record)) return;
			this.#pending.delete(kind);
		}
	}

	#numbers(): number[] {
		return [...this.#pending.values()].map(({ number }) => number);
	}

	#note(group: number, command: number, error: unknown, origin: Origin): void {
		const known = this.#options.trusts?.(origin);
		const record = {
			number: this.#number,
			time: this.#options.time(),
			group,
			command,
			transport: origin.transport.slice(0, TRANSPORT_SIZE),
			...outcomeOf(error),
		};
		const kind = kindOf(record);
		if (error !== undefined || known === false) this.#count(kind, record);
		else if (kind !== this.#last) {
			// The number is not given to another record in any case: one that failed may be there.
			this.#number++;
			if (this.#write(this.#done, record)) this.#last = kind;
		}
		// RAM does not survive it.
		if (known && error === undefined && group === OS_GROUP && command === OsCommand.RESET) this.flush();
	}

	#count(kind: string, record: AuditRecord): void {
		const known = this.#pending.get(kind) ?? this.#pending.get("");
		if (known) {
			known.times++;
			return;
		}
		const further = this.#pending.size === KINDS - 1;
		this.#pending.set(further ? "" : kind, {
			...record,
			...(further && { ...FURTHER, errorGroup: undefined }),
			times: 1,
		});
		this.#number++;
		if (this.#waiting) return;
		this.#waiting = true;
		this.#options.after(this.#options.interval ?? 900_000, () => {
			this.#waiting = false;
			this.flush();
		});
	}

	/** Returns whether the record is on flash. */
	#write(ring: AuditRing, record: AuditRecord): boolean {
		try {
			ring.append(record);
			return true;
		} catch (failure) {
			this.#options.log?.(`audit: ${failure instanceof Error ? failure.message : "not recorded"}`);
			return false;
		}
	}
}

const kindOf = ({ group, command, transport, rc, errorGroup }: AuditRecord): string =>
	`${group} ${command} ${transport} ${rc} ${errorGroup ?? ""}`;

const entry = ({ number, time, group, command, transport, rc, errorGroup, times }: AuditRecord): ResponseMap => ({
	n: number,
	t: time,
	group,
	command,
	via: transport,
	rc,
	own: errorGroup,
	times,
});
