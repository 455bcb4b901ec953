import { BootError } from "../bootutil/bootutil.js";
import { measureImage } from "../bootutil/extent.js";
import { IMAGE_HEADER_SIZE, parseHeader, signedSize } from "../bootutil/header.js";
import { installs } from "../bootutil/modes.js";
import type { FlashArea } from "../flash/area.js";
import { FlashError } from "../flash/error.js";
import { SmpError } from "../smp/errors.js";
import { eraseSectors } from "../smp/group/image/flash.js";
import { guardMark, guardSlot } from "../smp/group/image/guards.js";
import { inUse } from "../smp/group/image/next-boot.js";
import type { ImageOptions } from "../smp/group/image/options.js";
import { ImageSlots } from "../smp/group/image/slots.js";
import { UPLOAD_JOURNAL, UploadJournal } from "../smp/group/image/upload-journal.js";
import { refuseMisfit, refuseOlder, verifyImage } from "../smp/group/image/verify.js";
import { ImageWriter } from "../smp/group/image/writer.js";
import { byteBuffer } from "./byte-buffer.js";
import { ScatteredWriter } from "./scattered-writer.js";

/** How updates are checked and marked: as the image group checks and marks what a client uploads. */
export type UpdateRules = Pick<ImageOptions, "boot" | "digest" | "signature" | "downgrade" | "guards" | "log">;

/** How a slot is written. Sizes are bytes. */
export interface UpdateRequest {
	/** Label of the slot's flash area. */
	readonly label: string;
	/** One piece behind the other, or each where it says. */
	readonly append: boolean;
	/** Length of the file, undefined if it is not known. */
	readonly byteLength: number | undefined;
}

/** One update of one slot, from the erased trailer to the mark for the next boot. Throws plain Errors and RangeErrors. */
export class UpdateSession {
	readonly #slots: ImageSlots;
	readonly #rules: UpdateRules;
	readonly #slot: number;
	readonly #area: FlashArea;
	/** Where the image starts in the area, and what no image goes beyond. */
	readonly #start: number;
	readonly #end: number;
	readonly #byteLength: number | undefined;
	/** Whether pieces come in order. */
	readonly append: boolean;
	readonly #writer: ImageWriter | ScatteredWriter;
	/** Whether the boot loader runs the newest image without being asked. Then the first byte of the file waits for `complete`. */
	readonly #unasked: boolean;
	#first: Uint8Array | undefined;
	/** Bytes of the file that came. */
	#position = 0;
	#ended = false;

