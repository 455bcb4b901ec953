import { clientOf, remember } from "../clients.js";
import { type Outcome, outcomeOf, Rc, SmpError } from "../errors.js";
import type { Group, Origin } from "../group.js";
import { LAST_ERROR_GROUP } from "../protocol/last-error.js";
import type { ServerHooks } from "../server.js";

/** Why a request was refused. */
export interface LastError extends Outcome {
	readonly origin: Origin;
	/** What was asked for. */
	readonly group: number;
	readonly command: number;
	readonly reason: string;
}

/** Longest sentence that is kept, characters. */
const LONGEST = 160;

/**
 * Remembers for each client why its last refused request was refused. Version 2 of the protocol has no place for a sentence beside
 * a group's own code, and smpclient takes no response that has one; here a client can ask for it afterwards. Give `hooks` to the
 * server and `group` to its groups.
 */
export class LastErrors {
	readonly hooks: ServerHooks;
	/** Command 0, read: `{group, command, code, own?, rsn}` of the client that asks; `rc` 5 if nothing of it was refused. */
	readonly group: Group;
	readonly #errors = new Map<string, LastError>();

	constructor(id = LAST_ERROR_GROUP) {
		this.hooks = {
			done: (group, command, _write, error, { origin }) => {
				if (error === undefined || group === id) return;
				const reason = error instanceof Error ? error.message.slice(0, LONGEST) : "";
				remember(this.#errors, clientOf(origin), { origin, group, command, ...outcomeOf(error), reason });
			},
		};
		this.group = {
			id,
			name: "last error",
			commands: {
				0: {
					name: "last error",
					read: {
						handle: (_fields, { origin }) => {
							const last = this.#errors.get(clientOf(origin));
							if (!last) throw new SmpError(Rc.NO_ENTRY, "no request of this client was refused");
							// Not `rc`, by which clients know an error of the request itself.
							const { group, command, rc: code, errorGroup: own, reason: rsn } = last;
							return { group, command, code, own, rsn };
						},
					},
				},
			},
		};
	}

	/** The last error of each client that is remembered, the newest last. */
	all(): LastError[] {
		return [...this.#errors.values()];
	}
}
