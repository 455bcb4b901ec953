import type { BootUtil } from "../../bootutil/bootutil.js";
import { formatVersion } from "../../bootutil/header.js";
import { equalBytes } from "../../bytes/equal.js";
import type { FlashArea } from "../../flash/area.js";
import type { ResponseMap } from "../cbor.js";
import { uint } from "../fields.js";
import { type Group, operation } from "../group.js";
import type { BootChange, BootEntry, BootedImage, StartReason } from "../protocol/boot-journal.js";
import { BootKind, BootRecords, TEXT_LIMIT } from "./boot-records.js";
import { ImageSlots } from "./image/slots.js";

/** Label of the flash area that the boot journal has to itself. */
export const BOOT_JOURNAL = "boot-journal";

export interface BootJournalOptions {
	readonly area: FlashArea;
	readonly boot: BootUtil;
	/** Milliseconds since the start. */
	readonly uptime: () => number;
	/** Whether the next boot takes an image back unless it is confirmed. */
	readonly onTrial: (image: number) => boolean;
	/** Why the device started, as far as the machine knows. */
	readonly reason: StartReason;
	/** Takes a sentence when the area held something else, or when its flash fails. */
	readonly log: (line: string) => void;
}

/** Bytes that an entry takes in an answer, besides its texts; and each image of it. */
const ENTRY_SIZE = 112;
const IMAGE_SIZE = 88;

/**
 * Remembers on flash, boot by boot, why the device started, what runs, and what became of an update on trial. The application
 * alone writes it, so that it is the same behind every MCUboot. A power cut loses the record that is being written, and
 * nothing else. A journal whose flash fails is in nobody's way.
 */
export class BootJournal {
	/** Command 0, read `{before?}`: the boots with numbers below `before`, newest first (docs/SMP.md, Boot journal). */
	readonly group: Group;
	readonly #options: BootJournalOptions;
	readonly #records: BootRecords;
	readonly #boot: number;
	#broken = false;
	#ending = false;

