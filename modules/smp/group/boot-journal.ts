import type { BootUtil } from "../../bootutil/bootutil.js";
import { equalBytes } from "../../bytes/equal.js";
import type { FlashArea } from "../../flash/area.js";
import type { ResponseMap } from "../cbor.js";
import { Rc, SmpError } from "../errors.js";
import { uint } from "../fields.js";
import { type Command, operation } from "../group.js";
import type { BootChange, BootEntry, BootedImage, SafeMode, StartReason } from "../protocol/boot-journal.js";
import { BootKind, BootRecords, crashWords, type RecordedBoot, type StartedImage, TEXT_LIMIT } from "./boot-records.js";
import { ImageSlots } from "./image/slots.js";

/** Label of the flash area that the boot journal has to itself. */
export const BOOT_JOURNAL = "boot-journal";

/** How often an application may crash, one time after the other, before the device starts without it. */
export interface CrashBudget {
	/** Crashes in a row: 1 to 127. */
	readonly crashes: number;
	/** Seconds that the application has to run for a crash not to count. */
	readonly minUptime: number;
}

export interface BootJournalOptions {
	readonly area: FlashArea;
	readonly boot: BootUtil;
	/** Milliseconds since the start. */
	readonly uptime: () => number;
	/** Whether the next boot takes an image back unless it is confirmed. */
	readonly onTrial: (image: number) => boolean;
	/** Why the device started, as far as the machine knows. */
	readonly reason: StartReason;
	/** Of the application that is about to start. Default: there is none that a crash could be laid to. */
	readonly budget?: CrashBudget | undefined;
	/** Takes a sentence when the area held something else, or when its flash fails. */
	readonly log: (line: string) => void;
}

/** Bytes that an entry takes in an answer, besides its texts; each image, and each check. */
const ENTRY_SIZE = 150;
const IMAGE_SIZE = 88;
const CHECK_SIZE = 21;

/**
 * Remembers on flash, boot by boot, why the device started, what runs, and what became of an update on trial. The application
 * alone writes it, so that it is the same behind every MCUboot. A power cut loses the record that is being written, and
 * nothing else. A journal whose flash fails is in nobody's way.
 */
