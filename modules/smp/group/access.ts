import type { DigestProvider } from "../../bytes/digest.js";
import { equalBytes } from "../../bytes/equal.js";
import { hmacSha256 } from "../../bytes/hmac.js";
import { utf8Bytes } from "../../bytes/utf8.js";
import { accessAnswer } from "../access-answer.js";
import { clientOf, remember } from "../clients.js";
import { GroupError, Rc, SmpError } from "../errors.js";
import { bytes } from "../fields.js";
import { type Group, type Origin, operation } from "../group.js";
import { ACCESS_GROUP, AccessError } from "../protocol/access.js";
import type { ServerHooks } from "../server.js";
import { type Rate, RateLimits } from "./rate-limit.js";

/** What is done with a request: served, refused, or served only for a client that has answered a challenge. */
export type Verdict = "allow" | "deny" | "challenge";

/** A rule. What it does not name, it holds for. */
export interface AccessRule {
	readonly group?: number;
	readonly command?: number;
	readonly op?: "read" | "write";
	/** The name under which the transport was attached to the server. */
	readonly transport?: string;
	readonly verdict: Verdict;
	/**
	 * How many requests this rule lets through for each client in so many milliseconds; further ones get `rc` 10 (busy).
	 */
	readonly rate?: Rate;
}

export interface AccessOptions {
	/** The first rule that matches a request decides. */
	readonly rules: readonly AccessRule[];
	/** What happens to a request that no rule matches. Default `deny`. */
	readonly otherwise?: Verdict;
	/** The secret that clients answer challenges with: 16 random bytes or more. */
	readonly key: Uint8Array;
	readonly digest: DigestProvider;
	/** Fills its argument with random bytes that nobody can foresee. */
	readonly entropy: (into: Uint8Array) => void;
	/** Milliseconds, monotonic. */
	readonly uptime: () => number;
	/** Id of the group that has the challenge. Default 64. */
	readonly group?: number;
	/** How long an answer unlocks, milliseconds. Default 10 minutes. */
	readonly unlocked?: number;
}

/** A client that has shown the key. */
interface Holder {
	/** Until when it is served, by uptime. */
	readonly until: number;
	/** Limits of its own, one for each rule that has a rate. */
	readonly limits: RateLimits;
}

/** Bytes of a challenge. */
const NONCE_SIZE = 16;

/** Shortest key, bytes. */
const KEY_SIZE = 16;

/** Bytes of the secret that challenges are made with. */
const SECRET_SIZE = 32;

/** How long a challenge can be answered at least, milliseconds; at most twice that. */
const PERIOD = 30_000;

/** Of so many clients without the key each has a limit of its own; all others of a transport share one. */
const STRANGERS = 8;

/**
 * Access by rules. Give `hooks` to the server and `group` to its groups. A client reads a challenge, answers it with
 * `accessAnswer`, and is then served for a while, on its transport and (where the transport can tell) under its
 * address.
 *
 * Nothing is kept of a challenge, so that nobody can push out another client's: it is an HMAC, under a secret that
 * lasts until the next start, of the client, the time and the number of right answers so far. Hence a right answer
 * serves once, whoever overheard it. Nor is there a limit of answers that strangers could use up: a wrong one costs
 * four HMACs, and cannot be guessed.
 *
 * This decides who is served. It does not protect what is said: whoever can change packets on the way needs DTLS or a
 * cable.
 */
export class AccessControl {
	readonly hooks: ServerHooks;
	/** Commands: 0 read gives `{nonce}`; 1 write `{answer}` gives `{seconds}`; 2 write ends it. */
	readonly group: Group;
	readonly #options: AccessOptions;
	readonly #id: number;
	readonly #secret = new Uint8Array(SECRET_SIZE);
	/** How many right answers there were. */
	#answered = 0;
	/** By client. Only the key gets a client in here. */
	readonly #holders = new Map<string, Holder>();
	readonly #strangers = new RateLimits(STRANGERS);
	/** What the strangers share that have no room there: one for each rule and transport. */
	readonly #shared = new RateLimits(Number.POSITIVE_INFINITY);