	/** Writes down that the device has started. Throws a RangeError if the area cannot hold a journal. */
	constructor(options: BootJournalOptions) {
		this.#options = options;
		this.#records = new BootRecords(options.area);
		this.#attempt(() => {
			if (this.#records.load()) return;
			this.#records.clear();
			options.log("boot_journal: its area held something else, and was erased");
		});
		this.#boot = this.#records.newest + 1;
		this.#attempt(() => this.#start());
		this.group = {
			id: 67,
			name: "boot journal",
			commands: {
				0: {
					name: "boots",
					read: operation({ before: uint }, ({ before = 0xffffffff }, { room }) => ({
						boots: this.#page(before, room),
					})),
				},
			},
		};
	}

	/** Boots with numbers below `before`, newest first: at most `most`. */
	boots(most: number, before = 0xffffffff): BootEntry[] {
		const found: BootEntry[] = [];
		this.#attempt(() =>
			this.#records.boots(before, (entry) => {
				found.push(entry);
				return found.length < most;
			}),
		);
		return found;
	}

	/** An image was confirmed. `by` says by whom: "a client over udp". */
	confirmed(image: number, by: string): void {
		this.#write(BootKind.CONFIRMED, by, 1 << image);
	}

	/** The images on trial will be taken back. `why` says why: "check client: no request within 30 s". */
	failed(why: string): void {
		this.#write(BootKind.FAILED, why);
	}

	/** The device is about to be reset. `by` says by whom. Further calls write nothing: a client may ask again and again. */
	resetting(by: string): void {
		if (this.#ending) return;
		this.#ending = true;
		this.#write(BootKind.RESET, by);
	}

	#write(kind: (typeof BootKind)[keyof typeof BootKind], text: string, confirmed = 0): void {
		const seconds = Math.floor(this.#options.uptime() / 1000);
		this.#attempt(() => this.#records.append({ kind, boot: this.#boot, seconds, text, confirmed }));
	}

	#start(): void {
		const [last] = this.boots(1);
		const slots = new ImageSlots(this.#options.boot);
		const images: BootedImage[] = [];
		for (let image = 0; image < slots.images; image++) {
			const info = slots.info(slots.active(image));
			if (!info) continue;
			const version = formatVersion(info.header.version);
			const trial = this.#options.onTrial(image);
			const hash = info.hash.slice(0, 8);
			const change = this.#options.boot.mode.firmwareLoader
				? this.#loaderChange(slots, hash)
				: this.#change(last, image, hash, trial);
			images.push({ image, version, hash, trial, confirmed: false, change });
		}
		const { cause, words = "" } = this.#reason(last);
		this.#records.append({ kind: BootKind.START, boot: this.#boot, cause, seconds: 0, text: words, images });
	}

	/** The machine may know that it was reset, and the journal by whom. */
	#reason(last: BootEntry | undefined): StartReason {
		const { reason } = this.#options;
		if (reason.words !== undefined || (reason.cause !== "software" && reason.cause !== "unknown")) return reason;
		const by = last?.end?.words ?? (last?.verdict?.confirmed === false ? "the application" : undefined);
		return by === undefined ? reason : { cause: "software", words: by };
	}

	#change(last: BootEntry | undefined, image: number, hash: Uint8Array, trial: boolean): BootChange {
		if (!last) return "first";
		const was = last.images.find((each) => each.image === image);
		if (was && equalBytes(was.hash, hash)) return "none";
		if (trial) return "test";
		if (!was?.trial || was.confirmed) return "permanent";
		// Back to what ran before the trial, or to something else that was marked meanwhile?
		let former: Uint8Array | undefined;
		this.#records.boots(last.number, ({ images }) => {
			const earlier = images.find((each) => each.image === image);
			if (earlier && !equalBytes(earlier.hash, was.hash)) former = earlier.hash;
			return former === undefined;
		});
		return former === undefined || equalBytes(former, hash) ? "revert" : "permanent";
	}

	/** A firmware loader comes and goes; what changes is the application, of which the last boot before may not tell. */
	#loaderChange(slots: ImageSlots, hash: Uint8Array): BootChange {
		const loader = slots.info(1)?.hash.slice(0, 8);
		if (!loader || equalBytes(loader, hash)) return "none";
		let change: BootChange = "first";
		this.#records.boots(0xffffffff, ({ images }) => {
			const was = images[0]?.hash;
			if (!was || equalBytes(was, loader)) return true;
			change = equalBytes(was, hash) ? "none" : "permanent";
			return false;
		});
		return change;
	}

	/** As many boots as there is room for, one at least. */
	#page(before: number, room: number): ResponseMap[] {
		const page: ResponseMap[] = [];
		let left = room - 16;
		this.#attempt(() =>
			this.#records.boots(before, (entry) => {
				const { start, images, verdict, end } = entry;
				const fixed = ENTRY_SIZE + IMAGE_SIZE * images.length;
				const texts = [start.words ?? "", verdict?.words ?? "", end?.words ?? ""];
				const size = fixed + texts[0]!.length + texts[1]!.length + texts[2]!.length;
				if (page.length > 0 && size > left) return false;
				// A single entry that is too long has its texts cut.
				page.push(entryMap(entry, size > left ? Math.max(0, Math.floor((left - fixed) / 3)) : TEXT_LIMIT));
				left -= size;
				return left > 0;
			}),
		);
		return page;
	}

	#attempt(action: () => void): void {
		if (this.#broken) return;
		try {
			action();
		} catch (error) {
			this.#broken = true;
			this.#options.log(`boot_journal: ${error instanceof Error ? error.message : "its flash fails"}`);
		}
	}
}

const entryMap = ({ number, start, images, verdict, end }: BootEntry, limit: number): ResponseMap => ({
	n: number,
	cause: start.cause,
	by: start.words?.slice(0, limit),
	images: images.map(({ image, version, hash, change, trial, confirmed }) => ({
		...{ image, version, hash, change, trial, confirmed },
	})),
	ok: verdict?.confirmed,
	at: verdict?.seconds,
	said: verdict?.words.slice(0, limit),
	ran: end?.seconds,
	end: end?.words.slice(0, limit),
});
