import type { PageBuild } from "../../hosts/desk/node/page-protocol.js";
import { MODE_NAMES } from "../../image/mode-names.js";
import { modeOf } from "../../modules/bootutil/modes.js";
import type { Facts } from "./lesson.js";

// Where lessons point, and which devices they are for.

const part = (name: string): readonly string[] => [`[data-part="${name}"]`];
const inUpdate = (name: string) => (): readonly string[] => [...part(name), "#tab-update"];

/** Selectors of panels and buttons; a button that a closed tab hides is behind the tab. */
export const LOOK = {
	flash: () => ["#flash"],
	time: () => ["#time"],
	trailers: () => ["#trailers"],
	forecast: () => ["#forecast"],
	console: () => ["#console"],
	images: () => [".images", "#client"],
	history: () => ["#tabpanel-history", "#tab-history"],
	historyTab: () => ["#tab-history"],
	shell: () => ["#tabpanel-shell", "#tab-shell"],
	status: () => [".bar .status"],
	modes: () => ["#modes"],
	drop: inUpdate("drop"),
	report: () => [".report", "#tab-update"],
	upload: inUpdate("upload"),
	upgrade: inUpdate("upgrade"),
	reset: () => part("reset"),
	power: () => part("power"),
	bootPicker: () => ['#time [aria-label="Boot"]'],
	test: ({ image }: Facts) => part(`test-${image}-1`),
	confirm: ({ image }: Facts) => part(`confirm-${image}-0`),
} as const;

/** Lessons are about an exchange of two signed images that can be taken back. */
export function needsSwap({ boot, signature, downgradePrevention }: PageBuild): string | undefined {
	const { swapRoom, reverts } = modeOf(boot.mode);
	if (!swapRoom || !reverts)
		return `This device works by ${MODE_NAMES[boot.mode].title}, and the lesson needs one that swaps: npm start -- --mode move --flash .sim/lessons.bin`;
	if (signature === "none")
		return "This device trusts no key, and the lesson needs one that checks signatures: npm start -- --flash .sim/lessons.bin";
	if (downgradePrevention === "counter" || downgradePrevention === "hardware")
		return "This device counts security counters up, which the lesson would use up: npm start -- --flash .sim/lessons.bin";
	return undefined;
}

/** The lesson that compares both modes is for a device of one of them. */
export const needsMoveOrOffset = (build: PageBuild): string | undefined =>
	needsSwap(build) ??
	(["swap-move", "swap-offset"].includes(build.boot.mode)
		? undefined
		: `This device works by ${MODE_NAMES[build.boot.mode].title}, and the lesson needs one of the two modes: npm start -- --mode move --flash .sim/lessons.bin`);
