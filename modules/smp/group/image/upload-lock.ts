import { Rc, SmpError } from "../../errors.js";
import type { Origin } from "../../group.js";
import { IMAGE_GROUP, ImageCommand } from "../../protocol/image.js";
import type { ServerHooks } from "../../server.js";
import type { ResetRequest } from "../os.js";
import type { ImageEvent } from "./image.js";

/**
 * Keeps other clients from destroying an upload: while it advances, nobody else may upload, erase or reset (`rc` 10).
 * An upload advances when it gets farther than its client has been yet. Without that the lock ends after `silence`
 * milliseconds. A first chunk is no advance: it locks for that long once, and no other first chunk does before an upload
 * has advanced, so that nobody keeps the others out with less than a file, however many addresses they have.
 *
 * Give `hooks` to the server, `mayUpload` and every event to the image group, `mayReset` to the OS group.
 */
export class UploadLock {
	readonly hooks: ServerHooks;
	/** Whose chunks the upload takes. */
	#holder: Origin | undefined;
	/** The farthest that it has been, bytes. */
	#reached = 0;
	/** Whether the chunk that is being written is the first of a file. */
	#first = true;
	/** Whether a first chunk has locked since an upload last advanced. */
	#spent = false;
	/** Until when others are refused, by uptime, and until when the chunks behind the first of a file are. */
	#locked = Number.NEGATIVE_INFINITY;
	#owned = Number.NEGATIVE_INFINITY;
	readonly #uptime: () => number;
	readonly #silence: number;

	constructor(uptime: () => number, silence = 500) {
		this.#uptime = uptime;
		this.#silence = silence;
		this.hooks = {
			received: (group, command, write, origin) => {
				if (group === IMAGE_GROUP && command === ImageCommand.ERASE && write) this.#refuseOthers(origin, this.#locked);
			},
		};
	}

	/**
	 * Refuses a chunk in the middle of somebody else's upload; for `ImageOptions.mayUpload`. One that is not the first
	 * of a file would go into the file of whoever began last, so that one waits for the silence in any case.
	 */
	mayUpload(first: boolean, origin: Origin): void {
		this.#refuseOthers(origin, first ? this.#locked : this.#owned);
		if (!this.#isHolder(origin)) {
			this.#holder = origin;
			this.#reached = 0;
		}
		this.#first = first;
		if (first) this.#owned = this.#uptime() + this.#silence;
	}

	/** Refuses a reset in the middle of somebody else's upload, unless it is forced; for `OsOptions.mayReset`. */
	mayReset({ force, origin }: Pick<ResetRequest, "force" | "origin">): void {
		if (!force) this.#refuseOthers(origin, this.#locked);
	}

	#isHolder({ transport, peer }: Origin): boolean {
		return this.#holder?.transport === transport && this.#holder.peer === peer;
	}

	#refuseOthers(origin: Origin, until: number): void {
		if (this.#isHolder(origin) || this.#uptime() >= until) return;
		throw new SmpError(Rc.BUSY, `another client is uploading over ${this.#holder?.transport || "another transport"}`);
	}

	onEvent(event: ImageEvent): void {
		const until = this.#uptime() + this.#silence;
		if (event.type === "started") {
			if (this.#spent || this.#reached > 0) return;
			this.#spent = true;
			this.#locked = until;
		} else if (event.type === "written") {
			const { offset } = event.upload;
			if (!this.#first && offset > this.#reached) {
				this.#locked = until;
				this.#owned = until;
				this.#spent = false;
			}
			this.#reached = Math.max(this.#reached, offset);
		} else if (event.type === "stopped") this.#locked = Number.NEGATIVE_INFINITY;
		else if (event.type === "pending") {
			this.#holder = undefined;
			this.#spent = false;
			this.#locked = Number.NEGATIVE_INFINITY;
			this.#owned = Number.NEGATIVE_INFINITY;
		}
	}
}
