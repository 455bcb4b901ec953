import type { BootUtil } from "../bootutil/bootutil.js";
import { signedSize } from "../bootutil/header.js";
import { equalBytes } from "../bytes/equal.js";
import type { BootJournal } from "../smp/group/boot-journal.js";
import { FlashHash } from "../smp/group/image/flash.js";
import { ImageSlots } from "../smp/group/image/slots.js";
import { networkCheck } from "./checks.js";
import type { DeviceCheck } from "./device.js";
import type { Host } from "./host.js";
import type { Policy } from "./policy.js";

/** Wait of the timer check, and between two attempts to reach a network, milliseconds. */
const TICK = 100;
const RETRY = 1000;

/** Bytes of an image that are read in one step. */
const STEP = 4096;

/** Longest sentence of an application's, characters. */
const LONGEST_REASON = 100;

/** What a confirmation works with. */
export interface ConfirmOptions {
	/** "self": that the agent has started is all there is to pass. */
	readonly policy: "self" | Policy;
	readonly host: Host;
	readonly boot: BootUtil;
	readonly journal: BootJournal | undefined;
	/** Whether the next boot takes an image back unless it is confirmed. */
	readonly onTrial: (image: number) => boolean;
	/** Takes a line of the log without the name of this part. */
	readonly log: (level: "inf" | "err", line: string) => void;
}

/** That the agent has started is all there is to pass. */
const STARTED: Policy = Object.freeze({ deadline: 1, minUptime: 0, checks: Object.freeze([]) });

/** For `AgentOptions.decide`: updates on trial are decided on here. */
export const decideByPolicy = (options: ConfirmOptions): Confirmation => new Confirmation(options);

/**
 * Decides by a policy whether an update on trial stays (OTA guide, Confirm New Firmware: application self-confirmation). When
 * all checks have passed and the update has run long enough, its images are confirmed with `boot_write_img_confirmed_multi`.
 * When a check fails or time is up the device is reset, and because nothing was confirmed the boot loader brings the former
 * image back. A crash and the watchdog end the same way. A client that confirms the update ends this too.
 *
 * - timer: a timer fires, and not early.
 * - flash: each running image is, byte for byte, the one that was signed.
 * - client: a client's request was answered. A reset is no such request: with it a client means to end the trial.
 * - network:HOST:PORT: a TCP connection could be opened, at whichever attempt.
 * - app:NAME: the check that the application has named returns true, or what it returns settles with true.
 */
export class Confirmation {
	readonly #options: ConfirmOptions & { readonly policy: Policy };
	readonly #passed: string[] = [];
	/** Why a check has not passed so far, by the check. */
	readonly #why: Record<string, string> = { client: "no request" };
	/** Whether it has run for long enough. */
	#ripe: boolean;
	#decided = false;
	/** Whether the application in the image has yet to start. */
	#starting = false;

	constructor(options: ConfirmOptions) {
		const policy = options.policy === "self" ? STARTED : options.policy;
		this.#options = { ...options, policy };
		this.#ripe = policy.minUptime === 0;
	}

