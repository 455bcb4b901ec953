import type { PageBuild } from "../../hosts/desk/node/page-protocol.js";
import type { Explanation } from "../../image/explain.js";
import type { FlashTiming } from "../../modules/flash/timing.js";
import type { Recording } from "../flash/recording.js";
import type { Verdict } from "../flash/try-image.js";

/** What the worker is asked. */
export interface Question {
	readonly id: number;
	readonly ask: "explain" | "rehearse" | "try";
	readonly build: PageBuild;
	readonly flash: Uint8Array;
	readonly otp: readonly number[];
	readonly timing: FlashTiming | null;
	readonly file?: Uint8Array;
	readonly image?: number;
}

export type Answer =
	| { readonly id: number; readonly result: Explanation | Recording | Verdict; readonly error?: undefined }
	| { readonly id: number; readonly result?: undefined; readonly error: string };

/** A device as it is now, for the worker. */
export type Situation = Pick<Question, "build" | "flash" | "otp" | "timing">;

/** Runs the boot loader on copies of the flash, beside the page. */
export class Engine {
	#worker: Worker | undefined;
	readonly #waiting = new Map<number, (answer: Answer) => void>();
	#last = 0;

	/** What is on the flash, and what the next boots do. */
	explain(situation: Situation): Promise<Explanation> {
		return this.#ask({ ...situation, ask: "explain" });
	}

	/** The operations of the next boot. */
	rehearse(situation: Situation): Promise<Recording> {
		return this.#ask({ ...situation, ask: "rehearse" });
	}

	/** Whether the boot loader would take a file as an update of an image. */
	tryImage(situation: Situation, file: Uint8Array, image: number): Promise<Verdict> {
		return this.#ask({ ...situation, ask: "try", file, image });
	}

	#ask<R extends Answer["result"]>(question: Omit<Question, "id">): Promise<R> {
		const id = ++this.#last;
		return new Promise((resolve, reject) => {
			this.#waiting.set(id, ({ result, error }) =>
				error === undefined ? resolve(result as R) : reject(new Error(error)),
			);
			this.#worker ??= this.#start();
			this.#worker.postMessage({ ...question, id } satisfies Question);
		});
	}

	/** Not before it is needed: a page that was opened as a file may have no worker. */
	#start(): Worker {
		const worker = new Worker("worker.js");
		worker.onmessage = ({ data }: MessageEvent<Answer>) => {
			this.#waiting.get(data.id)?.(data);
			this.#waiting.delete(data.id);
		};
		return worker;
	}
}
