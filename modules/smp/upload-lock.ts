import { Rc, SmpError } from "./errors.js";
import type { ImageEvent } from "./group/image.js";
import { IMAGE_GROUP } from "./group/image-error.js";
import type { ResetRequest } from "./group/os.js";
import type { Origin } from "./group.js";
import type { ServerHooks } from "./server.js";

/** Command of the image group that uploads (Zephyr SMP group 1, Image upload). */
const UPLOAD = 1;

/**
 * Keeps a second client out of an upload: two that send chunks by turns would start each other's over for ever. The second one
 * gets `rc` 10 (busy) until the first has ended, or was silent for `silence` milliseconds and is taken for gone. Give `hooks` to
 * the server, and every event of the image group to `onEvent`.
 */
export class UploadLock {
	readonly hooks: ServerHooks;
	#holder: Origin | undefined;
	#current: Origin | undefined;
	#last = 0;
	readonly #uptime: () => number;
	readonly #silence: number;

	constructor(uptime: () => number, silence = 500) {
		this.#uptime = uptime;
		this.#silence = silence;
		this.hooks = {
			received: (group, command, write, origin) => {
				if (group !== IMAGE_GROUP || command !== UPLOAD || !write) return;
				this.#refuseOthers(origin);
				if (this.#holder) this.#holder = origin;
				this.#current = origin;
				this.#last = this.#uptime();
			},
		};
	}

	/** Refuses a reset in the middle of somebody else's upload, unless it is forced; for `OsOptions.mayReset`. */
	mayReset({ force, origin }: Pick<ResetRequest, "force" | "origin">): void {
		if (!force) this.#refuseOthers(origin);
	}

	#refuseOthers(origin: Origin): void {
		const holder = this.#holder;
		if (!holder || (holder.transport === origin.transport && holder.peer === origin.peer)) return;
		if (this.#uptime() - this.#last < this.#silence)
			throw new SmpError(Rc.BUSY, `another client is uploading over ${holder.transport || "another transport"}`);
	}

	onEvent({ type }: ImageEvent): void {
		if (type === "started") this.#holder = this.#current;
		else if (type === "pending" || type === "stopped") this.#holder = undefined;
	}
}