export class BootJournal {
	/**
	 * Of group 67 (docs/SMP.md, Boot journal): command 0, read `{before?}`, the boots with numbers below `before`, newest first;
	 * command 1, safe mode, read and left.
	 */
	readonly commands: Readonly<Record<number, Command>>;
	readonly #options: BootJournalOptions;
	readonly #records: BootRecords;
	readonly #boot: number;
	#broken = false;
	#ending = false;
	#safe: SafeMode | undefined;
	/** Whether the device has to tell that the application still runs (`lived`): it crashed before, and nobody knows after how long. */
	probation = false;

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
		this.commands = {
			0: {
				name: "boots",
				read: operation({ before: uint }, ({ before = 0xffffffff }, { room }) => ({ boots: this.#page(before, room) })),
			},
			1: {
				name: "safe mode",
				read: { handle: () => ({ safe: this.#safe && { ...this.#safe } }) },
				write: {
					handle: (_, { origin }) => {
						this.leaveSafeMode(`a client over ${origin.transport}`);
						return {};
					},
				},
			},
		};
	}

	/** Set where the application is not to be started. */
	get safe(): SafeMode | undefined {
		return this.#safe;
	}

	/**
	 * Lets the next start run the application again. `by` says who asks.
	 *
	 * @throws SmpError with code 6 (bad state) if the device is not in safe mode.
	 */
	leaveSafeMode(by: string): void {
		if (!this.#safe) throw new SmpError(Rc.BAD_STATE, "the device is not in safe mode");
		if (this.#safe.left) return;
		this.#write(BootKind.LEFT, by);
		if (this.#broken) throw new SmpError(Rc.UNKNOWN, "the boot journal cannot be written");
		this.#safe = { ...this.#safe, left: true };
	}

	/** Boots with numbers below `before`, newest first: at most `most`. */
	boots(most: number, before = 0xffffffff): RecordedBoot[] {
		const found: RecordedBoot[] = [];
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

	/** A check of the images on trial is decided. `words`: its name, and if it failed why: "client: no request within 30 s". */
	checked(passed: boolean, words: string): void {
		this.#write(BootKind.CHECK, words, passed ? 1 : 0);
	}

	/** The images on trial will be taken back. `why` says why: "check client: no request within 30 s". */
	failed(why: string): void {
		this.#write(BootKind.FAILED, why);
	}

	/** The application runs still: a crash from now on is not one more of those before. */
	lived(): void {
		this.#write(BootKind.LIVED, "");
	}

	/** The device is about to be reset. `by` says by whom. Further calls write nothing: a client may ask again and again. */
	resetting(by: string): void {
		if (this.#ending) return;
		this.#ending = true;
		this.#write(BootKind.RESET, by);
	}

	#write(kind: (typeof BootKind)[keyof typeof BootKind], text: string, bits = 0): void {
		const seconds = Math.floor(this.#options.uptime() / 1000);
		this.#attempt(() => this.#records.append({ kind, boot: this.#boot, seconds, text, bits }));
	}

	#start(): void {
		const [last] = this.boots(1);
		const slots = new ImageSlots(this.#options.boot);
		const images: StartedImage[] = [];
		for (let image = 0; image < slots.images; image++) {
			const info = slots.info(slots.active(image));
			if (!info) continue;
			const trial = this.#options.onTrial(image);
			const hash = info.hash.slice(0, 8);
			const change = this.#options.boot.mode.firmwareLoader
				? this.#loaderChange(slots, hash)
				: this.#change(last, image, hash, trial);
			images.push({ image, version: info.header.version, hash, trial, change });
		}
		const reason = this.#reason(last);
		const crashes = this.#judge(images, reason, last);
		const { cause, words = "", after: seconds } = reason;
		const safe = this.#safe && (crashes > 0 ? "" : this.#safe.words);
		const kind = BootKind.START;
		const boot = this.#boot;
		this.#records.append({
			kind,
			boot,
			cause,
			seconds,
			text: words,
			images,
			crashes: this.#safe?.crashes ?? crashes,
			safe,
		});
	}

	/**
	 * Counts crashes of the application in these images in a row, and holds it back if they are too many, or if it was held back
	 * at the boot before and nobody has asked for it since. An update has its chances of its own, and one that was taken back
	 * changes nothing for the image from before.
	 */
	#judge(images: readonly StartedImage[], reason: StartReason, last: RecordedBoot | undefined): number {
		const { budget } = this.#options;
		let before = last;
		if (last && images.some(({ change }) => change === "revert"))
			this.#records.boots(last.number, (entry) => {
				before = entry;
				return !sameImages(entry.images, images);
			});
		if (!budget || !before || !sameImages(before.images, images)) return 0;
		if (before.safe) {
			if (!before.safe.left) this.#safe = before.safe;
			return 0;
		}
		const { cause, after = 0 } = reason;
		const crashed = before === last && (cause === "crash" || cause === "watchdog");
		if (!crashed || Math.max(after, before.lived) >= budget.minUptime) return 0;
		const crashes = before.crashes + 1;
		if (crashes >= budget.crashes) this.#safe = { crashes, words: crashWords(reason), left: false };
		else this.probation = reason.after === undefined;
		return crashes;
	}

	/**
	 * The machine may know that it was reset, and the journal by whom. If it started for another reason, then in the middle of that
	 * reset (docs/SPEC.md, Resets that were cut short).
	 */
	#reason(last: BootEntry | undefined): StartReason {
		const { reason } = this.#options;
		const by = last?.end?.words ?? (last?.verdict?.confirmed === false ? "the application" : undefined);
		if (by === undefined || reason.words !== undefined) return reason;
		if (reason.cause === "software" || reason.cause === "unknown") return { ...reason, cause: "software", words: by };
		return { ...reason, words: `in the middle of the reset by ${by}` };
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
				const { start, images, safe, checks, verdict, end } = entry;
				const fixed = ENTRY_SIZE + IMAGE_SIZE * images.length + CHECK_SIZE * checks.length;
				const texts = [start.words, safe?.words, verdict?.words, end?.words, ...checks.map(({ words }) => words)];
				const size = fixed + texts.join("").length;
				if (page.length > 0 && size > left) return false;
				// A single entry that is too long has its texts cut.
				page.push(entryMap(entry, size > left ? Math.max(0, Math.floor((left - fixed) / texts.length)) : TEXT_LIMIT));
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

/** Whether the same images run. */
function sameImages(a: readonly Pick<BootedImage, "hash">[], b: typeof a): boolean {
	if (a.length !== b.length) return false;
	for (let i = 0; i < a.length; i++) if (!equalBytes(a[i]!.hash, b[i]!.hash)) return false;
	return true;
}

const entryMap = ({ number, start, images, safe, checks, verdict, end }: BootEntry, limit: number): ResponseMap => ({
	n: number,
	cause: start.cause,
	by: start.words?.slice(0, limit),
	after: start.after,
	images: images.map(({ image, version, hash, change, trial, confirmed }) => ({
		...{ image, version, hash, change, trial, confirmed },
	})),
	safe: safe && { ...safe, words: safe.words.slice(0, limit) },
	checks: checks.map(({ passed, seconds, words }) => ({ ok: passed, at: seconds, said: words.slice(0, limit) })),
	ok: verdict?.confirmed,
	at: verdict?.seconds,
	said: verdict?.words.slice(0, limit),
	ran: end?.seconds,
	end: end?.words.slice(0, limit),
});
