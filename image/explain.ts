import { BootUtil } from "../modules/bootutil/bootutil.js";
import { bootForecast, type ImageForecast } from "../modules/bootutil/forecast.js";
import { IMAGE_HEADER_SIZE } from "../modules/bootutil/header.js";
import type { ImageResult, LoaderConfig } from "../modules/bootutil/loader/config.js";
import { type DryBoot, DryRun } from "../modules/bootutil/loader/dry-run.js";
import { installs } from "../modules/bootutil/modes.js";
import { BootMagic, SwapType, type Trailer, trailerMagic } from "../modules/bootutil/trailer.js";
import { readU16 } from "../modules/bytes/little-endian.js";
import type { FlashMap } from "../modules/flash/map.js";
import type { FlashTiming } from "../modules/flash/timing.js";
import { BOOT_JOURNAL } from "../modules/smp/group/boot-journal.js";
import { BootRecords } from "../modules/smp/group/boot-records.js";
import { UPLOAD_JOURNAL, UploadJournal } from "../modules/smp/group/image/upload-journal.js";
import {
	type BootEntry,
	changeWords,
	checkWords,
	outcomeWords,
	startWords,
} from "../modules/smp/protocol/boot-journal.js";
import { endianOf } from "./format.js";
import { type FindOptions, type FoundImage, findImage, headerAt, isEncrypted, lacksKey, startsOf } from "./found.js";
import { becauseWords, flagName, magicName, typeName } from "./trailer-words.js";

/** What a trailer says, in MCUboot's words. */
export interface TrailerExplanation {
	/** `good`, `bad`, `unset`, or `of alignment N`: of a boot loader that was built with another `BOOT_MAX_ALIGN`. */
	readonly magic: string;
	readonly imageOk: string;
	readonly copyDone: string;
	readonly swapInfo: { readonly type: string; readonly image: number };
}

export interface SlotExplanation {
	readonly label: string;
	readonly address: number;
	readonly size: number;
	readonly trailer: TrailerExplanation;
	readonly images: readonly FoundImage[];
	/** What is there in place of an image that the boot loader knows, in words; null if nothing is. */
	readonly foreign: string | null;
}

/** The row of the table of states that applies, what it looks at, and what it asks for. */
export interface StateExplanation {
	readonly row: string;
	readonly because: readonly string[];
	readonly swapType: string;
}

export interface ImageExplanation {
	readonly image: number;
	readonly primary: SlotExplanation;
	readonly secondary: SlotExplanation;
	/** Null in the modes whose boot loader installs nothing. */
	readonly state: StateExplanation | null;
	/** A swap that power loss interrupted, which goes first. */
	readonly interrupted: {
		readonly type: string;
		readonly swapSize: number;
		readonly phase: string;
		readonly done: number;
		readonly total: number;
	} | null;
	/** What the boot sets out to do, if nothing is found to be wrong. */
	readonly intent: string;
	/** An upload into the secondary slot that goes on when a client sends its file again: bytes of it, and how many are there. */
	readonly upload: { readonly size: number; readonly written: number } | null;
}

export interface BootedImage {
	readonly image: number;
	readonly action: ImageResult["action"];
	readonly resumed: boolean;
	/** The slot that it runs from: 0 primary, 1 secondary. */
	readonly slot: 0 | 1;
	/** Null if there is no image. */
	readonly version: string | null;
	readonly confirmed: boolean;
	readonly operations: number;
	readonly erases: number;
	readonly seconds: number;
}

export interface BootExplanation {
	/** Whether an application starts; if not, why. */
	readonly starts: boolean;
	readonly reason: string | null;
	readonly images: readonly BootedImage[];
	/** Flash operations in all, and those of them that erase a sector. */
	readonly operations: number;
	readonly erases: number;
	/** Time for them, by `timing`. */
	readonly seconds: number;
	/** What the boot loader says. */
	readonly log: readonly string[];
}

/** Everything about a flash and its next boots; plain data, to be printed as JSON. */
export interface Explanation {
	/** The name of the mode, or the row of one without a name. */
	readonly mode: LoaderConfig["mode"];
	readonly signature: string;
	readonly timing: FlashTiming;
	readonly images: readonly ImageExplanation[];
	/** The last boots, newest first, in the words of the device's journal; empty if there is none. */
	readonly boots: readonly BootSummary[];
	/** Why the next boots cannot be told, so that `next`, `unconfirmed` and the others are null; null if they can. */
	readonly stops: string | null;
	readonly next: BootExplanation | null;
	/** The next boot, if what is on trial now is confirmed before; null if nothing is. */
	readonly nextIfConfirmed: BootExplanation | null;
	/** The boot after the next, if nobody does anything. */
	readonly unconfirmed: BootExplanation | null;
	/** The boot after the next, if what is on trial is confirmed; null if nothing is. */
	readonly confirmed: BootExplanation | null;
}

/**
 * A boot as the device's journal has it, in words: why it started, what changed, which checks an update on trial passed, what
 * became of it.
 */
export interface BootSummary {
	readonly number: number;
	readonly start: string;
	readonly images: string;
	readonly checks: string;
	readonly outcome: string;
}

export interface ExplainOptions extends FindOptions {
	readonly timing: FlashTiming;
}

