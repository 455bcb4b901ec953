import { OS_GROUP, OsCommand } from "../smp/protocol/os.js";
import { type Agent, onTrial } from "./agent.js";
import type { Board } from "./application.js";
import { checkImage } from "./check-image.js";
import type { Host } from "./host.js";

/** Checks that an update on trial has to pass, all of them. */
const CHECKS = Object.freeze(["timer", "flash", "client"] as const);
type Check = (typeof CHECKS)[number];

/** Wait of the timer check, milliseconds. */
const TICK = 100;

/**
 * The application that decides for itself whether an update stays (OTA guide, Confirm New Firmware: application
 * self-confirmation). An update on trial has `board.trial` milliseconds to show that
 *
 * - timers run: one fires, and not early;
 * - flash can be read: each running image is, byte for byte, the one that was signed;
 * - the world reaches it: a client's request was answered, over UART or UDP. A reset is no such request.
 *
 * When all is well it confirms its images with `boot_write_img_confirmed_multi`. When a check fails or time is up it resets
 * the device, and because nothing was confirmed the boot loader brings the former firmware back. A crash ends the same way.
 */
export function selfConfirm(board: Board): void {
	let trial: Trial | undefined;
	const agent = board.start({
		confirm: "smp",
		answered: (group, command) => {
			// With a reset a client means to end the trial.
			if (!(group === OS_GROUP && command === OsCommand.RESET)) trial?.pass("client");
		},
	});
	if (unproven(agent).length > 0) {
		trial = new Trial(board.host, agent);
		trial.start(board.trial);
	}
}

/** Images that the next boot takes back unless they are confirmed. */
function unproven({ boot }: Agent): number[] {
	const images = Array.from({ length: boot.config.images }, (_, image) => image);
	return images.filter((image) => onTrial(boot, image));
}

class Trial {
	readonly #host: Host;
	readonly #agent: Agent;
	readonly #due = new Set<Check>(CHECKS);
	#decided = false;

	constructor(host: Host, agent: Agent) {
		this.#host = host;
		this.#agent = agent;
	}

	start(limit: number): void {
		this.#host.log(`<inf> self_confirm: an update on trial has ${limit / 1000} s to pass: ${CHECKS.join(", ")}`);
		const time = `${limit / 1000} s`;
		this.#host.after(limit, () => this.fail(`not within ${time}: ${[...this.#due].join(", ")}`, this.#missing(time)));
		this.#checkTimer();
		const { boot } = this.#agent;
		checkImage(
			this.#host,
			boot.config,
			Array.from({ length: boot.config.images }, (_, image) => boot.activeArea(image)),
			(error) => (error === undefined ? this.pass("flash") : this.fail(error)),
		);
	}

	pass(check: Check): void {
		if (this.#decided || !this.#due.delete(check)) return;
		this.#host.log(`<inf> self_confirm: ${check}: passed`);
		if (this.#due.size === 0) this.#confirm();
	}

	/** `words`: as the record of boots has it. */
	fail(why: string, words = `check ${why}`): void {
		if (this.#decided) return;
		this.#decided = true;
		this.#agent.journal?.failed(words);
		this.#host.log(`<err> self_confirm: ${why}; reset, to go back to the former firmware`);
		this.#host.reset();
	}

	#confirm(): void {
		for (const image of unproven(this.#agent)) {
			const rc = this.#agent.boot.boot_write_img_confirmed_multi(image);
			if (rc !== 0) {
				const why = `image ${image} cannot be confirmed: ${rc}`;
				this.fail(why, why);
				return;
			}
			this.#agent.journal?.confirmed(image, `the application: ${CHECKS.join(", ")} passed`);
			this.#host.log(`<inf> self_confirm: image ${image} is confirmed`);
		}
		this.#decided = true;
	}

	/** The checks that are due once time is up. */
	#missing(time: string): string {
		return [...this.#due]
			.map((check) => (check === "client" ? `check client: no request within ${time}` : `check ${check}: no result`))
			.join("; ");
	}

	#checkTimer(): void {
		const start = this.#host.uptime();
		this.#host.after(TICK, () => {
			const waited = this.#host.uptime() - start;
			// The clock's own step is a millisecond.
			if (waited >= TICK - 1) this.pass("timer");
			else this.fail(`timer: ${waited} ms instead of ${TICK}`);
		});
	}
}
