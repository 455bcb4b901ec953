import type { DigestProvider } from "../bootutil/digest.js";
import { clientOf, remember } from "./clients.js";
import { GroupError, Rc, SmpError } from "./errors.js";
import { bytes } from "./fields.js";
import { type Group, type Origin, operation } from "./group.js";
import { equalBytes, hmacSha256 } from "./hmac.js";
import type { ServerHooks } from "./server.js";

/** Error codes of the access group. */
export const AccessError = Object.freeze({ NO_CHALLENGE: 2, WRONG_ANSWER: 3 } as const);

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
	/** How many requests this rule lets through on each transport in so many milliseconds; further ones get `rc` 10 (busy). */
	readonly rate?: Rate;
}

export interface Rate {
	readonly requests: number;
	readonly milliseconds: number;
}

export interface AccessOptions {
	/** The first rule that matches a request decides. */
	readonly rules: readonly AccessRule[];
	/** What happens to a request that no rule matches. Default `deny`. */
	readonly otherwise?: Verdict;
	/** The secret that clients answer challenges with: 16 bytes or more. */
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
	/** How many answers a transport may try. Default 5 in a minute. */
	readonly attempts?: Rate;
}

/** Bytes of a challenge. */
const NONCE_SIZE = 16;

/** Shortest key, bytes. */
const KEY_SIZE = 16;

/** In front of the nonce in what is signed, so that no answer can stand for something else that the key is used for. */
const LABEL = "xs-smp access 1";

/**
 * Access by rules. Give `hooks` to the server and `group` to its groups. A client reads a challenge, answers it with
 * `accessAnswer`, and is then served for a while, on its transport and (where the transport can tell) under its address. A
 * challenge serves once, whatever the answer is, so an answer that was overheard is of no use.
 *
 * This decides who is served. It does not protect what is said: whoever can change packets on the way needs DTLS or a cable.
 */
export class AccessControl {
	readonly hooks: ServerHooks;
	/** Commands: 0 read gives `{nonce}`; 1 write `{answer}` gives `{seconds}`; 2 write ends it. */
	readonly group: Group;
	readonly #options: AccessOptions;
	readonly #id: number;
	readonly #challenges = new Map<string, Uint8Array>();
	/** Until when a client is unlocked, by uptime. */
	readonly #unlocked = new Map<string, number>();
	readonly #limits = new Map<string, RateLimit>();

	constructor(options: AccessOptions) {
		if (options.key.length < KEY_SIZE) throw new RangeError(`an access key has ${KEY_SIZE} bytes or more`);
		this.#options = options;
		this.#id = options.group ?? 64;
		this.hooks = { received: (group, command, write, origin) => this.#check(group, command, write, origin) };
		this.group = this.#makeGroup();
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
		if (verdict === "challenge" && !this.#isUnlocked(origin))
			throw new SmpError(Rc.ACCESS_DENIED, `${what} needs an answered challenge first: group ${this.#id}`);
		if (rule?.rate) this.#take(`${index} ${origin.transport}`, rule.rate, what);
	}

	#isUnlocked(origin: Origin): boolean {
		const until = this.#unlocked.get(clientOf(origin));
		return until !== undefined && this.#options.uptime() < until;
	}

	#take(name: string, rate: Rate, what: string): void {
		let limit = this.#limits.get(name);
		if (!limit) {
			limit = new RateLimit(rate);
			this.#limits.set(name, limit);
		}
		if (!limit.take(this.#options.uptime()))
			throw new SmpError(Rc.BUSY, `${what}: only ${rate.requests} in ${rate.milliseconds / 1000} s; wait`);
	}

	#makeGroup(): Group {
		const { key, digest, entropy, uptime, unlocked = 600_000 } = this.#options;
		const { attempts = { requests: 5, milliseconds: 60_000 } } = this.#options;
		return {
			id: this.#id,
			name: "access",
			errors: V1_ERRORS,
			commands: {
				0: {
					name: "challenge",
					read: {
						handle: (_fields, { origin }) => {
							const nonce = new Uint8Array(NONCE_SIZE);
							entropy(nonce);
							remember(this.#challenges, clientOf(origin), nonce);
							return { nonce };
						},
					},
				},
				1: {
					name: "answer",
					write: operation({ answer: bytes }, ({ answer }, { origin }) => {
						if (!answer) throw new SmpError(Rc.INVALID, "the answer is missing");
						this.#take(`answer ${origin.transport}`, attempts, "answers to challenges");
						const client = clientOf(origin);
						const nonce = this.#challenges.get(client);
						this.#challenges.delete(client);
						if (!nonce)
							throw new GroupError(this.#id, AccessError.NO_CHALLENGE, "there is no challenge: read a new one first");
						if (!equalBytes(accessAnswer(digest, key, nonce), answer))
							throw new GroupError(this.#id, AccessError.WRONG_ANSWER, "the answer is wrong; read a new challenge");
						remember(this.#unlocked, client, uptime() + unlocked);
						return { seconds: Math.floor(unlocked / 1000) };
					}),
				},
				2: {
					name: "lock",
					write: {
						handle: (_fields, { origin }) => {
							this.#unlocked.delete(clientOf(origin));
							return {};
						},
					},
				},
			},
		};
	}
}

const V1_ERRORS = Object.freeze({
	[AccessError.NO_CHALLENGE]: Rc.BAD_STATE,
	[AccessError.WRONG_ANSWER]: Rc.ACCESS_DENIED,
});

/** The answer to a challenge: HMAC-SHA256 of the text `xs-smp access 1` and the nonce. */
export function accessAnswer(digest: DigestProvider, key: Uint8Array, nonce: Uint8Array): Uint8Array {
	const message = new Uint8Array(LABEL.length + nonce.length);
	for (let i = 0; i < LABEL.length; i++) message[i] = LABEL.charCodeAt(i);
	message.set(nonce, LABEL.length);
	return hmacSha256(digest, key, message);
}

/** A bucket of requests that fills up at an even pace. */
class RateLimit {
	readonly #rate: Rate;
	#left: number;
	#at = 0;

	constructor(rate: Rate) {
		this.#rate = rate;
		this.#left = rate.requests;
	}

	take(now: number): boolean {
		const { requests, milliseconds } = this.#rate;
		this.#left = Math.min(requests, this.#left + ((now - this.#at) * requests) / milliseconds);
		this.#at = now;
		if (this.#left < 1) return false;
		this.#left--;
		return true;
	}
}
