import { once } from "node:events";
import type { ReadStream, WriteStream } from "node:tty";
import type { ImageState } from "../../client/client.js";

/** Width of the progress bar, characters. */
const BAR = 40;

/** Prints the story: narration, what a person would type, and what the device says. Colours only on a terminal. */
export class Narrator {
	readonly #out: WriteStream;
	readonly #terminal: boolean;
	/** Where the Enter key is; undefined if nobody is waited for. */
	#keyboard: ReadStream | undefined;

	constructor(out: WriteStream) {
		this.#out = out;
		this.#terminal = out.isTTY === true;
	}

	/** From now on waits for the Enter key between the steps, if a person reads and types. */
	pauses(keyboard: ReadStream): void {
		if (this.#terminal && keyboard.isTTY) this.#keyboard = keyboard;
	}

	/** The end of a step. */
	async pause(): Promise<void> {
		const keyboard = this.#keyboard;
		if (!keyboard) return;
		this.#out.write(this.#style("2", "  Enter goes on "));
		await once(keyboard, "data");
		keyboard.pause();
	}

	title(text: string): void {
		this.#line(`\n${this.#style("1", text)}\n`);
	}

	chapter(number: string, text: string): void {
		this.#line(`\n${this.#style("1", `${number}  ${text}`)}\n`);
	}

	say(text: string): void {
		this.#line(text);
	}

	command(text: string): void {
		this.#line(this.#style("36", `  $ ${text}`));
	}

	device(text: string | undefined): void {
		if (text !== undefined && text !== "") this.#line(this.#style("2", `  | ${text}`));
	}

	/** The image list, a line an image. */
	images(images: readonly ImageState[]): void {
		for (const { slot, version, hash, ...flags } of images) {
			const names = (["active", "confirmed", "pending", "permanent"] as const).filter((name) => flags[name]);
			this.#line(`    slot ${slot}: ${version}  ${hash.slice(0, 12)}…  ${names.join(" ")}`.trimEnd());
		}
	}

	/** A bar that grows on a terminal, and a single line elsewhere. */
	progress(sent: number, total: number): void {
		const done = sent === total;
		if (!this.#terminal && !done) return;
		const filled = Math.floor((BAR * sent) / total);
		const bar = "=".repeat(filled).padEnd(BAR);
		this.#out.write(`${this.#terminal ? "\r" : ""}    [${bar}] ${(total / 1024).toFixed(1)} KiB${done ? "\n" : ""}`);
	}

	end(text: string): void {
		this.#line(`\n${text}\n`);
	}

	#line(text: string): void {
		this.#out.write(`${text}\n`);
	}

	#style(code: string, text: string): string {
		return this.#terminal ? `\x1b[${code}m${text}\x1b[0m` : text;
	}
}
