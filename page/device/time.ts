import { sha256 } from "@noble/hashes/sha2.js";
import { computed, signal } from "@preact/signals";
import type { PageBuild } from "../../hosts/desk/node/page-protocol.js";
import { hexOf } from "../../modules/bytes/hex.js";
import { Atlas } from "../flash/atlas.js";
import { type AreaView, addSectors, Contents } from "../flash/contents.js";
import { applyPart, type Cut, cutName, parseCut } from "../flash/cut.js";
import { openMap } from "../flash/open-map.js";
import { type Recording, Timeline } from "../flash/recording.js";
import { type Step, stepsOf } from "../flash/steps.js";
import {
	areas,
	boots,
	engine,
	hello,
	knownImages,
	onEvent,
	recording,
	situation,
	startWith,
	status,
} from "./session.js";

// The time machine: one recorded boot, or the next one as it is rehearsed, and a moment in it.

/** A boot that is looked at. */
export interface Journey {
	readonly recording: Recording;
	readonly steps: readonly Step[];
	/** Names the boot by its flash: the same in another simulator that starts with that. */
	readonly id: string;
	readonly timeline: Timeline;
	readonly contents: Contents;
	readonly atlas: Atlas;
	/** Bytes of a sector. */
	readonly sectorSize: number;
}

/** The boot that is looked at; undefined: the flash is shown as it is. */
export const journey = signal<Journey | undefined>(undefined);
/** Operations of it that are done. */
export const position = signal(0);
/** Why a link does not lead anywhere, a sentence. */
export const lost = signal("");
/** The areas that are shown: of that moment, or of now. */
export const shownAreas = computed<readonly AreaView[]>(() => {
	const there = journey.value;
	return there ? areasAt(there, position.value) : areas.value;
});

/** The sector that the last operation of that moment was in; undefined for now. */
export const touched = computed(() => {
	const step = journey.value?.steps[position.value - 1];
	return step && { label: step.area, sector: step.sector };
});

/** The flash that is shown, which changes in place. */
export const shownFlash = computed(() => {
	void shownAreas.value;
	return journey.value?.timeline.flash ?? situation()?.flash;
});

/** Shows a recorded boot, at its end or at an operation. */
export async function travel(number: number, at?: number): Promise<void> {
	const found = await recording(number);
	if (found) begin(found, at ?? found.operations.length);
}

/** Shows the next boot as it would be, at its beginning. */
export async function rehearseNext(): Promise<void> {
	const now = situation();
	if (now) begin(await engine.rehearse(now), 0);
}

/** Back to now. */
export function leave(): void {
	journey.value = undefined;
}

function begin(found: Recording, at: number): void {
	const build = hello.value?.build;
	if (!build) return;
	const begun = journeyThrough(found, build, knownImages());
	lost.value = "";
	position.value = Math.min(at, found.operations.length);
	journey.value = begun;
}

/** A boot to look at, at its beginning. `known`: images that were seen whole before, which the boot may find in pieces. */
export function journeyThrough(recording: Recording, { layout, boot }: PageBuild, known?: Atlas): Journey {
	const timeline = new Timeline(recording);
	const map = openMap(layout, timeline.flash);
	const atlas = (known ?? new Atlas(boot)).copy();
	atlas.learn(map);
	const contents = new Contents(map, boot, atlas);
	contents.look();
	const steps = stepsOf(recording, layout, boot);
	const { sectorSize } = layout;
	return { recording, steps, id: idOf(recording.start), timeline, contents, atlas, sectorSize };
}

/** The areas of a boot after so many operations, and the flash in its timeline. */
export function areasAt({ timeline, contents, recording, sectorSize }: Journey, to: number): readonly AreaView[] {
	const from = timeline.position;
	timeline.seek(to);
	const changed = new Set<number>();
	for (const { at, length } of recording.operations.slice(Math.min(from, to), Math.max(from, to)))
		addSectors(changed, at, length, sectorSize);
	return contents.look(changed);
}

