import type { WriteStream } from "node:tty";
import type { ImageState } from "../../client/client.js";

/** Width of the progress bar, characters. */
const BAR = 40;

/** Prints the story: narration, what a person would type, and what the device says. Colours only on a terminal. */
export class Narrator {
	readonly #out: WriteStream;
	readonly #terminal: boolean;

	constructor(out: WriteStream) {
		this.#out = out;
		this.#terminal = out.isTTY === true;
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
