/** Id of the boot journal's group. */
export const BOOT_JOURNAL_GROUP = 67;

/** Commands of the boot journal's group (docs/SMP.md, Boot journal). */
export const BootJournalCommand = Object.freeze({ BOOTS: 0, SAFE_MODE: 1, FORECAST: 2 } as const);

/** Why a device started; "pin" is its reset button. */
export type StartCause = "unknown" | "power" | "pin" | "software" | "watchdog" | "crash";

/** Why a device started, with words for it: who asked for the reset, or what the crash was. */
export interface StartReason {
	readonly cause: StartCause;
	readonly words?: string;
	/** Seconds that the device had run before, where the machine knows. */
	readonly after?: number;
}

/**
 * What happened to an image since the boot before. "first": the journal knows no boot before. "test": installed on trial,
 * "permanent": for good, "revert": the image from before the trial is back.
 */
export type BootChange = "none" | "first" | "test" | "permanent" | "revert";

/** An image that ran. */
export interface BootedImage {
	readonly image: number;
	/** `major.minor.revision[.build]` */
	readonly version: string;
	/** The first bytes of its hash. */
	readonly hash: Uint8Array;
	readonly change: BootChange;
	/** Whether it was on trial at the start, and whether it was confirmed since. */
	readonly trial: boolean;
	readonly confirmed: boolean;
}

/** The device runs without its application, because that crashed at each start. */
export interface SafeMode {
	/** How often it crashed, one time after the other. */
	readonly crashes: number;
	/** The last crash, in words. */
	readonly words: string;
	/** Whether somebody has asked for the application, so that the next start runs it again. */
	readonly left: boolean;
}

/** Why the application does not run, in words without a full stop. */
export function safeModeWords({ crashes, words }: SafeMode): string {
	const often = crashes === 1 ? "once" : `${crashes} times`;
	return `safe mode: the application crashed ${often}${words === "" ? "" : `: ${words}`}`;
}

/** A check of an update on trial, decided. */
export interface BootCheck {
	readonly passed: boolean;
	/** Since the start. */
	readonly seconds: number;
	/** Its name, as the confirm policy has it; if it failed, `: ` and why. */
	readonly words: string;
}

/** One boot of a device. */
export interface BootEntry {
	readonly number: number;
	readonly start: StartReason;
	readonly images: readonly BootedImage[];
	/** The application was not started, and why. */
	readonly safe?: SafeMode | undefined;
	/** The checks of the images on trial that were decided, in that order. */
	readonly checks: readonly BootCheck[];
	/** What became of the images on trial; `words`: who confirmed them, or which check failed. `seconds`: since the start. */
	readonly verdict?: { readonly confirmed: boolean; readonly seconds: number; readonly words: string } | undefined;
	/** Who asked for the reset that ended it, and when, in seconds since the start. */
	readonly end?: { readonly seconds: number; readonly words: string } | undefined;
}

/** The reason of a start, in words. */
export function startWords({ cause, words = "" }: StartReason): string {
	const more = words === "" ? "" : `: ${words}`;
	switch (cause) {
		case "power":
			return `power on${more}`;
		case "pin":
			return `reset button${more}`;
		case "software":
			return words === "" ? "reset" : `reset by ${words}`;
		case "watchdog":
			return `watchdog${more}`;
		case "crash":
			return `crash${more}`;
		case "unknown":
			return "unknown reason";
	}
}

/** What changed in the images at a boot, in words. */
export function changeWords({ images }: BootEntry): string {
	const several = images.length > 1;
	return images
		.map(({ image, version, change, trial }) => {
			const name = several ? `image ${image}: ${version}` : version;
			if (change === "test") return `${name} installed on trial`;
			if (change === "permanent") return `${name} installed for good`;
			if (change === "revert") return `${name} is back`;
			return trial ? `${name}, on trial` : name;
		})
		.join("; ");
}

/** Which checks passed, and which failed and why, in words; empty if none was decided. */
export function checkWords({ checks }: BootEntry): string {
	const of = (wanted: boolean): string[] => checks.filter(({ passed }) => passed === wanted).map(({ words }) => words);
	const passed = of(true).join(", ");
	return [...(passed === "" ? [] : [`passed ${passed}`]), ...of(false).map((words) => `failed ${words}`)].join("; ");
}

/** How a boot ended for the images on trial, as far as it is known; `next` is the boot after it, if there was one. */
export function outcomeWords(entry: BootEntry, next?: BootEntry): string {
	const { verdict } = entry;
	const back = next?.images.find(({ change }) => change === "revert");
	const tried = back && entry.images.find(({ image }) => image === back.image);
	if (next && tried) return takenBack(entry, next, tried);
	if (entry.safe) return `started in ${safeModeWords(entry.safe)}${entry.safe.left ? "; left" : ""}`;
	if (!verdict) return "";
	return verdict.confirmed ? `confirmed after ${verdict.seconds} s by ${verdict.words}` : verdict.words;
}

/** That an update on trial was taken back, and why: one sentence without its full stop. */
function takenBack({ verdict, end }: BootEntry, next: BootEntry, { version }: BootedImage): string {
	const failed = verdict?.confirmed === false ? verdict : undefined;
	const seconds = (failed ?? end)?.seconds ?? next.start.after;
	const ran = seconds === undefined ? "ran" : `ran ${seconds} s`;
	return `${version} ${ran} on trial and was taken back: ${failed ? failed.words : endWords(next.start, end?.words)}`;
}

/** `by`: who had asked for a reset, which the start may be in the middle of. */
function endWords(start: StartReason, by: string | undefined): string {
	switch (start.cause) {
		case "watchdog":
		case "crash":
			return startWords(start);
		case "power":
			if (by !== undefined) return `nobody had confirmed it before the reset by ${by}`;
			return "the power failed before anybody confirmed it";
		case "unknown":
			return "the device restarted before anybody confirmed it";
		default:
			return `nobody had confirmed it before the ${startWords(start)}`;
	}
}