/** The first digits of the SHA-256 of a flash. Browsers have their own for pages of this machine alone. */
const idOf = (flash: Uint8Array): string => hexOf(sha256(flash).subarray(0, 6));

/** Where in an operation power fails. */
export type Plug = "before" | "torn" | "first-half" | "second-half" | "after";

/** The moments at which power may fail around the operation that comes next. */
export function plugsFor({ recording: { operations } }: Journey, done: number): readonly Plug[] {
	const operation = operations[done];
	if (!operation) return ["before"];
	return operation.bytes ? ["before", "torn", "after"] : ["before", "first-half", "second-half", "after"];
}

/** The cut of a moment, in the form of the power-loss laboratory (docs/POWER-LOSS.md). */
export function cutAt({ recording: { operations } }: Journey, done: number, plug: Plug, writeAlign: number): Cut {
	switch (plug) {
		case "before":
			return { done };
		case "after":
			return { done: done + 1 };
		case "first-half":
			return { done, half: "first" };
		case "second-half":
			return { done, half: "second" };
		case "torn": {
			const units = Math.floor((operations[done]?.length ?? 0) / writeAlign / 2);
			return units > 0 ? { done, units } : { done, units: 0, partial: true };
		}
	}
}

/** A plug that was pulled; undefined: none was. */
export const recovering = signal<
	| {
			readonly cut: Cut;
			/** The newest recording at that time. */
			readonly after: number;
			/** Whether the device has come up since, and whether that boot changed the flash. */
			readonly shown: boolean;
			readonly recorded: boolean;
			/** How it was then: what happens later is no part of it. */
			readonly came?: typeof status.value;
	  }
	| undefined
>(undefined);

/** Restarts the device with the flash as it is when power fails there. */
export function pullPlug(there: Journey, cut: Cut): void {
	const build = hello.value?.build;
	if (!build) return;
	recovering.value = { cut, after: boots.value.at(-1) ?? 0, shown: false, recorded: false };
	startWith(flashAt(there, cut, build.layout.writeAlign));
}

/** The flash as it is when power fails there. */
export function flashAt({ recording }: Journey, cut: Cut, writeAlign: number): Uint8Array<ArrayBuffer> {
	const timeline = new Timeline(recording);
	timeline.seek(cut.done);
	const operation = recording.operations[cut.done];
	if (operation && (cut.units !== undefined || cut.half !== undefined))
		applyPart(timeline.flash, operation, cut, writeAlign);
	return new Uint8Array(timeline.flash);
}

/** The link to a moment of a boot. */
export const linkTo = ({ id }: Journey, cut: Cut): string =>
	`${location.origin}${location.pathname}${location.search}#moment=${id}-${cutName(cut)}`;

/** Goes to the moment that the page's address names, if it names one. */
export async function followLink(): Promise<void> {
	const [, id, name] = /^#moment=([0-9a-f]{12})-(\w+)$/.exec(location.hash) ?? [];
	const cut = name === undefined ? undefined : parseCut(name);
	if (!cut) return;
	for (const number of [...boots.value].reverse()) {
		const found = await recording(number);
		if (found && idOf(found.start) === id) return begin(found, cut.done);
	}
	lost.value =
		"This link is to a boot that the simulator has not recorded: start the simulator with the flash file that belongs to the link.";
}

/** How long a recording may take to be complete once the device has told how it ended, milliseconds. */
const COMPLETE = 200;

// What the device does after the plug was pulled is shown as soon as it is through.
onEvent(({ event }) => {
	if (event !== "boot" && event !== "halt") return;
	const plug = recovering.value;
	const newest = boots.value.at(-1) ?? 0;
	if (!plug || plug.shown) return;
	recovering.value = { ...plug, shown: true, recorded: newest > plug.after, came: status.value };
	if (newest <= plug.after) leave();
	else setTimeout(() => void travel(newest), event === "boot" ? 0 : COMPLETE);
});