/** Says what is on a flash and what its next boots do. Only reads it. */
export function explain(map: FlashMap, options: ExplainOptions): Explanation {
	const { config, digest, securityCounters, timing } = options;
	const boot = new BootUtil(map, config);
	const forecasts = bootForecast(boot);
	const rehearse = (): DryRun => new DryRun(map, config, { digest, securityCounters, timing });
	const confirmFirst = (run: DryRun, images: readonly number[]): BootExplanation | null => {
		for (const image of images) run.api.boot_set_confirmed_multi(image);
		return images.length === 0 ? null : explainBoot(run.boot());
	};
	const known = {
		mode: config.mode,
		signature: config.signature,
		timing,
		images: forecasts.map((forecast) => explainImage(boot, options, forecast)),
		boots: lastBoots(map),
	};
	const stops = unknownKey(boot, forecasts);
	if (stops !== undefined)
		return { ...known, stops, next: null, nextIfConfirmed: null, unconfirmed: null, confirmed: null };
	const onTrial = forecasts.flatMap(({ image, state, interrupted }) => (state === "IV" && !interrupted ? [image] : []));
	const run = rehearse();
	const next = run.boot();
	const trials = next.ok ? next.dry.flatMap(({ confirmed }, image) => (confirmed ? [] : [image])) : [];
	return {
		...known,
		stops: null,
		next: explainBoot(next),
		nextIfConfirmed: confirmFirst(rehearse(), onTrial),
		unconfirmed: explainBoot(run.fork().boot()),
		confirmed: confirmFirst(run.fork(), trials),
	};
}

/**
 * An encrypted image that the next boot looks at, where nobody has said that the boot loader has a key: most have one then, and
 * the forecast for one without would be wrong. Returns the sentence for it.
 */
function unknownKey(boot: BootUtil, forecasts: readonly ImageForecast[]): string | undefined {
	if (!lacksKey(boot)) return undefined;
	for (const { image, action, interrupted } of forecasts)
		for (const which of ["primary", "secondary"] as const) {
			const looked = which === "primary" || interrupted !== undefined || action !== SwapType.NONE;
			const area = boot.map.slot(image, which);
			if (looked && startsOf(boot, which, area).some((start) => isEncrypted(headerAt(area, start))))
				return `the image in "${area.label}" is encrypted, and --encryption-key does not say what the boot loader decrypts it with`;
		}
	return undefined;
}

function explainBoot({ ok, reason, images, dry, work, seconds, log }: DryBoot): BootExplanation {
	return {
		starts: ok,
		reason: reason ?? null,
		images: images.map(({ image, action, resumed, slot, version }, i) => {
			const { confirmed, work: own, seconds: time } = dry[i]!;
			return {
				image,
				action,
				resumed,
				slot,
				version: version ?? null,
				confirmed,
				operations: own.erases + own.writes,
				erases: own.erases,
				seconds: time,
			};
		}),
		operations: work.erases + work.writes,
		erases: work.erases,
		seconds,
		log,
	};
}

function explainImage(boot: BootUtil, options: ExplainOptions, forecast: ImageForecast): ImageExplanation {
	const { image, interrupted } = forecast;
	const slot = (which: "primary" | "secondary"): SlotExplanation => {
		const area = boot.map.slot(image, which);
		const images = startsOf(boot, which, area).flatMap((start) =>
			findImage(boot, options, { image, which, area, start }, forecast.resumed),
		);
		return {
			label: area.label,
			address: area.offset,
			size: area.size,
			trailer: explainTrailer(boot.trailer(area)),
			images,
			foreign:
				images.length === 0 && endianOf(area.bytes(0, IMAGE_HEADER_SIZE)) === "big" ? "a big-endian image" : null,
		};
	};
	return {
		image,
		primary: slot("primary"),
		secondary: slot("secondary"),
		state: !installs(boot.mode)
			? null
			: { row: forecast.state ?? "V", because: becauseWords(forecast), swapType: typeName(forecast.swapType) },
		interrupted: interrupted ? { ...interrupted, type: typeName(interrupted.type) } : null,
		intent: typeName(forecast.action),
		upload: brokenUpload(boot.map, image),
	};
}

/** So many boots are told. */
const LAST_BOOTS = 5;

/** What the boot journal knows (docs/SMP.md, Boot journal). */
function lastBoots(map: FlashMap): BootSummary[] {
	const area = map.labelled(BOOT_JOURNAL);
	const entries: BootEntry[] = [];
	if (area && area.sectors >= 2) {
		const records = new BootRecords(area);
		if (records.load()) records.boots(0xffffffff, (entry) => entries.push(entry) < LAST_BOOTS);
	}
	return entries.map((entry, at) => ({
		number: entry.number,
		start: startWords(entry.start),
		images: changeWords(entry),
		checks: checkWords(entry),
		outcome: outcomeWords(entry, entries[at - 1]),
	}));
}

/** What the journal of uploads knows (docs/SPEC.md, Journal of uploads). */
function brokenUpload(map: FlashMap, image: number): ImageExplanation["upload"] {
	const journal = map.labelled(UPLOAD_JOURNAL);
	const entry = journal && new UploadJournal(journal).read(map.slot(image, "secondary").sectorSize);
	return entry && entry.slot >> 1 === image ? { size: entry.size, written: entry.written } : null;
}

function explainTrailer(trailer: Trailer): TrailerExplanation {
	const { magic, imageOk, copyDone, swapType, imageNumber } = trailer.read();
	const alignment = magic === BootMagic.BAD ? foreignAlignment(trailer) : undefined;
	return {
		magic: alignment === undefined ? magicName(magic) : `of alignment ${alignment}`,
		imageOk: flagName(imageOk),
		copyDone: flagName(copyDone),
		swapInfo: { type: typeName(swapType), image: imageNumber },
	};
}

/** The `BOOT_MAX_ALIGN` of the boot loader or application that wrote a magic; undefined if it is none. */
function foreignAlignment({ area, layout }: Trailer): number | undefined {
	const bytes = area.bytes(layout.magic, trailerMagic(8).length);
	return [8, readU16(bytes, 0)].find((align) => trailerMagic(align).every((byte, i) => byte === bytes[i]));
}
