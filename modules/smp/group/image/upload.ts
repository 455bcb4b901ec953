import {
	compareVersions,
	IMAGE_HEADER_SIZE,
	type ImageHeader,
	parseHeader,
	signedSize,
} from "../../../bootutil/header.js";
import { equalBytes } from "../../../bytes/equal.js";
import type { FlashArea } from "../../../flash/area.js";
import type { ResponseMap } from "../../cbor.js";
import { GroupError } from "../../errors.js";
import { bool, bytes, type Fields, uint } from "../../fields.js";
import { type Command, operation } from "../../group.js";
import { ImageError, imageError } from "./error.js";
import { FlashHash, hashFlash } from "./flash.js";
import { guardSlot } from "./guards.js";
import { inUse } from "./next-boot.js";
import type { ImageOptions, UploadProgress } from "./options.js";
import type { ImageSlots } from "./slots.js";
import { refuseMisfit, refuseOlder } from "./verify.js";
import { ImageWriter } from "./writer.js";

/** Keys of an upload request. */
const SCHEMA = Object.freeze({ image: uint, len: uint, off: uint, sha: bytes, data: bytes, upgrade: bool });
type Request = Fields<typeof SCHEMA>;

/** Numbers of 32 set bits stand for a missing key, as in Zephyr. */
const MISSING = 0xffffffff;

/** Bytes of a SHA-256, by which a client names its file. */
const SHA_SIZE = 32;

/** No TLV area is longer: its length is a 16-bit integer. What a file has beyond that is padding. */
const LONGEST_TLVS = 0xffff;

/** One upload. Lives in RAM only, and of bounded size. */
interface Session {
	readonly slot: number;
	readonly size: number;
	/** As the client sent it, 0 to 32 bytes: names the upload when the client comes back. */
	readonly sha: Uint8Array;
	/** Runs over what the flash holds; missing if the client gave no whole SHA-256. */
	readonly hash: FlashHash | undefined;
	readonly writer: ImageWriter;
	offset: number;
}

/**
 * The upload command (Zephyr SMP group 1, Image upload). There is one session, whoever the client: a client that vanished
 * finds it again by the `sha` of its file. A packet at another offset than the session's is answered with the wanted
 * one, which is how lost and repeated packets are mended.
 */
export class ImageUpload {
	readonly command: Command;
	readonly #slots: ImageSlots;
	readonly #options: ImageOptions;
	/** How many uploads have begun. */
	begun = 0;
	#session: Session | undefined;
	#erasing = false;

	constructor(slots: ImageSlots, options: ImageOptions) {
		this.#slots = slots;
		this.#options = options;
		this.command = {
			name: "upload",
			write: operation(SCHEMA, (request, { origin }) => {
				options.mayUpload?.(request.off === 0, origin);
				return this.#upload(request);
			}),
		};
	}

	/** Ends the session, if there is one, and forgets one that a reset broke off. */
	stop(): void {
		this.#options.journal?.end();
		const session = this.#session;
		this.#session = undefined;
		if (session) this.#options.onEvent?.({ type: "stopped", upload: progress(session) });
	}

