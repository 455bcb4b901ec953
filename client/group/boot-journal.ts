import { hexOf } from "../../modules/bytes/hex.js";
import { Op } from "../../modules/smp/header.js";
import type { BootChange, BootEntry, SafeMode, StartCause } from "../../modules/smp/protocol/boot-journal.js";
import { BOOT_JOURNAL_GROUP, BootJournalCommand, outcomeWords } from "../../modules/smp/protocol/boot-journal.js";
import { bytes, command, flag, list, map, number, optional, text, type ValueOf } from "../command.js";
import type { ImageState } from "../image-state.js";
import type { Requester, RequestOptions } from "../request.js";

export type {
	BootChange,
	BootCheck,
	BootEntry,
	BootedImage,
	SafeMode,
	StartCause,
	StartReason,
} from "../../modules/smp/protocol/boot-journal.js";
export {
	changeWords,
	checkWords,
	outcomeWords,
	safeModeWords,
	startWords,
} from "../../modules/smp/protocol/boot-journal.js";

const SAFE_MODE = map({ crashes: number, words: text, left: flag });

const BOOT = map({
	n: number,
	cause: text,
	by: optional(text),
	after: optional(number),
	images: list(map({ image: number, version: text, hash: bytes, change: text, trial: flag, confirmed: flag })),
	safe: optional(SAFE_MODE),
	checks: optional(list(map({ ok: flag, at: number, said: text }))),
	ok: optional(flag),
	at: optional(number),
	said: optional(text),
	ran: optional(number),
	end: optional(text),
});

/** Boots, newest first: those before number `before`, or the newest (docs/SMP.md, Boot journal). */
export const bootsRead = command(Op.READ, BOOT_JOURNAL_GROUP, BootJournalCommand.BOOTS, {
	request: { before: optional(number) },
	answer: { boots: list(BOOT) },
});

/** Whether the device runs without its application, because that crashed at each start (docs/SMP.md, Boot journal). */
export const safeModeRead = command(Op.READ, BOOT_JOURNAL_GROUP, BootJournalCommand.SAFE_MODE, {
	answer: { safe: optional(SAFE_MODE) },
});

/** Lets the next start run the application again. */
export const safeModeLeave = command(Op.WRITE, BOOT_JOURNAL_GROUP, BootJournalCommand.SAFE_MODE);

const PLAN = map({ image: number, action: text, stays: flag, ms: optional(number) });

/** What the next boot sets out to do with each image, and how many milliseconds its flash operations take. */
export const forecastRead = command(Op.READ, BOOT_JOURNAL_GROUP, BootJournalCommand.FORECAST, {
	answer: { images: list(PLAN), ms: optional(number) },
});

/**
 * Whether the device runs without its application, and why; undefined if the application runs, or if there is none.
 *
 * @throws SmpResponseError, code 8, if the device has no safe mode.
 */
export async function safeMode(device: Requester, options?: RequestOptions): Promise<SafeMode | undefined> {
	return (await device.request(safeModeRead, {}, options)).safe;
}

/**
 * Lets the next start run the application again, which gets as many chances as at first. It stays as it is until that start.
 *
 * @throws SmpResponseError, code 6, if the device is not in safe mode; code 8, if it has none.
 */
export async function leaveSafeMode(device: Requester, options?: RequestOptions): Promise<void> {
	await device.request(safeModeLeave, {}, options);
}

/** What the next boot sets out to do with an image: "test" installs it on trial, "permanent" for good. */
export type BootAction = "none" | "test" | "permanent" | "revert";

/** What the next boot sets out to do with one image. */
export interface ImageForecast {
	readonly image: number;
	readonly action: BootAction;
	/** Whether the image that runs then will stay; false: it is on trial. */
	readonly stays: boolean;
	/** How long the flash takes for it, milliseconds; undefined if the device cannot tell. */
	readonly time: number | undefined;
}

/** What the next boot sets out to do; `time` as of an image, of all together. */
export interface BootForecast {
	readonly images: readonly ImageForecast[];
	readonly time: number | undefined;
}