	/** Begins: whatever mark the slot has is erased before anything else. */
	constructor(rules: UpdateRules, { label, append, byteLength }: UpdateRequest) {
		const slots = new ImageSlots(rules.boot);
		this.#slots = slots;
		this.#rules = rules;
		this.#byteLength = byteLength;
		this.#slot = slotOf(slots, label);
		this.#area = slots.area(this.#slot);
		this.append = append;
		const { size, sectorSize } = this.#area;
		const { mode } = rules.boot;
		this.#unasked = !installs(mode) && !mode.reverts;
		if (byteLength !== undefined && byteLength > size)
			throw new RangeError(`byteLength is ${byteLength}, and the partition has ${size} bytes`);
		if (slots.isActive(this.#slot)) throw new Error(`the running image is in ${label}`);
		this.#start = slots.start(this.#slot);
		const room = slots.largest(this.#slot);
		this.#end = this.#start + room;
		plainly(() => guardSlot(slots, rules, this.#slot, byteLength ?? room));
		if (inUse(slots, this.#slot, false)) throw new Error(`the boot loader needs the image in ${label}`);
		const trailer = rules.boot.trailer(this.#area).layout.status;
		const writer = new ImageWriter(this.#area, this.#start, Math.min(byteLength ?? room, room), trailer);
		plainly(() => {
			// An upload of a client that a reset broke off cannot go on in a slot that holds something else.
			const journal = rules.boot.map.labelled(UPLOAD_JOURNAL);
			if (journal) new UploadJournal(journal).end();
			writer.begin();
		});
		this.#writer =
			append && !this.#unasked
				? writer
				: new ScatteredWriter(this.#area, this.#start / sectorSize, Math.floor(trailer / sectorSize));
	}

	/** Writes a piece of the file; `place` where they come in any order. */
	write(data: unknown, place: unknown): void {
		this.#going();
		const bytes = byteBuffer(data);
		const offset = this.append ? this.#position : +(place as number);
		if (!(Number.isInteger(offset) && offset >= 0)) throw new RangeError("the offset is a whole number, not negative");
		const size = this.#byteLength ?? this.#area.size;
		if (offset + bytes.length > size)
			throw new RangeError(`the update has ${size} bytes: ${bytes.length} at ${offset} are past its end`);
		if (offset === 0 && bytes.length >= IMAGE_HEADER_SIZE) this.#checkHeader(bytes);
		// The trailer is for the mark alone: what a padded file has in its place would be a mark before its time.
		const at = this.#start + offset;
		const image = bytes.subarray(0, Math.max(0, Math.min(bytes.length, this.#end - at)));
		const held = this.#unasked && offset === 0 ? 1 : 0;
		if (held > 0) this.#first = image.slice(0, held);
		try {
			plainly(() => this.#writer.write(image.subarray(held), at + held));
		} catch (error) {
			// What the slot holds now is not known.
			this.#ended = true;
			throw error;
		}
		this.#position += bytes.length;
	}

	/** Checks the image as the boot loader will, and marks it for one trial boot. */
	complete(): void {
		this.#going();
		this.#ended = true;
		try {
			plainly(() => this.#finish());
		} catch (error) {
			// Nobody asks before that one runs.
			if (this.#unasked) plainly(() => eraseSectors(this.#area, 0, 1));
			throw error;
		}
	}

	#finish(): void {
		const { boot } = this.#rules;
		if (this.#first) this.#writer.write(this.#first, this.#start);
		this.#writer.finish();
		const whole = Math.max(this.#byteLength ?? 0, measureImage(this.#area, this.#start)?.total ?? 0);
		// The slot may hold the rest of a file that came before.
		if (this.#position < whole) throw new Error(`the update is not whole: ${this.#position} of ${whole} bytes came`);
		if (!this.#slots.info(this.#slot)) throw new Error("the file is no MCUboot image with a hash");
		guardMark(this.#slots, this.#rules, this.#slot, false);
		verifyImage(this.#slots, this.#rules, this.#slot);
		if (this.#unasked) return;
		const rc = boot.boot_set_next(this.#area, false, false);
		if (rc !== BootError.OK) throw new Error(`the trailer of ${this.#area.label} could not be written (${rc})`);
	}

	#going(): void {
		if (this.#ended) throw new Error("this update is at its end: open another one");
	}

	/** Refuses a file whose header shows that the boot loader will not take it. */
	#checkHeader(bytes: Uint8Array): void {
		const header = parseHeader(bytes);
		if (!header) throw new Error("the file is no MCUboot image");
		const most = this.#slots.largest(this.#slot);
		if (signedSize(header) > most)
			throw new Error(`the image has ${signedSize(header)} bytes without its TLVs, and the slot takes ${most}`);
		plainly(() => {
			refuseMisfit(this.#slots, this.#rules, header, this.#area);
			refuseOlder(this.#slots, this.#rules, this.#slot, header.version);
		});
	}
}

function slotOf(slots: ImageSlots, label: string): number {
	for (let slot = 0; slot < slots.count; slot++) if (slots.area(slot).label === label) return slot;
	throw new Error(`${label} is no slot of an image`);
}

/** Runs what throws errors of flash and of the image group; those get the plain class that ECMA-419 has, and keep their words. */
function plainly(action: () => void): void {
	try {
		action();
	} catch (error) {
		if (error instanceof SmpError || error instanceof FlashError) throw new Error(error.message);
		throw error;
	}
}
