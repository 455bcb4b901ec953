import { createHash } from "node:crypto";
import { isBigEndian } from "../../hosts/sim/flash-file.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { type BootConfig, runsNewest } from "../../modules/bootutil/config.js";
import { measureImage } from "../../modules/bootutil/extent.js";
import { bootForecast, type ImageForecast } from "../../modules/bootutil/forecast.js";
import {
	decodeHeader,
	formatVersion,
	IMAGE_HEADER_SIZE,
	IMAGE_MAGIC,
	ImageFlag,
	type ImageHeader,
} from "../../modules/bootutil/header.js";
import { readU16 } from "../../modules/bootutil/little-endian.js";
import type { ImageResult, LoaderConfig } from "../../modules/bootutil/loader/config.js";
import { type DryBoot, DryRun } from "../../modules/bootutil/loader/dry-run.js";
import { imageKey } from "../../modules/bootutil/loader/encryption.js";
import type { FlashTiming } from "../../modules/bootutil/loader/shadow-flash.js";
import { headerFault, imageFault } from "../../modules/bootutil/loader/validate-image.js";
import type { SecurityCounterStore } from "../../modules/bootutil/security-counter.js";
import { SWAP_TYPE_TABLE } from "../../modules/bootutil/swap-type.js";
import { findTlv, TlvType } from "../../modules/bootutil/tlv.js";
import { BootFlag, BootMagic, SwapType, type Trailer, trailerMagic } from "../../modules/bootutil/trailer.js";
import type { FlashArea } from "../../modules/flash/area.js";
import { FlashError } from "../../modules/flash/error.js";
import type { FlashMap } from "../../modules/flash/map.js";
import { UPLOAD_JOURNAL, UploadJournal } from "../../modules/smp/group/upload-journal.js";

/** What a trailer says, in MCUboot's words. */
export interface TrailerExplanation {
	/** `good`, `bad`, `unset`, or `of alignment N`: of a boot loader that was built with another `BOOT_MAX_ALIGN`. */
	readonly magic: string;
	readonly imageOk: string;
	readonly copyDone: string;
	readonly swapInfo: { readonly type: string; readonly image: number };
}

/** An image that was found. Offsets and sizes are bytes. */
export interface FoundImage {
	/** From the start of the slot. */
	readonly offset: number;
	readonly version: string;
	/** Header to last TLV; null if that cannot be told. */
	readonly size: number | null;
	readonly encrypted: boolean;
	/** Why the boot loader refuses it; null if it does not, while a swap has it in pieces, and where it is encrypted and no key is known. */
	readonly fault: string | null;
	/** What of an image that is refused a boot loader of another build takes; null if there is nothing. */
	readonly otherBuild: string | null;
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
	/** Null in the modes that run the newest image. */
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
	readonly mode: string;
	readonly signature: string;
	readonly timing: FlashTiming;
	readonly images: readonly ImageExplanation[];
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

export interface ExplainOptions {
	readonly config: LoaderConfig;
	readonly securityCounters: Pick<SecurityCounterStore, "get">;
	readonly timing: FlashTiming;
}

const digest = { sha256: () => createHash("sha256") };

const MAGICS: Readonly<Record<number, string>> = {
	[BootMagic.GOOD]: "good",
	[BootMagic.BAD]: "bad",
	[BootMagic.UNSET]: "unset",
};
const FLAGS: Readonly<Record<number, string>> = {
	[BootFlag.SET]: "set",
	[BootFlag.BAD]: "bad",
	[BootFlag.UNSET]: "unset",
};
const TYPES: Readonly<Record<number, string>> = {
	[SwapType.NONE]: "none",
	[SwapType.TEST]: "test",
	[SwapType.PERM]: "permanent",
	[SwapType.REVERT]: "revert",
	[SwapType.FAIL]: "fail",
	[SwapType.PANIC]: "panic",
};

const typeName = (type: number): string => TYPES[type] ?? `undefined type ${type}`;

/** Says what is on a flash and what its next boots do. Only reads it. */
export function explain(map: FlashMap, options: ExplainOptions): Explanation {
	const { config, securityCounters, timing } = options;
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
	if (!lacksKey(boot.config)) return undefined;
	for (const { image, action, interrupted } of forecasts)
		for (const which of ["primary", "secondary"] as const) {
			const looked = which === "primary" || interrupted !== undefined || action !== SwapType.NONE;
			const area = boot.map.slot(image, which);
			if (looked && startsOf(boot, which, area).some((start) => isEncrypted(headerAt(area, start))))
				return `the image in "${area.label}" is encrypted, and --encryption-key does not say what the boot loader decrypts it with`;
		}
	return undefined;
}

/** Whether the boot loader could have a key that was not given: in the other modes it takes no encrypted images. */
const lacksKey = ({ mode, encryption = "none" }: BootConfig): boolean => encryption === "none" && !runsNewest(mode);

const headerAt = (area: FlashArea, start: number): ImageHeader => decodeHeader(area.bytes(start, IMAGE_HEADER_SIZE));

const isEncrypted = ({ magic, flags }: ImageHeader): boolean =>
	magic === IMAGE_MAGIC && (flags & (ImageFlag.ENCRYPTED_AES128 | ImageFlag.ENCRYPTED_AES256)) !== 0;

/** Offsets in a slot where images may start. By offset, an upload leaves the first sector free, and a revert does not. */
const startsOf = ({ config }: BootUtil, which: "primary" | "secondary", { sectorSize }: FlashArea): number[] =>
	which === "secondary" && config.mode === "swap-offset" ? [0, sectorSize] : [0];

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
			foreign: images.length === 0 && isBigEndian(area.bytes(0, 4)) ? "a big-endian image" : null,
		};
	};
	return {
		image,
		primary: slot("primary"),
		secondary: slot("secondary"),
		state: runsNewest(boot.config.mode)
			? null
			: { row: forecast.state ?? "V", because: because(forecast), swapType: typeName(forecast.swapType) },
		interrupted: interrupted ? { ...interrupted, type: typeName(interrupted.type) } : null,
		intent: typeName(forecast.action),
		upload: brokenUpload(boot.map, image),
	};
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
		magic: alignment === undefined ? MAGICS[magic]! : `of alignment ${alignment}`,
		imageOk: FLAGS[imageOk]!,
		copyDone: FLAGS[copyDone]!,
		swapInfo: { type: typeName(swapType), image: imageNumber },
	};
}

