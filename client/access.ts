import { nobleDigest } from "../modules/bootutil/noble-digest.js";
import { AccessError, accessAnswer } from "../modules/smp/access.js";
import { Op } from "../modules/smp/header.js";
import { take } from "./answer.js";
import type { Patience, Requester } from "./channel.js";
import type { SmpClient } from "./client.js";
import { NoAnswerError, SmpResponseError } from "./errors.js";

/** The group (docs/SMP.md, Access) and its commands. */
const ACCESS = 64;
const CHALLENGE = 0;
const ANSWER = 1;
const LOCK = 2;

/** How many challenges are tried, and how many of them although the answer to one was wrong. */
const ROUNDS = 3;
const WRONG_ROUNDS = 2;

/**
 * Answers a challenge of a device with access control (docs/SMP.md, Access), so that it serves this client for a while. Returns
 * for how long, seconds. `key` is the secret that it shares with the device. Rejects with an `SmpResponseError`: code 3 of
 * group 64 if the key is wrong, `rc` 8 if the device has no access control.
 */
export async function unlock(device: Requester, key: Uint8Array): Promise<number> {
	for (let round = 1; ; round++) {
		try {
			// A challenge serves once, and a new one replaces it: asking again under the same number would not do.
			const challenge = await device.request(Op.READ, ACCESS, CHALLENGE, {}, { tries: 1 });
			const answer = accessAnswer(nobleDigest, key, take(challenge, "nonce", "bytes"));
			return take(await device.request(Op.WRITE, ACCESS, ANSWER, { answer }, { tries: 1 }), "seconds", "number");
		} catch (error) {
			if (round < roundsAfter(error)) continue;
			throw error instanceof NoAnswerError ? new NoAnswerError(error.what, ROUNDS, error.reason) : error;
		}
	}
}

/** As `unlock`, and again whenever the device denies access: after a restart, or when the time is over. */
export async function keepUnlocked(client: SmpClient, key: Uint8Array): Promise<number> {
	const seconds = await unlock(client, key);
	client.onDenied = (device) => unlock(device, key);
	return seconds;
}

/** How many rounds there may be in all after an error. Every answer counts, and the device takes few of them. */
function roundsAfter(error: unknown): number {
	if (error instanceof NoAnswerError) return error.reason === undefined ? ROUNDS : 0;
	if (!(error instanceof SmpResponseError) || error.group !== ACCESS) return 0;
	// The first answer has arrived, but what the device said has not; or the question came twice, and the device has
	// another challenge in mind than the one that was answered.
	if (error.code === AccessError.NO_CHALLENGE) return ROUNDS;
	return isWrongKey(error) ? WRONG_ROUNDS : 0;
}

/** Whether the device says that the answer to its challenge is wrong. */
export const isWrongKey = (error: unknown): boolean =>
	error instanceof SmpResponseError && error.group === ACCESS && error.code === AccessError.WRONG_ANSWER;

/** Ends what `unlock` began. */
export async function lock(device: Requester, patience?: Patience): Promise<void> {
	await device.request(Op.WRITE, ACCESS, LOCK, {}, patience);
}
