import type { ImageState, UploadResult } from "../client.js";
import type { UpgradeStep } from "../upgrade.js";

/** Where a command's words go. */
export interface Output {
	/** For people. */
	say(line: string): void;
	/** For programs. */
	json(value: object): void;
	progress(offset: number, total: number): void;
}

const BAR = 30;

/** Text on standard output, with a bar on a terminal. */
export class TextOutput implements Output {
	readonly #stream: NodeJS.WriteStream;
	readonly #started = Date.now();
	#first: number | undefined;
	#barShown = false;

	constructor(stream: NodeJS.WriteStream) {
		this.#stream = stream;
	}

	say(line: string): void {
		if (this.#barShown) this.#stream.write("\n");
		this.#barShown = false;
		this.#stream.write(`${line}\n`);
	}

	json(): void {}

	progress(offset: number, total: number): void {
		this.#first ??= offset;
		if (!this.#stream.isTTY) return;
		const filled = Math.round((BAR * offset) / total);
		const speed = (offset - this.#first) / (Date.now() - this.#started + 1);
		const percent = Math.floor((100 * offset) / total);
		const bar = `${"█".repeat(filled)}${"░".repeat(BAR - filled)}`;
		this.#stream.write(`\r${bar} ${String(percent).padStart(3)} %  ${kilobytes(speed * 1000)}/s \x1b[K`);
		this.#barShown = true;
	}
}

/** JSON on standard output, one object a line. */
export class JsonOutput implements Output {
	readonly #stream: NodeJS.WriteStream;
	#percent = -1;

	constructor(stream: NodeJS.WriteStream) {
		this.#stream = stream;
	}

	say(): void {}

	json(value: object): void {
		this.#stream.write(`${JSON.stringify(value)}\n`);
	}

	/** A line for each per cent. */
	progress(offset: number, total: number): void {
		const percent = Math.floor((100 * offset) / total);
		if (percent === this.#percent) return;
		this.#percent = percent;
		this.json({ event: "progress", offset, total });
	}
}

export const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

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

/** An upload in one sentence. `time` is milliseconds. */
export function uploadSentence(bytes: number, time: number, { resumed, repeated, match }: UploadResult): string {
	if (resumed === bytes) return "The device has this file already.";
	const sent = bytes - resumed;
	const parts = [`Uploaded ${kilobytes(sent)} in ${seconds(time)} (${kilobytes((1000 * sent) / Math.max(1, time))}/s)`];
	if (resumed > 0) parts.push(`going on at ${kilobytes(resumed)}`);
	if (repeated > 0) parts.push(`${repeated} ${repeated === 1 ? "packet" : "packets"} sent again`);
	if (match) parts.push("the device has checked it");
	return `${parts.join(", ")}.`;
}

/** A step of an update in one sentence. */
export function stepSentence(step: UpgradeStep): string {
	switch (step.step) {
		case "found":
			return `The device runs ${describeRunning(step.running)}. The update is version ${step.version}.`;
		case "already-running":
			return step.confirmed ? "The update runs already." : "The update runs already, on trial.";
		case "uploaded":
			return uploadSentence(step.bytes, step.time, step.upload);
		case "marked":
			return "It is marked for a test at the next start.";
		case "restarting":
			return "The device restarts…";
		case "running":
			return `After ${seconds(step.time)} version ${step.version} runs${step.confirmed ? ", confirmed" : ", on trial"}.`;
		case "confirmed":
			return "It is confirmed.";
	}
}

const describeRunning = (running: ImageState | undefined): string =>
	running ? `version ${running.version}${running.confirmed ? "" : ", on trial"}` : "no image that it knows";
