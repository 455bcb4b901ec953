import type { ImageState, UploadResult } from "../client/client.js";
import type { AuditRecord } from "../client/group/audit.js";
import type { UpgradeStep } from "../client/upgrade.js";
import { codeText, commandName } from "../client/words.js";
import { Op } from "../modules/smp/header.js";
import {
	type BootEntry,
	changeWords,
	checkWords,
	outcomeWords,
	startWords,
} from "../modules/smp/protocol/boot-journal.js";
import type { Sink } from "./command-line.js";

/** Where a command's words go. */
export interface Output {
	/** For people. */
	say(...lines: readonly string[]): void;
	/** For programs. */
	json(value: object): void;
	progress(offset: number, total: number): void;
	/** The last progress: bytes that the other side has, of all. */
	readonly transferred: readonly [offset: number, total: number] | undefined;
	/** Ends the line of a bar that is shown, for what others print. */
	endLine(): void;
}

/** Columns of a bar, and of the figures behind it. */
const BAR = 30;
const FIGURES = 22;

/** Text on standard output, with a bar on a terminal. */
export class TextOutput implements Output {
	readonly #stream: Sink;
	readonly #started = Date.now();
	#first: number | undefined;
	#barShown = false;
	transferred: readonly [offset: number, total: number] | undefined;

	constructor(stream: Sink) {
		this.#stream = stream;
	}

