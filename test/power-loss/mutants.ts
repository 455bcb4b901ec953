import { BootUtil } from "../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../modules/bootutil/config.js";
import { IMAGE_MAGIC } from "../../modules/bootutil/header.js";
import { eraseTrailer } from "../../modules/bootutil/loader/flash-ops.js";
import type { UpgradeStrategy } from "../../modules/bootutil/loader/strategy.js";
import { swapMove } from "../../modules/bootutil/loader/swap-move.js";
import { swapOffset } from "../../modules/bootutil/loader/swap-offset.js";
import type { UpgradeMode } from "../../modules/bootutil/modes.js";
import { SwapType } from "../../modules/bootutil/trailer.js";
import type { Tamper } from "./flash.js";
import { instead, type Slot } from "./tamper.js";

/** A mistake in the boot loader or in the application's calls, to see whether the laboratory finds it. */
export interface Mutant {
	readonly name: string;
	readonly title: string;
	/** Modes that it makes a difference in. */
	readonly modes: readonly UpgradeMode[];
	tamper?(config: BootConfig): Tamper;
	strategy?(mode: BootConfig["mode"]): UpgradeStrategy;
	readonly application?: typeof BootUtil;
}

const BOTH: readonly UpgradeMode[] = ["swap-move", "swap-offset"];

const strategyOf = (mode: BootConfig["mode"]): UpgradeStrategy => (mode === "swap-move" ? swapMove : swapOffset);

/** Flash operations held back, to be done later or never. */
class HeldBack {
	#operations: (() => void)[] = [];

	add(operation: () => void): void {
		this.#operations.push(operation);
	}

	release(): void {
		const due = this.#operations;
		this.#operations = [];
		for (const operation of due) operation();
	}
}

/** Drops the writes of one field of primary trailers. */
const without = (field: "swapSize" | "swapInfo") =>
	instead(() => ({
		write(slot, bytes, offset) {
			if (!(slot.isPrimary && offset === slot.layout[field])) slot.partition.write(bytes, offset);
		},
	}));

class ConfirmsTheWrongSlot extends BootUtil {
	override boot_set_confirmed_multi(image: number): number {
		return this.boot_set_next(this.map.slot(image, "secondary"), true, true);
	}
}