	/** Begins with the checks. To be called once, when the agent answers. */
	start(): void {
		const { policy, host, journal, log } = this.#options;
		const { deadline, minUptime, checks } = policy;
		this.#settle();
		this.#decided = this.#over();
		if (this.#decided) return;
		log(
			"inf",
			`an update on trial has ${deadline} s, runs at least ${minUptime} s, and has to pass: ${checks.join(", ")}`,
		);
		host.after(1000 * deadline, () => {
			let words = this.#starting ? `the application did not start within ${deadline} s` : "";
			for (const check of checks) {
				if (!this.#isDue(check)) continue;
				const why = this.#why[check] ?? (check.startsWith("app:") ? "the application has named none" : "no result");
				const sentence = `${check}: ${why} within ${deadline} s`;
				journal?.checked(false, sentence);
				words += `${words && "; "}check ${sentence}`;
			}
			this.fail(words);
		});
		if (!this.#ripe)
			host.after(1000 * minUptime, () => {
				this.#ripe = true;
				this.#settle();
			});
		for (const check of checks) {
			const network = networkCheck(check);
			if (network) this.#reach(check, ...network);
		}
		const start = host.uptime();
		host.after(TICK, () => {
			const waited = host.uptime() - start;
			// The clock's own step is a millisecond.
			this.result("timer", waited >= TICK - 1 ? undefined : `${waited} ms instead of ${TICK}`);
			if (this.#isDue("flash")) this.#checkFlash(0);
		});
	}

	/** The application in the image begins to start, or has started: meanwhile nothing is confirmed. */
	starting(starting: boolean): void {
		this.#starting = starting;
		if (!starting) this.#settle();
	}

	/** A check has passed, or else `why` says why not. What is known already, or not asked for, changes nothing. */
	result(check: string, why?: string): void {
		if (!this.#isDue(check)) return;
		const { journal, log } = this.#options;
		const sentence = why === undefined ? check : `${check}: ${why.slice(0, LONGEST_REASON)}`;
		journal?.checked(why === undefined, sentence);
		if (why !== undefined) {
			this.fail(`check ${sentence}`);
			return;
		}
		this.#passed.push(check);
		log("inf", `${check} passed`);
		this.#settle();
	}

	/** The application has named a check. Runs it soon, if the policy asks for it. */
	named({ name, run, timeout }: DeviceCheck): void {
		const check = `app:${name}`;
		if (!this.#isDue(check)) return;
		this.#why[check] = "no result";
		const { host } = this.#options;
		host.after(0, () => {
			host.after(timeout, () => this.result(check, `no result within ${timeout} ms`));
			// What the application returns or throws may throw again when it is made a string.
			new Promise((resolve) => resolve(run()))
				.then((result) =>
					this.result(
						check,
						result === true ? undefined : typeof result === "string" ? result : `it returned ${result}`,
					),
				)
				.then(undefined, (error) => this.result(check, `it threw ${error}`))
				.then(undefined, () => this.result(check, "it threw something that is no text"));
		});
	}

	/** The update is not to stay. `why` says why, for the log and the record of boots. */
	fail(why: string): void {
		if (this.#over()) return;
		this.#decided = true;
		const { journal, host, log } = this.#options;
		journal?.failed(why);
		log("err", `${why}; reset, to go back to the former image`);
		host.reset();
	}

	/** From this image on, in steps, so that the device answers meanwhile. */
	#checkFlash(image: number): void {
		const { boot, host } = this.#options;
		const slots = new ImageSlots(boot);
		if (image === slots.images) {
			this.result("flash");
			return;
		}
		const slot = slots.active(image);
		const info = slots.info(slot);
		const end = info ? signedSize(info.header) : 0;
		const flash = new FlashHash(slots.area(slot), slots.start(slot), host.digest[`sha${boot.config.hash ?? 256}`]!());
		const step = (to: number): void => {
			flash.update(Math.min(to, end), to >= end);
			if (to < end) host.after(0, () => step(to + STEP));
			else if (info && equalBytes(flash.digest(), info.hash)) this.#checkFlash(image + 1);
			else this.result("flash", `image ${image} is not the one that was signed`);
		};
		step(STEP);
	}

	/** Until it succeeds: a network may come up late. */
	#reach(check: string, name: string, port: number): void {
		const { host } = this.#options;
		if (!this.#isDue(check)) return;
		if (!host.reach) this.result(check, "this board has no network");
		host.reach?.(name, port, (error) => {
			if (error === undefined) this.result(check);
			else {
				this.#why[check] = error;
				host.after(RETRY, () => this.#reach(check, name, port));
			}
		});
	}

	#isDue(check: string): boolean {
		return !this.#decided && this.#options.policy.checks.includes(check) && !this.#passed.includes(check);
	}

	/** Confirms the update if nothing is missing. */
	#settle(): void {
		const { policy, boot, journal, onTrial, log } = this.#options;
		if (!this.#ripe || this.#starting || this.#passed.length < policy.checks.length || this.#over()) return;
		for (let image = 0; image < boot.config.images; image++) {
			if (!onTrial(image)) continue;
			const rc = boot.boot_write_img_confirmed_multi(image);
			if (rc !== 0) {
				this.fail(`image ${image} cannot be confirmed: ${rc}`);
				return;
			}
			journal?.confirmed(image, "the application");
			log("inf", `image ${image} is confirmed`);
		}
		this.#decided = true;
	}

	/** Whether it is decided, here or by a client that has confirmed all images. */
	#over(): boolean {
		const { boot, onTrial } = this.#options;
		for (let image = 0; image < boot.config.images; image++) if (onTrial(image)) return this.#decided;
		return true;
	}
}
