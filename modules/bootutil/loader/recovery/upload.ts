import type { FlashArea } from "../../../flash/area.js";
import { FlashError } from "../../../flash/error.js";
import type { ResponseMap } from "../../../smp/cbor.js";
import { Rc, SmpError } from "../../../smp/errors.js";
import { bytes, decodeFields, uint } from "../../../smp/fields.js";
import { modeOf, onlyStarts, runsFromRam } from "../../modes.js";
import { trailerLayout } from "../../trailer.js";
import { eraseRegion } from "../flash-ops.js";
import { SECONDARY, type SlotIndex } from "../state.js";
import type { RecoveryBuild, RecoveryHost } from "./build.js";
import { decryptInPlace } from "./decrypt.js";

/** Keys of an upload request. Others, such as `sha`, are of no concern here. */
const SCHEMA = Object.freeze({ image: uint, data: bytes, len: uint, off: uint });

const refuse = (words: string): SmpError => new SmpError(Rc.INVALID, words);

/**
 * Upload in serial recovery (MCUboot boot_serial.c, `bs_upload`): the file goes to the primary slot as it comes, or with direct
 * upload to any slot. There is one upload, which a packet at offset 0 begins anew. Bytes that fill no program unit are not
 * taken: the answer asks for them again.
 */
export class RecoveryUpload {
	readonly #build: RecoveryBuild;
	readonly #host: RecoveryHost;
	/** `image` of the packet that began. */
	#image = 0;
	#size = 0;
	/** Bytes of the file that the slot holds. */
	#offset = 0;
	/** Where the file begins in the slot. */
	#start = 0;
	/** The primary slot that has just got the last byte of a file. */
	#whole: FlashArea | undefined;
	/** First byte that has not been erased for this file. */
	#erased = 0;

	constructor(build: RecoveryBuild, host: RecoveryHost) {
		this.#build = build;
		this.#host = host;
	}

	/** Takes one request. Throws an SmpError with code 3, whatever is wrong. */
	take(payload: Uint8Array): ResponseMap {
		const { image = 0, data, len, off } = decodeFields(payload, SCHEMA);
		if (off === undefined || !data) throw refuse("an upload needs off and data");
		if (off === 0) this.#image = image;
		const [area, slot] = this.#target(this.#image);
		try {
			if (off === 0) this.#begin(area, slot, len, data);
			else if (off !== this.#offset) return { rc: Rc.OK, off: this.#offset };
			else if (off + data.length > this.#size) throw refuse("the packet goes beyond the announced length");
			this.#write(area, slot, data);
		} catch (error) {
			if (error instanceof FlashError) throw refuse(error.message);
			throw error;
		}
		return { rc: Rc.OK, off: this.#offset };
	}

	/**
	 * Decrypts an encrypted image that is whole now, in the slot where it runs; once its last packet has been answered. An image
	 * that is loaded to RAM is decrypted there.
	 */
	settle(): void {
		const whole = this.#whole;
		this.#whole = undefined;
		const { config, services } = this.#host;
		if (!whole || runsFromRam(modeOf(config.mode))) return;
		try {
			const fault = decryptInPlace(config, whole);
			if (fault !== undefined) services.log(`recovery: the image stays as it is: ${fault}`);
		} catch (error) {
			if (!(error instanceof FlashError)) throw error;
			services.log(`recovery: the image could not be decrypted: ${error.message}`);
		}
	}

	/** The slot that `image` stands for: the primary one of an image; with direct upload 1 is the first slot, as is 0. */
	#target(image: number): readonly [FlashArea, SlotIndex] {
		const { map, config } = this.#host;
		if (!this.#build.directUpload) {
			if (image >= config.images) throw refuse(`there is no image ${image}`);
			return [map.slot(image, "primary"), 0];
		}
		const index = Math.max(0, image - 1);
		if (index >> 1 >= map.images) throw refuse(`there is no slot for image ${image}`);
		const slot = (index & 1) as SlotIndex;
		return [map.slot(index >> 1, slot === SECONDARY ? "secondary" : "primary"), slot];
	}

	#begin(area: FlashArea, slot: SlotIndex, len: number | undefined, data: Uint8Array): void {
		this.#offset = 0;
		this.#size = 0;
		this.#erased = 0;
		if (len === undefined || len > area.size) throw refuse(`the slot has ${area.size} bytes`);
		// MCUboot erases up to the last byte of a packet, and finds no sector in front of the slot.
		if (data.length === 0 && this.#build.eraseProgressively) throw refuse("the first packet holds no data");
		// MCUboot takes such a packet, and the upload never ends.
		if (data.length > len) throw refuse("the packet holds more than the announced length");
		const { updateSector = 0 } = modeOf(this.#host.config.mode);
		this.#start = slot === SECONDARY ? updateSector * area.sectorSize : 0;
		if (!this.#build.eraseProgressively) {
			eraseRegion(area, 0, area.size);
			this.#erased = area.size;
		}
		this.#size = len;
	}

	#write(area: FlashArea, slot: SlotIndex, data: Uint8Array): void {
		const { writeAlign, erasedValue } = area;
		const at = this.#start + this.#offset;
		this.#eraseUpTo(area, at + data.length);
		const rest = data.length % writeAlign;
		const whole = data.length - rest;
		// The end of a file whose last unit was padded is no place for a unit.
		if (whole > 0) area.write(data.subarray(0, whole), at);
		const last = this.#offset + data.length === this.#size;
		if (last && rest > 0) {
			const unit = new Uint8Array(writeAlign).fill(erasedValue);
			unit.set(data.subarray(whole));
			area.write(unit, at + whole);
		}
		this.#offset += last ? data.length : whole;
		if (last) {
			this.#finish(area);
			if (slot !== SECONDARY) this.#whole = area;
		}
	}

	#eraseUpTo(area: FlashArea, end: number): void {
		if (end > area.size) throw refuse(`the slot has ${area.size} bytes`);
		if (end <= this.#erased) return;
		const target = Math.ceil(end / area.sectorSize) * area.sectorSize;
		eraseRegion(area, this.#erased, target - this.#erased);
		this.#erased = target;
	}

	/**
	 * The sectors of the trailer are erased last, whatever the file brought there: what they said was of another image. MCUboot
	 * erases the first of them only. Where nothing heeds a trailer, an image may share its sector.
	 */
	#finish(area: FlashArea): void {
		const { config } = this.#host;
		if (!this.#build.eraseProgressively || onlyStarts(modeOf(config.mode))) return;
		const { status } = trailerLayout(config, area.size, area.writeAlign);
		const from = Math.floor(status / area.sectorSize) * area.sectorSize;
		eraseRegion(area, from, area.size - from);
	}
}
