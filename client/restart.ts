import { pause } from "./abort.js";
import { type Abortable, type ImageState, NoAnswerError, type SmpClient, SmpResponseError } from "./client.js";

/** Pause between two questions whether the device is back, and how long to wait for an answer, milliseconds. */
export const POLL = 250;
export const ONCE = { timeout: 750, tries: 1 };

/**
 * After how much time, milliseconds, a device that answers again, or for whose boot loader something is missing, has surely had
 * its restart.
 */
export const SETTLE = 5000;

/** The image list of a device that may be restarting; undefined if it does not answer now. */
export async function imagesIfBack(
	client: SmpClient,
	signal: AbortSignal | undefined,
): Promise<readonly ImageState[] | undefined> {
	try {
		return await client.images({ ...ONCE, signal });
	} catch (error) {
		if (error instanceof NoAnswerError) return undefined;
		throw error;
	}
}

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
		const answers = await imagesIfBack(client, signal).then(
			(images) => images !== undefined,
			(error: unknown) => {
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