	endLine(): void {
		if (this.#barShown) this.#stream.write("\n");
		this.#barShown = false;
	}

	say(...lines: readonly string[]): void {
		this.endLine();
		for (const line of lines) this.#stream.write(`${printable(line)}\n`);
	}

	json(): void {}

	progress(offset: number, total: number): void {
		this.transferred = [offset, total];
		this.#first ??= offset;
		if (!this.#stream.isTTY) return;
		// A bar that is wider than the terminal would stay on it, line by line.
		const width = Math.max(0, Math.min(BAR, (this.#stream.columns ?? BAR + FIGURES) - FIGURES));
		const filled = Math.round((width * offset) / total);
		const speed = (offset - this.#first) / (Date.now() - this.#started + 1);
		const percent = Math.floor((100 * offset) / total);
		const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
		this.#stream.write(`\r${bar} ${String(percent).padStart(3)} %  ${kilobytes(speed * 1000)}/s \x1b[K`);
		this.#barShown = true;
	}
}

/** JSON on standard output, one object a line. */
export class JsonOutput implements Output {
	readonly #stream: Sink;
	#percent = -1;
	transferred: readonly [offset: number, total: number] | undefined;

	constructor(stream: Sink) {
		this.#stream = stream;
	}

	endLine(): void {}

	say(): void {}

	json(value: object): void {
		this.#stream.write(`${JSON.stringify(value)}\n`);
	}

	/** A line for each per cent. */
	progress(offset: number, total: number): void {
		this.transferred = [offset, total];
		const percent = Math.floor((100 * offset) / total);
		if (percent === this.#percent) return;
		this.#percent = percent;
		this.json({ event: "progress", offset, total });
	}
}

export const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** What a device says may hold what makes a terminal do things. Colours go, and so do all control characters but TAB and LF. */
export const printable = (text: string): string =>
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
	text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");

/** Bytes as text; undefined if they are none that could be printed. */
export function textOf(bytes: Uint8Array): string | undefined {
	try {
		const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
		return text === printable(text) ? text : undefined;
	} catch {
		return undefined;
	}
}

const FIGURE = /^[\d.]+( KiB| bytes)?$/;

/** Rows in columns, those of figures flush right. A first row without figures is a heading. */
export function table(rows: readonly (readonly string[])[]): string[] {
	const columns = rows[0]?.map((_, at) => rows.map((row) => row[at]!)) ?? [];
	const widths = columns.map((cells) => Math.max(...cells.map((cell) => cell.length)));
	const figures = columns.map((cells) => cells.length > 1 && cells.slice(1).every((cell) => FIGURE.test(cell)));
	return rows.map((row) =>
		row
			.map((cell, at) => (figures[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
			.join("  ")
			.trimEnd(),
	);
}

/** A record of an audit log: its number, when, what, over which transport, and what came of it. */
export function auditLine({
	number,
	time,
	group,
	command,
	transport,
	rc,
	errorGroup,
	times = 1,
}: AuditRecord): string[] {
	// A device without a clock counts from its start.
	const when = time < CLOCKLESS ? `${time} s` : new Date(time * 1000).toISOString().slice(0, 19).replace("T", " ");
	const often = times > 1 ? `${times} times` : "";
	// The device counts so many kinds of requests, and all others together.
	if (group === 0xffff) return [`#${number}`, when, "requests of other kinds", transport, often];
	const outcome = rc === 0 ? "done" : codeText(rc, errorGroup);
	return [
		`#${number}`,
		when,
		commandName({ op: Op.WRITE, group, command }),
		transport,
		often ? `${outcome}, ${often}` : outcome,
	];
}

/** Boots, newest first as they arrive, as text: the newest last. */
export function bootTable(entries: readonly BootEntry[]): string[] {
	if (entries.length === 0) return ["There is no record of a boot."];
	// A device without a confirm policy has no checks to show.
	const checked = entries.some(({ checks }) => checks.length > 0);
	const checks = (words: string): string[] => (checked ? [words] : []);
	const rows = entries.map((entry, at) => [
		`#${entry.number}`,
		startWords(entry.start),
		changeWords(entry),
		...checks(checkWords(entry)),
		outcomeWords(entry, entries[at - 1]),
	]);
	return table([["boot", "started by", "runs", ...checks("checks"), "outcome"], ...rows.reverse()]);
}

/** Seconds since 1970 before which no device was made that this client could reach: September 2001. */
const CLOCKLESS = 1_000_000_000;

const FLAGS = ["active", "confirmed", "pending", "permanent"] as const;

/** The list as text, one slot a line. */
export function imageTable(images: readonly ImageState[]): string[] {
	if (images.length === 0) return ["The device has no image."];
	return images.map(({ image, slot, version, hash, ...flags }) => {
		const names: string[] = FLAGS.filter((flag) => flags[flag]);
		if (!flags.bootable) names.unshift("not bootable");
		return `image ${image} slot ${slot}  ${version.padEnd(12)} ${hash.slice(0, 16).padEnd(16)}  ${names.join(" ")}`.trimEnd();
	});
}

/** How much of a file went over, and how. */
export type Transfer = Pick<UploadResult, "resumed" | "repeated"> & Partial<Pick<UploadResult, "match">>;

/** An upload in one sentence. `time` is milliseconds. */
export const uploadSentence = (bytes: number, time: number, transfer: Transfer): string =>
	transfer.resumed === bytes
		? "The device has this file already."
		: transferSentence("Uploaded", bytes, time, transfer);

/** A file of `bytes` that went over the wire, in one sentence. `time` is milliseconds. */
export function transferSentence(verb: string, bytes: number, time: number, transfer: Transfer): string {
	const { resumed, repeated, match } = transfer;
	const sent = bytes - resumed;
	const size = sent < 1024 ? `${sent} bytes` : kilobytes(sent);
	const parts = [`${verb} ${size} in ${seconds(time)} (${kilobytes((1000 * sent) / Math.max(1, time))}/s)`];
	if (resumed > 0) parts.push(`going on at ${kilobytes(resumed)}`);
	if (repeated > 0) parts.push(`${repeated} ${repeated === 1 ? "packet" : "packets"} sent again`);
	if (match) parts.push("the device has checked it");
	return `${parts.join(", ")}.`;
}

/** Of an encrypted image. */
export const UNCHECKED = "The image is encrypted: only the device can check its hash.";

/** A step of an update in one or two sentences. */
export function stepSentence(step: UpgradeStep): string {
	switch (step.step) {
		case "found":
			return [
				`The device runs ${describeRunning(step.running)}. The update is version ${step.version}.`,
				...(step.hashChecked ? [] : [UNCHECKED]),
			].join(" ");
		case "already-running":
			return step.confirmed ? "The update runs already." : "The update runs already, on trial.";
		case "uploaded":
			return uploadSentence(step.bytes, step.time, step.upload);
		case "marked":
			return step.permanent ? "It is to run from the next start on." : "It is marked for a test at the next start.";
		case "forecast":
			return sentenceOf(step.words);
		case "restarting":
			return "The device restarts…";
		case "running":
			return `After ${seconds(step.time)} version ${step.version} runs${step.confirmed ? ", confirmed" : ", on trial"}.`;
		case "deciding":
			return `It decides by itself within ${step.deadline} s${step.checks.length > 0 ? `, by ${step.checks.join(", ")}` : ""}.`;
		case "confirmed":
			return "It is confirmed.";
	}
}

/** Words with a capital letter and a full stop. */
export const sentenceOf = (words: string): string => `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}.`;

const describeRunning = (running: ImageState | undefined): string =>
	running ? `version ${running.version}${running.confirmed ? "" : ", on trial"}` : "no image that it knows";