/** The `BOOT_MAX_ALIGN` of the boot loader or application that wrote a magic; undefined if it is none. */
function foreignAlignment({ area, layout }: Trailer): number | undefined {
	const bytes = area.bytes(layout.magic, trailerMagic(8).length);
	return [8, readU16(bytes, 0)].find((align) => trailerMagic(align).every((byte, i) => byte === bytes[i]));
}

/** What the row looks at, field by field. */
function because({ state }: ImageForecast): string[] {
	const row = SWAP_TYPE_TABLE.find((each) => each.state === state);
	if (!row) return [];
	const fields: readonly (readonly [string, string | undefined])[] = [
		["primary magic", MAGICS[row.primaryMagic]],
		["primary image_ok", FLAGS[row.primaryImageOk]],
		["primary copy_done", FLAGS[row.primaryCopyDone]],
		["secondary magic", MAGICS[row.secondaryMagic]],
		["secondary image_ok", FLAGS[row.secondaryImageOk]],
		["secondary copy_done", FLAGS[row.secondaryCopyDone]],
	];
	return fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
}

/** Where an image may be found. */
interface Place {
	readonly image: number;
	readonly which: "primary" | "secondary";
	readonly area: FlashArea;
	readonly start: number;
}

function findImage(boot: BootUtil, options: ExplainOptions, place: Place, inPieces: boolean): FoundImage[] {
	const { area, start } = place;
	const header = headerAt(area, start);
	if (header.magic !== IMAGE_MAGIC) return [];
	const encrypted = isEncrypted(header);
	const untold = inPieces || (encrypted && lacksKey(boot.config));
	const fault = untold ? undefined : faultOf(boot, options, place, header);
	return [
		{
			offset: start,
			version: formatVersion(header.version),
			size: measureImage(area, start)?.total ?? null,
			encrypted,
			fault: fault ?? null,
			otherBuild: fault === undefined ? null : (otherBuild(area, header, start) ?? null),
		},
	];
}

const COMPRESSED = ImageFlag.COMPRESSED_LZMA1 | ImageFlag.COMPRESSED_LZMA2 | ImageFlag.COMPRESSED_ARM_THUMB;

/** TLVs of builds of MCUboot that this boot loader has no option for. */
const OTHER_BUILDS: readonly (readonly [type: number, what: string])[] = [
	[TlvType.SHA384, "a SHA-384 hash"],
	[TlvType.SHA512, "a SHA-512 hash"],
	[TlvType.SIG_PURE, "a pure signature"],
];

function otherBuild(area: FlashArea, header: ImageHeader, start: number): string | undefined {
	if (header.flags & COMPRESSED) return "a compressed payload";
	try {
		return OTHER_BUILDS.find(([type]) => findTlv(area, header, { type, start }))?.[1];
	} catch (error) {
		// TLVs that are out of the slot's bounds.
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}

/** Why the boot loader refuses an image, be it asked for or not. */
function faultOf(
	boot: BootUtil,
	{ config, securityCounters }: ExplainOptions,
	{ image, which, area, start }: Place,
	header: ImageHeader,
): string | undefined {
	if (header.flags & ImageFlag.NON_BOOTABLE) return "marked as not bootable";
	const fault = headerFault(header, area, config.encryption);
	if (fault !== undefined) return fault;
	// In the primary slot it is plain, whatever its flags say.
	const encrypted = which === "secondary" && isEncrypted(header);
	const key = encrypted ? imageKey(config, area, header, start) : undefined;
	if (encrypted && !key) return "encrypted, without a key that this loader can read";
	const services = {
		digest,
		log: () => {},
		securityCounters: { get: (of: number) => securityCounters.get(of), set: () => {} },
	};
	const maxSize = boot.boot_app_max_size(image);
	return imageFault(config, services, { image, area, header, start, maxSize, ...(key && { key }) });
}