	constructor(options: AccessOptions) {
		if (options.key.length < KEY_SIZE) throw new RangeError(`an access key has ${KEY_SIZE} bytes or more`);
		this.#options = options;
		this.#id = options.group ?? ACCESS_GROUP;
		options.entropy(this.#secret);
		this.hooks = { received: (group, command, write, origin) => this.#check(group, command, write, origin) };
		this.group = this.#makeGroup();
	}

	/** Whether a client has answered a challenge and is still served for it. */
	isUnlocked(origin: Origin): boolean {
		return this.#holder(origin) !== undefined;
	}

	#holder(origin: Origin): Holder | undefined {
		const holder = this.#holders.get(clientOf(origin));
		return holder && this.#options.uptime() < holder.until ? holder : undefined;
	}

	#check(group: number, command: number, write: boolean, origin: Origin): void {
		// Whoever is locked out has to reach the lock.
		if (group === this.#id) return;
		const { rules, otherwise = "deny" } = this.#options;
		const index = rules.findIndex(
			(each) =>
				(each.group ?? group) === group &&
				(each.command ?? command) === command &&
				(each.op ?? (write ? "write" : "read")) === (write ? "write" : "read") &&
				(each.transport ?? origin.transport) === origin.transport,
		);
		const rule = rules[index];
		const verdict = rule?.verdict ?? otherwise;
		const what = `command ${command} of group ${group}`;
		if (verdict === "deny")
			throw new SmpError(Rc.ACCESS_DENIED, `${what} is not allowed${origin.transport && ` over ${origin.transport}`}`);
		if (verdict === "challenge" && !this.isUnlocked(origin))
			throw new SmpError(Rc.ACCESS_DENIED, `${what} needs an answered challenge first: group ${this.#id}`);
		const rate = rule?.rate;
		if (rate && !this.#take(index, rate, origin))
			throw new SmpError(Rc.BUSY, `${what}: only ${rate.requests} in ${rate.milliseconds / 1000} s; wait`);
	}

	/** Whoever has the key has a limit of its own, which strangers cannot use up, whatever addresses they send from. */
	#take(rule: number, rate: Rate, origin: Origin): boolean {
		const now = this.#options.uptime();
		const holder = this.#holder(origin);
		if (holder) return holder.limits.take(`${rule}`, rate, now) === true;
		return (
			this.#strangers.take(`${rule} ${clientOf(origin)}`, rate, now) ??
			this.#shared.take(`${rule} ${origin.transport}`, rate, now) === true
		);
	}

	/** The challenge of a client in a period of time. */
	#nonce(origin: Origin, period: number): Uint8Array {
		const { digest } = this.#options;
		const message = utf8Bytes(`${this.#answered} ${period} ${clientOf(origin)}`);
		return hmacSha256(digest, this.#secret, message).subarray(0, NONCE_SIZE);
	}

	#isRight(answer: Uint8Array, origin: Origin): boolean {
		const { digest, key } = this.#options;
		const period = this.#period;
		// Both are compared in any case, as the bytes are: the time tells nothing.
		const current = equalBytes(accessAnswer(digest, key, this.#nonce(origin, period)), answer);
		const previous = equalBytes(accessAnswer(digest, key, this.#nonce(origin, period - 1)), answer);
		return current || previous;
	}

	get #period(): number {
		return Math.floor(this.#options.uptime() / PERIOD);
	}

	#makeGroup(): Group {
		const { uptime, unlocked = 600_000 } = this.#options;
		return {
			id: this.#id,
			name: "access",
			errors: V1_ERRORS,
			commands: {
				0: {
					name: "challenge",
					read: { handle: (_fields, { origin }) => ({ nonce: this.#nonce(origin, this.#period) }) },
				},
				1: {
					name: "answer",
					write: operation({ answer: bytes }, ({ answer }, { origin }) => {
						if (!answer) throw new SmpError(Rc.INVALID, "the answer is missing");
						if (!this.#isRight(answer, origin))
							throw new GroupError(this.#id, AccessError.WRONG_ANSWER, "the answer is wrong; read a new challenge");
						this.#answered++;
						const limits = new RateLimits(Number.POSITIVE_INFINITY);
						remember(this.#holders, clientOf(origin), { until: uptime() + unlocked, limits });
						return { seconds: Math.floor(unlocked / 1000) };
					}),
				},
				2: {
					name: "lock",
					write: {
						handle: (_fields, { origin }) => {
							this.#holders.delete(clientOf(origin));
							return {};
						},
					},
				},
			},
		};
	}
}

const V1_ERRORS = Object.freeze({ [AccessError.WRONG_ANSWER]: Rc.ACCESS_DENIED });