export const MUTANTS: readonly Mutant[] = [
	{
		name: "magic-before-the-rest",
		title: "a revert is requested anew with the magic first",
		modes: BOTH,
		tamper: instead(() => {
			const held = new HeldBack();
			return {
				write(slot, bytes, offset) {
					const write = (): void => slot.partition.write(bytes, offset);
					if (!slot.isPrimary && slot.isField(offset) && !slot.hasMagic()) return held.add(write);
					write();
					if (offset === slot.magicStart) held.release();
				},
			};
		}),
	},
	{
		name: "torn-magic",
		title: "the first word of the magic passes for all of it",
		modes: BOTH,
		tamper: instead(() => ({
			read(slot, into, offset) {
				if (offset === slot.layout.magic && into.length === 16 && slot.hasMagic(4)) into.set(slot.magic);
			},
		})),
	},
	{
		name: "header-of-the-wrong-slot",
		title: "headers are looked for where they are without an interrupted swap",
		modes: BOTH,
		strategy: (mode) => ({
			...strategyOf(mode),
			readHeader(boot, image, slot, status) {
				const real = strategyOf(mode);
				if (!status || status.isFresh) return real.readHeader(boot, image, slot, status);
				real.readHeader(boot, image, slot);
				return image.slots[slot].header.magic === IMAGE_MAGIC;
			},
		}),
	},
	{
		name: "stuck-revert",
		title: "a revert without an image to go back to is never given up",
		modes: ["swap-move"],
		tamper: instead(() => ({
			erase(slot, sector, other) {
				const nothingThere = slot.isPrimary && sector >= slot.trailerSector && other.isErased(0, 4);
				if (!nothingThere) slot.partition.eraseBlock(sector);
			},
		})),
	},
	{
		name: "confirms-the-wrong-slot",
		title: "image_ok goes to the secondary slot",
		modes: BOTH,
		application: ConfirmsTheWrongSlot,
	},
	{
		name: "no-second-request",
		title: "a revert is not requested anew before the primary trailer is erased",
		modes: BOTH,
		tamper: instead(() => {
			let dropping = false;
			return {
				write(slot, bytes, offset) {
					if (!slot.isPrimary && slot.isField(offset) && !slot.hasMagic()) dropping = true;
					const drop = dropping && !slot.isPrimary;
					if (!drop) slot.partition.write(bytes, offset);
					else if (offset === slot.magicStart) dropping = false;
				},
			};
		}),
	},
	{
		name: "record-before-the-copy",
		title: "a step is recorded before it is made",
		modes: BOTH,
		tamper: instead(() => {
			const held = new HeldBack();
			return {
				write(slot, bytes, offset) {
					const write = (): void => slot.partition.write(bytes, offset);
					if (offset < slot.trailerSector * slot.sectorSize) return held.add(write);
					if (!slot.isRecord(offset)) held.release();
					write();
					held.release();
				},
				erase(slot, sector) {
					const erase = (): void => slot.partition.eraseBlock(sector);
					if (sector < slot.trailerSector) return held.add(erase);
					held.release();
					erase();
				},
			};
		}),
	},
	{
		name: "request-stays",
		title: "the secondary trailer is not erased when the primary one has taken over",
		modes: BOTH,
		tamper: instead(() => ({
			erase(slot, sector) {
				if (slot.isPrimary || sector < slot.trailerSector || !slot.hasMagic()) slot.partition.eraseBlock(sector);
			},
		})),
	},
	{
		name: "request-erased-first",
		title: "the secondary trailer is erased before the primary one has taken over",
		modes: BOTH,
		strategy: (mode) => ({
			...strategyOf(mode),
			run(boot, image, status) {
				if (status.isFresh && !status.fromPrimary && status.swapType !== SwapType.REVERT)
					eraseTrailer(image, image.secondary);
				strategyOf(mode).run(boot, image, status);
			},
		}),
	},
	{
		name: "no-swap-size",
		title: "swap_size is not written",
		modes: BOTH,
		tamper: without("swapSize"),
	},
	{
		name: "no-swap-info",
		title: "swap_info is not written",
		modes: BOTH,
		tamper: without("swapInfo"),
	},
	{
		name: "copy-done-too-early",
		title: "copy_done is written with the rest of the primary trailer",
		modes: BOTH,
		tamper: instead(() => ({
			write(slot, bytes, offset) {
				const isCopyDone = slot.isPrimary && offset === slot.layout.copyDone;
				if (!isCopyDone) slot.partition.write(bytes, offset);
				if (slot.isPrimary && offset === slot.magicStart) slot.partition.write(flag(slot), slot.layout.copyDone);
			},
		})),
	},
	{
		name: "starts-over",
		title: "status records are not read",
		modes: BOTH,
		strategy: (mode) => ({ ...strategyOf(mode), readRecords() {} }),
	},
	{
		name: "skips-a-step",
		title: "the step after the last recorded one is taken for done",
		modes: BOTH,
		strategy: (mode) => ({
			...strategyOf(mode),
			readRecords(image, status) {
				strategyOf(mode).readRecords(image, status);
				if (status.isFresh) return;
				if (status.phase === "swap" && status.state === 1) status.state = 2;
				else status.index++;
			},
		}),
	},
];

/** A set flag, as long as a program unit. */
const flag = (slot: Slot): Uint8Array => new Uint8Array(slot.writeAlign).fill(0xff).fill(1, 0, 1);

export const mutantNamed = (name: string): Mutant | undefined => MUTANTS.find((mutant) => mutant.name === name);
