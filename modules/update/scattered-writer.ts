import type { FlashArea } from "../flash/area.js";
import { eraseSectors } from "../smp/group/image/flash.js";

/** A program unit of which some bytes are there. */
interface Piece {
	readonly at: number;
	readonly bytes: Uint8Array;
	/** A bit for each byte that is there. */
	there: number;
}

/** So many units may wait for the rest of their bytes at a time. */
const PIECES = 64;

/**
 * Writes an image to a slot in pieces of any place and length, in any order, each byte once. Sectors are erased when the first
 * byte of them arrives. Units that a piece fills in part wait in memory for their other bytes.
 *
 * Offsets are bytes from the start of the area. Methods throw a `FlashError`, a `GroupError` of the image group, or a RangeError
 * if more units would wait than there is room for.
 */
export class ScatteredWriter {
	readonly #area: FlashArea;
	/** A bit for each sector that is erased, or holds what was written. */
	readonly #fresh: Uint8Array;
	readonly #pieces: Piece[] = [];

	/** The sectors before `first`, and those from `trailer` on, are erased already. */
	constructor(area: FlashArea, first: number, trailer: number) {
		this.#area = area;
		this.#fresh = new Uint8Array(Math.ceil(area.sectors / 8));
		for (let sector = 0; sector < area.sectors; sector++)
			if (sector < first || sector >= trailer) this.#freshen(sector);
	}

	write(data: Uint8Array, offset: number): void {
		const unit = this.#area.writeAlign;
		const head = Math.min(data.length, (unit - (offset % unit)) % unit);
		const end = data.length - ((data.length - head) % unit);
		this.#put(data.subarray(0, head), offset);
		this.#program(data.subarray(head, end), offset + head);
		this.#put(data.subarray(end), offset + end);
	}

	/** Writes the units that still wait, filled up with erased bytes. */
	finish(): void {
		for (let piece = this.#pieces.pop(); piece; piece = this.#pieces.pop()) this.#program(piece.bytes, piece.at);
	}

	/** Keeps bytes that do not fill a unit. */
	#put(data: Uint8Array, offset: number): void {
		if (data.length === 0) return;
		const { writeAlign: unit, erasedValue } = this.#area;
		const at = offset - (offset % unit);
		let index = this.#pieces.findIndex((piece) => piece.at === at);
		if (index < 0) {
			if (this.#pieces.length >= PIECES)
				throw new RangeError(`more than ${PIECES} program units wait for their other bytes: write larger pieces`);
			index = this.#pieces.push({ at, bytes: new Uint8Array(unit).fill(erasedValue), there: 0 }) - 1;
		}
		const piece = this.#pieces[index]!;
		piece.bytes.set(data, offset - at);
		for (let i = 0; i < data.length; i++) piece.there |= 1 << (offset - at + i);
		if (piece.there >>> 0 !== 2 ** unit - 1) return;
		this.#pieces.splice(index, 1);
		this.#program(piece.bytes, at);
	}

	#program(data: Uint8Array, at: number): void {
		if (data.length === 0) return;
		const { sectorSize } = this.#area;
		const end = Math.ceil((at + data.length) / sectorSize);
		for (let sector = Math.floor(at / sectorSize); sector < end; sector++) {
			if (this.#fresh[sector >> 3]! & (1 << (sector & 7))) continue;
			eraseSectors(this.#area, sector, sector + 1);
			this.#freshen(sector);
		}
		this.#area.write(data, at);
	}

	#freshen(sector: number): void {
		this.#fresh[sector >> 3]! |= 1 << (sector & 7);
	}
}
