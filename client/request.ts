import type { Command } from "./command.js";
import type { Fields } from "./fields.js";

/** How long and how often to ask. */
export interface Patience {
	/** How long to wait for an answer before asking again, milliseconds; twice as long each time. */
	readonly timeout?: number | undefined;
	/** How often to ask. */
	readonly tries?: number | undefined;
}

/** What breaks a request or an operation off. */
export interface Abortable {
	/**
	 * When it is aborted, the operation rejects with the signal's reason at once, and sends nothing more. The client can be used
	 * on. The device may have done what it was asked for before.
	 */
	readonly signal?: AbortSignal | undefined;
}

/** How a request is made. */
export interface RequestOptions extends Patience, Abortable {}

/** What stands behind a command in `request`: its values, which may be left out if it needs none, and how to ask. */
export type RequestArguments<Q extends Fields> =
	Record<never, never> extends Q ? [fields?: Q, options?: RequestOptions] : [fields: Q, options?: RequestOptions];

/** Who asks a server; an `SmpClient` is one. */
export interface Requester {
	/**
	 * One request and its answer. Rejects with an `SmpResponseError`, a `NoAnswerError`, an `AnswerError` if the answer is not
	 * what the command says, or the reason of the signal.
	 */
	request<Q extends Fields, A>(command: Command<Q, A>, ...rest: RequestArguments<Q>): Promise<A>;
}