/**
 * What the next boot sets out to do, told from the marks alone: the boot loader may still refuse an image.
 *
 * @example
 * ```ts
 * import { forecast, forecastWords } from "xs-smp/group/boot-journal";
 *
 * console.log(forecastWords(await forecast(client), await client.images()));
 * ```
 *
 * @throws SmpResponseError, code 8, if the device gives no forecast.
 */
export async function forecast(device: Requester, options?: RequestOptions): Promise<BootForecast> {
	const { images, ms: time } = await device.request(forecastRead, {}, options);
	return {
		images: images.map(({ image, action, stays, ms }) => ({
			...{ image, action: action as BootAction, stays, time: ms },
		})),
		time,
	};
}

/**
 * A forecast in words without a full stop, such as "the next start installs version 1.1.0 on trial; its flash takes 12 s for that".
 * `images` is the device's list, for the versions.
 */
export function forecastWords({ images, time }: BootForecast, list: readonly ImageState[]): string {
	const several = images.length > 1;
	const deeds = images.flatMap(({ image, action }) => {
		const other = list.find((entry) => entry.image === image && !entry.active);
		const what = `${several ? `image ${image}, ` : ""}version ${other?.version ?? "unknown"}`;
		switch (action) {
			case "test":
				return [`installs ${what} on trial`];
			case "permanent":
				return [`installs ${what} for good`];
			case "revert":
				return [`brings ${what} back`];
			default:
				return [];
		}
	});
	if (deeds.length === 0) return "the next start changes nothing";
	const long = time === undefined || time < 1000 ? "" : `; the flash takes about ${Math.round(time / 1000)} s for that`;
	return `the next start ${deeds.join(", and ")}${long}`;
}

/**
 * The newest `most` boots that the device remembers, newest first (docs/SMP.md, Boot journal). Default is all of them.
 *
 * @example
 * ```ts
 * import { boots, startWords } from "xs-smp/group/boot-journal";
 *
 * for (const boot of await boots(client, 5)) console.log(boot.number, startWords(boot.start));
 * ```
 *
 * @throws SmpResponseError, code 8, if the device keeps no boot journal.
 */
export async function boots(
	device: Requester,
	most = Number.POSITIVE_INFINITY,
	options?: RequestOptions,
): Promise<BootEntry[]> {
	const found: BootEntry[] = [];
	for (let before: number | undefined; found.length < most; before = found.at(-1)!.number) {
		const page = (await device.request(bootsRead, { before }, options)).boots.map(entryOf);
		// One that goes round in circles would never end.
		if (page.length === 0 || (before !== undefined && page[0]!.number >= before)) break;
		found.push(...page);
	}
	return found.slice(0, most);
}

/**
 * Why the image with this hash runs no more: one sentence without its full stop, such as "0.0.2 ran 31 s on trial and was taken
 * back: check client: no request within 30 s". Undefined if the last start did not take it back, or if the device cannot tell.
 */
export async function whyTakenBack(
	device: Requester,
	hash: string,
	options?: RequestOptions,
): Promise<string | undefined> {
	let entries: BootEntry[];
	try {
		entries = await boots(device, 2, options);
	} catch (error) {
		options?.signal?.throwIfAborted();
		if (error instanceof Error) return undefined;
		throw error;
	}
	const [now, before] = entries;
	const tried = before?.images.find((image) => hash.startsWith(hexOf(image.hash)));
	const back = now?.images.find(({ image }) => image === tried?.image);
	return before && back?.change === "revert" ? outcomeWords(before, now) : undefined;
}

const entryOf = (entry: ValueOf<typeof BOOT>): BootEntry => {
	const { n, cause, by, after, images, safe, checks = [], ok, at = 0, said = "", ran = 0, end } = entry;
	return {
		number: n,
		start: {
			cause: cause as StartCause,
			...(by !== undefined && { words: by }),
			...(after !== undefined && { after }),
		},
		images: images.map((image) => ({ ...image, change: image.change as BootChange })),
		safe,
		checks: checks.map((check) => ({ passed: check.ok, seconds: check.at, words: check.said })),
		verdict: ok === undefined ? undefined : { confirmed: ok, seconds: at, words: said },
		end: end === undefined ? undefined : { seconds: ran, words: end },
	};
};
