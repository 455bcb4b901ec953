import { Decoder } from "cbor-x/decode";
import { Encoder } from "cbor-x/encode";
import { describeImageFile } from "../../client/image-file.js";
import type { Link } from "../../client/link.js";
import { bytesOf } from "../../modules/bytes/hex.js";
import { HEADER_SIZE, readHeader, writeHeader } from "../../modules/smp/header.js";

type Fields = Readonly<Record<string, unknown>>;

/** A request as a script sees it. */
export interface Asked {
	readonly op: number;
	readonly group: number;
	readonly command: number;
	readonly fields: Fields;
}

/** A link to a server that answers as `answer` says; undefined is silence. */
export function scriptedLink(answer: (asked: Asked) => Fields | undefined): Link {
	const encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
	const decoder = new Decoder({ useRecords: false, mapsAsObjects: true });
	const link: Link = {
		onPacket: undefined,
		send: (packet) => {
			const header = readHeader(packet);
			const fields = decoder.decode(packet.slice(HEADER_SIZE)) as Fields;
			setImmediate(() => {
				const map = answer({ ...header, fields });
				if (!map) return;
				const payload = encoder.encode(map);
				const response = new Uint8Array(HEADER_SIZE + payload.length);
				writeHeader(response, { ...header, op: header.op + 1, length: payload.length });
				response.set(payload, HEADER_SIZE);
				link.onPacket?.(response);
			});
		},
		close: () => {},
	};
	return link;
}

const refusal = (rc: number, group = 1): Fields => ({ err: { group, rc } });
const UNKNOWN = { rc: 8 };

/**
 * A device as others make them, with the faults that they have: an upload is known again by its SHA-256 alone,
 * whichever image it was for, and a mark looks at nothing but the hash. Every field can be set to what a test wants.
 */
export class ForeignDevice {
	/** Files in the slots, through all images: the even ones run. */
	readonly slots: (Uint8Array | undefined)[];
	readonly pending = new Set<number>();
	readonly unconfirmed = new Set<number>();
	/** What it tells of its slots: as Zephyr, all but the limit; nothing, as it did once. */
	tellsSlots = true;
	maxImageSize: number | undefined;
	slotSize = 64 * 1024;
	tellsHashes = true;
	/** What the boot loader and others make of the slots in a restart; it answers nothing for `silent` requests then. */
	onReset: (device: this) => void = () => {};
	silent = 0;
	/** Called with each request before it is answered; an answer of its own counts. */
	before: (asked: Asked) => Fields | undefined = () => undefined;
	/** Groups and commands that were asked, as "group.command". */
	readonly asked: string[] = [];
	session: { slot: number; file: Uint8Array; sha: Uint8Array; got: number } | undefined;

	constructor(...running: readonly Uint8Array[]) {
		this.slots = running.flatMap((file) => [file, undefined]);
	}

	link(): Link {
		return scriptedLink((asked) => this.#answer(asked));
	}

	/** How often it was asked for an upload. */
	get uploads(): number {
		return this.asked.filter((command) => command === "1.1").length;
	}

	/** Installs what waits in every image, on trial. */
	swap(): void {
		for (const slot of this.pending) {
			[this.slots[slot - 1], this.slots[slot]] = [this.slots[slot], this.slots[slot - 1]];
			this.unconfirmed.add(slot - 1);
		}
		this.pending.clear();
	}

	#answer(asked: Asked): Fields | undefined {
		if (this.silent > 0) {
			this.silent--;
			return undefined;
		}
		const { op, group, command, fields } = asked;
		this.asked.push(`${group}.${command}`);
		const own = this.before(asked);
		if (own) return own;
		if (group === 0 && command === 5) {
			setImmediate(() => this.onReset(this));
			return {};
		}
		if (group === 0 && command === 6) return { buf_size: 1024, buf_count: 2 };
		if (group !== 1) return UNKNOWN;
		if (command === 0) return op === 2 ? this.#mark(fields) : this.#list();
		if (command === 1) return this.#upload(fields);
		if (command === 5) return this.#erase(Number(fields["slot"] ?? 1));
		return command === 6 && this.tellsSlots ? this.#slotInfo() : UNKNOWN;
	}

	#list(): Fields {
		const images = this.slots.flatMap((file, slot) => {
			if (!file) return [];
			const { version, hash } = describeImageFile(file);
			return [
				{
					...(this.slots.length > 2 && { image: slot >> 1 }),
					slot: slot & 1,
					version,
					...(this.tellsHashes && { hash: bytesOf(hash) }),
					bootable: true,
					pending: this.pending.has(slot),
					confirmed: slot % 2 === 0 && !this.unconfirmed.has(slot),
					active: slot % 2 === 0,
					permanent: false,
				},
			];
		});
		return { images };
	}

	#mark({ hash, confirm }: Fields): Fields {
		const wanted = hash instanceof Uint8Array ? Buffer.from(hash).toString("hex") : undefined;
		const slot = this.slots.findIndex((file) => file && (!wanted || describeImageFile(file).hash === wanted));
		if (slot < 0) return refusal(8);
		if (slot % 2 === 0) {
			if (!confirm) return refusal(33);
			this.unconfirmed.delete(slot);
		} else this.pending.add(slot);
		return this.#list();
	}

	#upload({ image = 0, len, off, sha, data }: Fields): Fields {
		const bytes = data as Uint8Array;
		if (off === 0) {
			if (this.session && Buffer.compare(this.session.sha, sha as Uint8Array) === 0) return { off: this.session.got };
			const slot = this.slots.length > 2 ? 2 * Number(image) + 1 : 1;
			if (slot >= this.slots.length) return refusal(9);
			if (Number(len) > this.slotSize) return refusal(30);
			this.slots[slot] = undefined;
			this.session = { slot, file: new Uint8Array(Number(len)), sha: new Uint8Array(sha as Uint8Array), got: 0 };
		}
		const { session } = this;
		if (!session || off !== session.got) return { off: session?.got ?? 0 };
		session.file.set(bytes, session.got);
		session.got += bytes.length;
		if (session.got < session.file.length) return { off: session.got };
		this.slots[session.slot] = session.file;
		this.session = undefined;
		return { off: session.got };
	}

	#erase(slot: number): Fields {
		if (slot >= this.slots.length) return refusal(10);
		this.slots[slot] = undefined;
		this.pending.delete(slot);
		this.session = undefined;
		return {};
	}

	#slotInfo(): Fields {
		const images = Array.from({ length: this.slots.length / 2 }, (_, image) => ({
			image,
			slots: [
				{ slot: 0, size: this.slotSize },
				{ slot: 1, size: this.slotSize, upload_image_id: image },
			],
			...(this.maxImageSize !== undefined && { max_image_size: this.maxImageSize }),
		}));
		return { images };
	}
}