	#upload(request: Request): ResponseMap {
		try {
			const { off = MISSING, data = new Uint8Array(0) } = request;
			if (off === MISSING) throw imageError(ImageError.INVALID_OFFSET, "the offset is missing");
			return off === 0 ? this.#first(request, data) : this.#next(off, data);
		} catch (error) {
			// A session that failed must not stand in the way of the next one.
			this.stop();
			throw error;
		}
	}

	/** Takes the first packet of a file: checks it, resumes the session it belongs to, or begins one. */
	#first(request: Request, data: Uint8Array): ResponseMap {
		const { len = MISSING, sha = new Uint8Array(0), upgrade = false } = request;
		if (data.length < IMAGE_HEADER_SIZE)
			throw imageError(ImageError.INVALID_IMAGE_HEADER, "the first packet does not hold the whole image header");
		if (len === MISSING) throw imageError(ImageError.INVALID_LENGTH, "the length of the file is missing");
		const header = parseHeader(data);
		if (!header) throw imageError(ImageError.INVALID_IMAGE_HEADER_MAGIC, "the file is no MCUboot image");
		if (sha.length > SHA_SIZE) throw imageError(ImageError.INVALID_HASH, "sha has more than 32 bytes");

		const slot = this.#freeSlot(request.image ?? 0);
		const current = this.#session;
		if (current && sha.length > 0 && slot === current.slot && len === current.size && equalBytes(sha, current.sha))
			return { off: current.offset };
		const area = this.#slots.area(slot);
		const start = this.#slots.start(slot);
		this.#checkSize(slot, len, header);
		if (data.length > len)
			throw imageError(ImageError.INVALID_IMAGE_DATA_OVERRUN, "the packet holds more than the announced length");
		if (upgrade) this.#checkUpgrade(header);
		refuseMisfit(this.#slots, this.#options, header, area);
		refuseOlder(this.#slots, this.#options, slot, header.version);
		guardSlot(this.#slots, this.#options, slot, len);
		if (sha.length === SHA_SIZE && this.#holds(area, start, len, sha, data)) {
			this.stop();
			return { off: len, match: true };
		}
		const resumed = this.#resume(slot, len, sha, data);
		if (resumed) {
			this.#session = resumed;
			this.begun++;
			this.#options.onEvent?.({ type: "started", upload: progress(resumed) });
			return { off: resumed.offset };
		}
		this.#options.mayWrite?.({ slot, offset: 0, size: len }, data);
		this.stop();
		const session = this.#begin(slot, len, sha);
		if (session.hash) this.#options.journal?.begin(slot, len, sha, area.sectorSize);
		this.#session = session;
		this.begun++;
		session.writer.begin();
		this.#options.onEvent?.({ type: "started", upload: progress(session) });
		return this.#write(session, data);
	}

	#begin(slot: number, size: number, sha: Uint8Array): Session {
		const area = this.#slots.area(slot);
		const start = this.#slots.start(slot);
		const hasher = sha.length === SHA_SIZE ? this.#options.digest?.sha256() : undefined;
		return {
			slot,
			size,
			sha: sha.slice(),
			hash: hasher && new FlashHash(area, start, hasher),
			writer: new ImageWriter(area, start, size, this.#slots.boot.trailer(area).layout.status),
			offset: 0,
		};
	}

	/** The session of an upload of this file that a reset broke off, as far as the journal vouches for it. */
	#resume(slot: number, size: number, sha: Uint8Array, data: Uint8Array): Session | undefined {
		const { journal, digest } = this.#options;
		if (!journal || !digest || this.#session) return undefined;
		const area = this.#slots.area(slot);
		const entry = journal.read(area.sectorSize);
		if (!entry || entry.slot !== slot || entry.size !== size || !equalBytes(entry.sha, sha)) return undefined;
		if (entry.written === 0 || entry.written >= size) return undefined;
		const session = this.#begin(slot, size, sha);
		const { writer, hash } = session;
		const start = data.subarray(0, entry.written);
		if (!hash || !equalBytes(area.bytes(writer.start, start.length), start)) return undefined;
		writer.begin();
		writer.resume(entry.written);
		hash.update(entry.written, false);
		session.offset = entry.written;
		return session;
	}

	#next(off: number, data: Uint8Array): ResponseMap {
		const session = this.#session;
		if (!session || off !== session.offset || data.length === 0) return { off: session?.offset ?? 0 };
		if (off + data.length > session.size)
			throw imageError(ImageError.INVALID_IMAGE_DATA_OVERRUN, "the packet goes beyond the announced length");
		this.#options.mayWrite?.(progress(session), data);
		return this.#write(session, data);
	}

	#write(session: Session, data: Uint8Array): ResponseMap {
		const { writer, hash } = session;
		writer.write(data);
		session.offset += data.length;
		const done = session.offset === session.size;
		if (done) writer.finish();
		this.#options.journal?.reached(writer.written);
		// The hash runs over what the flash gives back, so that it also vouches for the flash.
		hash?.update(Math.min(writer.written, session.size), done);
		if (!done) {
			this.#options.onEvent?.({ type: "written", upload: progress(session) });
			this.#eraseAhead();
			return { off: session.offset };
		}
		this.#session = undefined;
		this.#endJournal();
		const match = hash && equalBytes(hash.digest(), session.sha);
		this.#options.onEvent?.({ type: "pending", upload: { ...progress(session), match } });
		return { off: session.offset, match };
	}

	/** Apart from what each packet does: a variable that a function takes along costs memory at each call. */
	#endJournal(): void {
		const { journal, later } = this.#options;
		journal?.end();
		// Erased now, the journal does not keep the next upload waiting.
		if (journal)
			later?.(() => {
				if (!this.#session) journal.clear();
			});
	}

	/** Erases a sector ahead of the data whenever there is nothing else to do, so that the next packets need not wait for it. */
	#eraseAhead(): void {
		const { later } = this.#options;
		if (!later || this.#erasing || !this.#session?.writer.behind) return;
		this.#erasing = true;
		later(() => {
			this.#erasing = false;
			// Data may have got there by now, or another upload begun.
			const writer = this.#session?.writer;
			if (!writer?.behind) return;
			try {
				writer.eraseAhead();
				this.#eraseAhead();
			} catch (error) {
				// The packet that needs the sector tries again, and has a client to complain to.
				if (!(error instanceof GroupError)) throw error;
			}
		});
	}

	/** With one image the number is ignored: clients send image and slot numbers of all kinds there. */
	#freeSlot(image: number): number {
		const { images } = this.#slots;
		if (images > 1 && image >= images) throw imageError(ImageError.INVALID_SLOT, `there is no image ${image}`);
		const slot = this.#slots.active(images > 1 ? image : 0) ^ 1;
		if (this.#slots.holdsLoader(slot))
			throw imageError(
				ImageError.NO_FREE_SLOT,
				this.#slots.boot.mode.singleSlot
					? "the only slot is in use: the boot loader's serial recovery takes updates"
					: "the firmware loader takes updates, and the application runs: reset with boot mode 1",
			);
		if (inUse(this.#slots, slot, this.#options.erasePending === false))
			throw imageError(ImageError.NO_FREE_SLOT, "the slot holds an image that is in use");
		return slot;
	}

	/** Refuses a file that the slot does not take, and says so if it is padding that makes it too long. */
	#checkSize(slot: number, len: number, header: ImageHeader): void {
		const { size } = this.#slots.area(slot);
		const most = this.#options.sizeLimit === "slot" ? size : this.#slots.longestFile(slot);
		if (len <= most) return;
		const image = signedSize(header);
		const padded = image < most && len >= Math.min(size, image + LONGEST_TLVS);
		throw imageError(
			ImageError.INVALID_IMAGE_TOO_LARGE,
			padded
				? `the file is padded: it has ${len} bytes, of which the image takes about ${image}; the slot takes ${most} bytes: sign the image without --pad`
				: `the file has ${len} bytes, and the slot takes ${most}`,
		);
	}

	/** The image has to be newer than the running one, whichever image it is for. */
	#checkUpgrade(header: ImageHeader): void {
		const running = this.#slots.info(this.#slots.active(0));
		if (!running) throw imageError(ImageError.VERSION_GET_FAILED, "the version of the running image cannot be read");
		if (compareVersions(header.version, running.header.version, this.#options.compareBuild) <= 0)
			throw imageError(ImageError.CURRENT_VERSION_IS_NEWER, "the running image is not older");
	}

	/** Whether the slot holds this very file already. */
	#holds(area: FlashArea, start: number, size: number, sha: Uint8Array, data: Uint8Array): boolean {
		if (!this.#options.digest || start + size > area.size) return false;
		// Hashing a whole image takes long on a device; that of another image differs in its first bytes already.
		if (!equalBytes(area.bytes(start, data.length), data)) return false;
		const hasher = this.#options.digest.sha256();
		hashFlash(area, start, size, hasher);
		return equalBytes(hasher.digest(), sha);
	}
}

const progress = ({ slot, offset, size }: Session): UploadProgress => ({ slot, offset, size });
