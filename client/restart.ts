import { pause } from "./abort.js";
import { type Abortable, NoAnswerError, type SmpClient, SmpResponseError } from "./client.js";

/** Pause between two questions whether the device is back, and how long to wait for an answer, milliseconds. */
export const POLL = 250;
export const ONCE = { timeout: 750, tries: 1 };

/**
 * After how much time, milliseconds, a device that answers again, or for whose boot loader something is missing, has surely had
 * its restart.
 */
export const SETTLE = 5000;

/**
 * Waits until a device that was told to reset answers again; false if it does not within `wait` milliseconds. It is silent in
 * between, or answers for so long that it was back between two questions.
 */
export async function answersAgain(client: SmpClient, wait: number, { signal }: Abortable = {}): Promise<boolean> {
	const started = Date.now();
	let answering: number | undefined;
	let wasSilent = false;
	while (Date.now() - started < wait) {
		await pause(POLL, signal);
		const answers = await client.images({ ...ONCE, signal }).then(
			() => true,
			(error: unknown) => {
				if (error instanceof NoAnswerError) return false;
				if (error instanceof SmpResponseError) return true;
				throw error;
			},
		);
		if (!answers) {
			wasSilent = true;
			answering = undefined;
			continue;
		}
		answering ??= Date.now();
		if (wasSilent || Date.now() - answering >= SETTLE) return true;
	}
	return false;
}
