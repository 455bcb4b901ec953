import { computed, effect, signal } from "@preact/signals";
import type { PageBuild } from "../../hosts/desk/node/page-protocol.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { measureImage } from "../../modules/bootutil/extent.js";
import { modeOf, type UpgradeMode } from "../../modules/bootutil/modes.js";
import type { FlashArea } from "../../modules/flash/area.js";
import { boots, engine, knownImages, recording, situation } from "../device/session.js";
import {
	cutAt,
	flashAt,
	type Journey,
	journeyThrough,
	type Plug,
	plugsFor,
	pullPlug,
	recovering,
} from "../device/time.js";
import type { Cut } from "../flash/cut.js";
import { openMap } from "../flash/open-map.js";
import type { Recording } from "../flash/recording.js";

// Two modes side by side. One is the device's own: its next boot is rehearsed, and the plug is pulled on the device itself. The
// other one is the same boot loader built for the other mode. It runs in the page, on a flash with the same two images.

/** One of the two. */
export interface Side {
	readonly mode: UpgradeMode;
	/** Whether it is the device behind the page. */
	readonly own: boolean;
	readonly build: PageBuild;
	readonly journey: Journey;
	/** Where power has failed; undefined: it has not. */
	readonly cut?: Cut;
}

/** The modes that are compared. */
export const COMPARED: readonly UpgradeMode[] = ["swap-move", "swap-offset"];

/** Empty unless they are being compared. */
export const sides = signal<readonly Side[]>([]);
/** The swap; the time between the cut and the end of the next boot; the boot that goes on with the swap. */
export const phase = signal<"swap" | "cut" | "recovery">("swap");
/** Operations that are done, on both sides. */
export const moment = signal(0);
/** Operations of the side that has more of them. */
export const longest = computed(() => Math.max(0, ...sides.value.map(({ journey }) => journey.timeline.length)));

/** Sets both up: the update that the device has been asked to install, in both modes. */
export async function compare(image: number): Promise<void> {
	const now = situation();
	if (!now) return;
	const begun = await Promise.all(
		COMPARED.map(async (mode): Promise<Side> => {
			const own = now.build.boot.mode === mode;
			const build: PageBuild = { ...now.build, boot: { ...now.build.boot, mode } };
			const flash = own ? now.flash : flashFor(build, now.flash, now.build, image);
			const found = await engine.rehearse({ ...now, build, flash });
			return { mode, own, build, journey: journeyThrough(found, build, own ? knownImages() : undefined) };
		}),
	);
	phase.value = "swap";
	moment.value = 0;
	sides.value = begun;
}

/** Ends it. */
export function endComparison(): void {
	sides.value = [];
}

/** A flash with the same images as another one, where another mode has them, and the same request. */
function flashFor(build: PageBuild, other: Uint8Array, otherBuild: PageBuild, image: number): Uint8Array {
	const memory = other.slice();
	const from = openMap(otherBuild.layout, other);
	const to = openMap(build.layout, memory);
	const start = ({ boot }: PageBuild, { sectorSize }: FlashArea): number =>
		(modeOf(boot.mode).updateSector ?? 0) * sectorSize;
	for (let each = 0; each < build.boot.images; each++)
		for (const which of ["primary", "secondary"] as const) {
			const there = from.slot(each, which);
			const here = to.slot(each, which);
			const second = which === "secondary";
			const at = second ? start(otherBuild, there) : 0;
			const extent = measureImage(there, at);
			here.erase(0, here.size);
			if (!extent) continue;
			const whole = new Uint8Array(Math.ceil(extent.total / here.writeAlign) * here.writeAlign).fill(0xff);
			whole.set(there.bytes(at, extent.total));
			here.write(whole, second ? start(build, here) : 0);
		}
	new BootUtil(to, build.boot).boot_set_pending_multi(image, false);
	return memory;
}

/** How power fails in the operation that comes next: in its middle. A side whose boot is over has none. */
function middle({ journey, build }: Side, done: number): Cut {
	const plugs = plugsFor(journey, done);
	const plug = (["torn", "first-half"] satisfies Plug[]).find((each) => plugs.includes(each)) ?? "before";
	return cutAt(journey, Math.min(done, journey.timeline.length), plug, build.layout.writeAlign);
}

/** Pulls the plug on both, in the middle of the operation that comes next, and has both boot again. */
export async function pullBoth(): Promise<void> {
	const now = situation();
	if (!now || phase.value !== "swap") return;
	phase.value = "cut";
	const cuts = sides.value.map((side) => ({ ...side, cut: middle(side, moment.value) }));
	sides.value = cuts;
	const back = await Promise.all(
		cuts.map(async (side): Promise<Side> => {
			const { own, build, journey, cut } = side;
			const flash = flashAt(journey, cut, build.layout.writeAlign);
			if (own) pullPlug(journey, cut);
			const found = (own ? await recovery() : undefined) ?? (await engine.rehearse({ ...now, build, flash }));
			return { ...side, journey: journeyThrough(found, build, journey.atlas) };
		}),
	);
	moment.value = 0;
	sides.value = back;
	phase.value = "recovery";
}

/** Settles with the boot of the device that followed the cut; undefined if that changed nothing on the flash. */
const recovery = (): Promise<Recording | undefined> =>
	new Promise((settle) => {
		const end = effect(() => {
			const plug = recovering.value;
			if (!plug?.shown) return;
			settle(plug.recorded ? recording(boots.peek().at(-1) ?? 0) : undefined);
			queueMicrotask(() => end());
		});
	});
