import { Rc } from "../modules/smp/errors.js";
import { untilAborted } from "./abort.js";
import type { Channel } from "./channel.js";
import { type Command, checkRequest, readAnswer } from "./command.js";
import { NoAnswerError, responseError, SmpResponseError } from "./errors.js";
import type { Fields, Request } from "./fields.js";
import { type LastError, lastError } from "./group/last-error.js";
import type { Abortable, Patience, RequestArguments, Requester, RequestOptions } from "./request.js";
import { commandName } from "./words.js";

/** Has a device serve this client again. `device` asks without coming here again. */
export type OnDenied = (device: Requester, options: Abortable) => Promise<unknown>;

/** An unlocking on its way, which serves all requests that were denied. It ends when none of them waits any more. */
interface Opening {
	readonly done: Promise<unknown>;
	readonly stop: AbortController;
	waiting: number;
}

/** Asks a server: repeats what gets no answer, falls back to the original protocol, and asks again what was denied. */
export class Exchange implements Requester {
	readonly #channel: Channel;
	readonly timeout: number;
	readonly tries: number;
	onDenied: OnDenied | undefined;
	#opening: Opening | undefined;
	/** Whether the device is thought to know why it refused something. */
	#tells = true;
	/** The newest refusal, which is the one that the device has a sentence for. */
	#refusal: SmpResponseError | undefined;
	/** Settles when the device has been asked for all sentences so far. */
	#explaining: Promise<unknown> = Promise.resolve();
	/** Asks without `onDenied`, and for no further words about a refusal. */
	readonly #plain: Requester = {
		request: <Q extends Fields, A>(command: Command<Q, A>, ...rest: RequestArguments<Q>) =>
			this.#plainly(command, ...rest),
	};

	constructor(channel: Channel, { timeout = 2000, tries = 3 }: Patience) {
		this.#channel = channel;
		this.timeout = timeout;
		this.tries = tries;
	}

	async request<Q extends Fields, A>(command: Command<Q, A>, ...rest: RequestArguments<Q>): Promise<A> {
		const { tries = this.tries, signal } = rest[1] ?? {};
		const ask = (): Promise<A> => this.#plain.request(command, ...rest);
		const explain = (error: unknown): Promise<A> => this.explain(error, command, tries > 1 ? ask : undefined, signal);
		try {
			return await ask();
		} catch (error) {
			if (!this.onDenied || !(error instanceof SmpResponseError && error.denied)) return explain(error);
		}
		await this.open(signal);
		return ask().catch(explain);
	}

	/**
	 * Rejects with the same error and the sentence that the device has for it, where version 2 of the protocol leaves it none:
	 * beside a group's own code. A device that cannot tell is asked once. It keeps one sentence for each client. If that is of
	 * another request, the one that was refused is sent `again`, with nothing of its kind beside it; should the device take it
	 * now, resolves with its answer.
	 */
	explain<A>(
		error: unknown,
		refused: Pick<Request, "group" | "command">,
		again: (() => Promise<A>) | undefined,
		signal: AbortSignal | undefined,
	): Promise<A> {
		if (!(error instanceof SmpResponseError) || error.group === undefined || error.reason || !this.#tells)
			return Promise.reject(error);
		// One at a time: two that are sent again would take each other's sentence away once more.
		const turn = this.#explaining.then(() => this.#explained(error, refused, again, signal));
		this.#explaining = turn.catch(() => {});
		return untilAborted(turn, signal);
	}

	/** The same for a request of a transfer, which is over whatever the device says now. */
	async explainChunk(error: unknown, request: Request, signal: AbortSignal | undefined): Promise<never> {
		if (error instanceof SmpResponseError) this.#refusal = error;
		await this.explain(error, request, () => this.#ask(request, commandName(request), { signal }), signal);
		throw error;
	}

	async #explained<A>(
		error: SmpResponseError,
		refused: Pick<Request, "group" | "command">,
		again: (() => Promise<A>) | undefined,
		signal: AbortSignal | undefined,
	): Promise<A> {
		const last = this.#tells && (await this.#lastError(signal));
		if (!last) throw error;
		const { what, code, group, answer } = error;
		const same = last.code === code && last.errorGroup === group;
		if (this.#refusal === error && same && last.group === refused.group && last.command === refused.command)
			throw new SmpResponseError({ what, code, group, reason: last.reason, answer });
		if (!again) throw error;
		return again().catch((second: unknown) => {
			const alike = second instanceof SmpResponseError && second.code === code && second.group === group;
			if (alike) return this.#explained(second, refused, undefined, signal);
			throw signal?.aborted ? second : error;
		});
	}

	async #lastError(signal: AbortSignal | undefined): Promise<LastError | undefined> {
		try {
			return await lastError(this.#plain, { signal });
		} catch (refusal) {
			if (signal?.aborted) throw refusal;
			this.#tells = refusal instanceof SmpResponseError && refusal.code === Rc.NO_ENTRY;
			return undefined;
		}
	}

	/** Has the device serve this client again. One unlocking serves all requests that were denied. */
	open(signal?: AbortSignal): Promise<unknown> {
		const { onDenied } = this;
		if (!onDenied) return Promise.resolve();
		if (!this.#opening) {
			const stop = new AbortController();
			const done = onDenied(this.#plain, { signal: stop.signal }).finally(() => {
				if (this.#opening === opening) this.#opening = undefined;
			});
			const opening: Opening = { done, stop, waiting: 0 };
			this.#opening = opening;
		}
		const opening = this.#opening;
		opening.waiting++;
		return untilAborted(opening.done, signal, () => {
			if (--opening.waiting > 0) return;
			if (this.#opening === opening) this.#opening = undefined;
			opening.stop.abort(signal?.reason);
		});
	}

	async #plainly<Q extends Fields, A>(command: Command<Q, A>, ...rest: RequestArguments<Q>): Promise<A> {
		const [fields = {} as Q, options = {}] = rest;
		const { op, group, command: number, name } = command;
		const request: Request = { op, group, command: number, name, fields };
		const what = commandName(request);
		checkRequest(command, fields, what);
		return readAnswer(command, await this.#ask(request, what, options), what);
	}

	async #ask(request: Request, what: string, options: RequestOptions): Promise<Fields> {
		const { tries = this.tries } = options;
		const version = this.#channel.version;
		this.#channel.takeLosses();
		const answer = await this.#exchange(request, options);
		if (!answer) throw new NoAnswerError(what, tries, undefined, this.#channel.takeLosses());
		if (answer instanceof Error) throw answer;
		const error = responseError(what, answer);
		if (error?.code === Rc.VERSION_TOO_NEW && error.group === undefined && version === 1) {
			this.#channel.version = 0;
			return this.#ask(request, what, options);
		}
		if (error) {
			this.#refusal = error;
			throw error;
		}
		return answer;
	}

	/** Undefined if nothing came. */
	#exchange(request: Request, options: RequestOptions): Promise<Fields | Error | undefined> {
		const { timeout = this.timeout, tries = this.tries, signal } = options;
		return new Promise((resolve, reject) => {
			if (signal?.aborted) {
				reject(signal.reason);
				return;
			}
			let tried = 1;
			let timer: ReturnType<typeof setTimeout>;
			const settle = (answer: Fields | Error | undefined): void => {
				clearTimeout(timer);
				signal?.removeEventListener("abort", abort);
				resolve(answer);
			};
			const flight = this.#channel.start(request, settle);
			const abort = (): void => {
				clearTimeout(timer);
				flight.forget();
				reject(signal?.reason);
			};
			// The link may have aborted it in `send`.
			if (signal?.aborted) {
				abort();
				return;
			}
			signal?.addEventListener("abort", abort, { once: true });
			const wait = (): void => {
				timer = setTimeout(
					() => {
						if (tried === tries) {
							flight.forget();
							settle(undefined);
							return;
						}
						tried++;
						flight.again();
						wait();
					},
					timeout * 2 ** (tried - 1),
				);
			};
			wait();
		});
	}
}
