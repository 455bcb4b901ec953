import { nobleDigest } from "../modules/bytes/noble-digest.js";
import { accessAnswer as answerTo } from "../modules/smp/access-answer.js";
import { ACCESS_GROUP, AccessError } from "../modules/smp/protocol/access.js";
import type { SmpClient } from "./client.js";
import { NoAnswerError, SmpResponseError } from "./errors.js";
import { accessAnswer, accessChallenge, accessLock } from "./group/access.js";
import type { Abortable, Requester, RequestOptions } from "./request.js";

/** How many challenges are tried when nothing comes back. */
const ROUNDS = 3;

/**
 * How many are tried when an answer is wrong. It is so with the right key too: if the device restarted since its challenge, or
 * another client with the key was faster, or the packet came twice.
 */
const WRONG_ROUNDS = 3;

/**
 * Answers a challenge of a device with access control (docs/SMP.md, Access), so that it serves this client for a while. Returns
 * for how long, seconds. `key` is the secret that it shares with the device.
 *
 * @throws SmpResponseError, code 3 of group 64, if the key is wrong; `rc` 8 if the device has no access control.
 */
export async function unlock(device: Requester, key: Uint8Array, { signal }: Abortable = {}): Promise<number> {
	for (let round = 1; ; round++) {
		try {
			// A right answer serves once, so that one whose answer was lost is wrong when it is sent again.
			const { nonce } = await device.request(accessChallenge, {}, { tries: 1, signal });
			const answer = answerTo(nobleDigest, key, nonce);
			return (await device.request(accessAnswer, { answer }, { tries: 1, signal })).seconds;
		} catch (error) {
			if (round < roundsAfter(error)) continue;
			throw error instanceof NoAnswerError ? new NoAnswerError(error.what, ROUNDS, error.reason) : error;
		}
	}
}

/**
 * As `unlock`, and again whenever the device denies access: after a restart, or when the time is over.
 *
 * @example
 * ```ts
 * import { isWrongKey, keepUnlocked } from "xs-smp";
 *
 * try {
 * 	console.log(`open for ${await keepUnlocked(client, key)} s`);
 * } catch (error) {
 * 	console.log(isWrongKey(error) ? "the key is wrong" : error);
 * }
 * ```
 */
export async function keepUnlocked(client: SmpClient, key: Uint8Array, options?: Abortable): Promise<number> {
	const seconds = await unlock(client, key, options);
	client.onDenied = (device, options) => unlock(device, key, options);
	return seconds;
}

/** How many rounds there may be in all after an error. */
function roundsAfter(error: unknown): number {
	if (error instanceof NoAnswerError) return error.reason === undefined ? ROUNDS : 0;
	return isWrongKey(error) ? WRONG_ROUNDS : 0;
}

/** Whether the device says that the answer to its challenge is wrong. */
export const isWrongKey = (error: unknown): boolean =>
	error instanceof SmpResponseError && error.group === ACCESS_GROUP && error.code === AccessError.WRONG_ANSWER;

/** Ends what `unlock` began. */
export async function lock(device: Requester, options?: RequestOptions): Promise<void> {
	await device.request(accessLock, {}, options);
}
