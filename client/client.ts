import { Decoder } from "cbor-x/decode";
import { Encoder } from "cbor-x/encode";
import { HEADER_SIZE, Op, readHeader, writeHeader } from "../modules/smp/header.js";

/** Carries whole SMP packets to one server and back. */
export interface Link {
	/** Called with each packet that arrives. */
	onPacket: ((packet: Uint8Array) => void) | undefined;
	send(packet: Uint8Array): void;
	close(): void;
}

/** One entry of the image list (Zephyr documentation, SMP image management: Get state of images). */
export interface ImageState {
	/** 0 where the server leaves it out, as those with one image do. */
	readonly image: number;
	readonly slot: number;
	readonly version: string;
	/** The image's own SHA-256, in hexadecimal. */
	readonly hash: string;
	readonly bootable: boolean;
	readonly pending: boolean;
	readonly confirmed: boolean;
	readonly active: boolean;
	readonly permanent: boolean;
}

/** The server refused: `code` is its rc, or the code of `group`'s own list. */
export class SmpResponseError extends Error {
	readonly code: number;
	readonly group: number | undefined;

	constructor(what: string, code: number, group: number | undefined, reason: string | undefined) {
		const where = group === undefined ? `rc ${code}` : `group ${group} error ${code}`;
		super(`${what}: ${where}${reason ? ` (${reason})` : ""}`);
		this.name = "SmpResponseError";
		this.code = code;
		this.group = group;
	}
}

export interface ClientOptions {
	/** How long to wait for an answer before asking again, milliseconds. */
	readonly timeout?: number;
	/** How often to ask. */
	readonly tries?: number;
}

type Fields = Readonly<Record<string, unknown>>;

const OS = 0;
const IMAGE = 1;

const hexOf = (bytes: unknown): string =>
	bytes instanceof Uint8Array ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("") : "";

const bytesOf = (hex: string): Uint8Array =>
	Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));

/**
 * An SMP client, one request at a time, in version 2 of the protocol.
 *
 * Every method rejects with an `SmpResponseError` when the server refuses, and with an Error when it does not answer.
 */
export class SmpClient {
	readonly #link: Link;
	readonly #timeout: number;
	readonly #tries: number;
	readonly #encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
	readonly #decoder = new Decoder({ useRecords: false, mapsAsObjects: true });
	#sequence = 0;

	constructor(link: Link, { timeout = 2000, tries = 3 }: ClientOptions = {}) {
		this.#link = link;
		this.#timeout = timeout;
		this.#tries = tries;
	}

	async echo(text: string): Promise<string> {
		return String((await this.request(Op.WRITE, OS, 0, { d: text }))["r"]);
	}

	/** Restarts the device. It answers before it does. */
	async reset(): Promise<void> {
		await this.request(Op.WRITE, OS, 5, {});
	}

	/** Largest packet that the server takes, bytes, header included. */
	async bufferSize(): Promise<number> {
		return Number((await this.request(Op.READ, OS, 6, {}))["buf_size"]);
	}

	async images(): Promise<ImageState[]> {
		return imageStates(await this.request(Op.READ, IMAGE, 0, {}));
	}

	/** Marks the image with this hash for one trial boot. */
	async test(hash: string): Promise<ImageState[]> {
		return imageStates(await this.request(Op.WRITE, IMAGE, 0, { hash: bytesOf(hash), confirm: false }));
	}

	/** Confirms the image with this hash, or the running one. */
	async confirm(hash?: string): Promise<ImageState[]> {
		const fields = hash === undefined ? { confirm: true } : { hash: bytesOf(hash), confirm: true };
		return imageStates(await this.request(Op.WRITE, IMAGE, 0, fields));
	}

	/**
	 * Sends an image file to the secondary slot of `image`. `sha` is the SHA-256 of the file, by which a server resumes
	 * an upload that was broken off.
	 */
	async upload(
		file: Uint8Array,
		sha: Uint8Array,
		image = 0,
		progress: (sent: number, total: number) => void = () => {},
	): Promise<void> {
		const packet = await this.bufferSize();
		for (let off = 0; off < file.length; ) {
			const head = off === 0 ? { image, len: file.length, off, sha } : { off };
			const room = packet - HEADER_SIZE - this.#encoder.encode({ ...head, data: new Uint8Array(0) }).length - 4;
			const fields = { ...head, data: file.subarray(off, off + room) };
			const next = Number((await this.request(Op.WRITE, IMAGE, 1, fields))["off"]);
			if (!(next >= 0 && next <= file.length)) throw new Error(`the server asks for offset ${next}`);
			if (next === off) throw new Error(`the server takes nothing at offset ${off}`);
			off = next;
			progress(off, file.length);
		}
	}

	/** One request and its answer; the way to commands that have no method here. */
	async request(op: number, group: number, command: number, fields: Fields): Promise<Fields> {
		const sequence = this.#sequence++ & 0xff;
		const payload = this.#encoder.encode(fields);
		const packet = new Uint8Array(HEADER_SIZE + payload.length);
		writeHeader(packet, { op, version: 1, flags: 0, length: payload.length, group, sequence, command });
		packet.set(payload, HEADER_SIZE);
		for (let attempt = 0; attempt < this.#tries; attempt++) {
			const answer = await this.#exchange(packet, sequence);
			if (answer) return this.#check(group, command, answer);
		}
		throw new Error(`no answer to group ${group} command ${command} after ${this.#tries} tries`);
	}

	close(): void {
		this.#link.close();
	}

	#exchange(packet: Uint8Array, sequence: number): Promise<Uint8Array | undefined> {
		return new Promise((resolve) => {
			const end = (answer?: Uint8Array) => {
				clearTimeout(timer);
				this.#link.onPacket = undefined;
				resolve(answer);
			};
			const timer = setTimeout(end, this.#timeout);
			this.#link.onPacket = (answer) => {
				if (answer.length >= HEADER_SIZE && readHeader(answer).sequence === sequence) end(answer);
			};
			this.#link.send(packet);
		});
	}

	#check(group: number, command: number, answer: Uint8Array): Fields {
		const fields = this.#decoder.decode(answer.subarray(HEADER_SIZE)) as Fields;
		const what = `group ${group} command ${command}`;
		const error = fields["err"] as { group: number; rc: number } | undefined;
		if (error) throw new SmpResponseError(what, error.rc, error.group, undefined);
		const rc = Number(fields["rc"] ?? 0);
		if (rc !== 0) throw new SmpResponseError(what, rc, undefined, fields["rsn"] as string | undefined);
		return fields;
	}
}

function imageStates(fields: Fields): ImageState[] {
	const entries = fields["images"];
	if (!Array.isArray(entries)) throw new Error("the server's answer has no image list");
	return (entries as Fields[]).map((entry) => ({
		image: Number(entry["image"] ?? 0),
		slot: Number(entry["slot"]),
		version: String(entry["version"]),
		hash: hexOf(entry["hash"]),
		bootable: entry["bootable"] === true,
		pending: entry["pending"] === true,
		confirmed: entry["confirmed"] === true,
		active: entry["active"] === true,
		permanent: entry["permanent"] === true,
	}));
}
