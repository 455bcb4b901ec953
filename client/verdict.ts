import type { Policy } from "../modules/agent/policy.js";
import { pause } from "./abort.js";
import type { Abortable, SmpClient } from "./client.js";
import { whyTakenBack } from "./group/boot-journal.js";
import { outcomeOf, type Sent } from "./outcome.js";
import { imagesIfBack, ONCE } from "./restart.js";

/** Pause between two questions, milliseconds. */
const POLL = 500;

/** How much longer than its deadline a device may take to decide, milliseconds. */
const MARGIN = 3000;

/**
 * Waits until a device has decided on an update that brings a confirm policy. Returns whether it is confirmed: false if the
 * deadline is over and nothing has happened, as on a device where the policy does not count. `wait`: how long the device may
 * take to come back if it takes the update back, milliseconds.
 *
 * @throws Error with the reason if the update was taken back, or if the device does not come back.
 */
export async function awaitVerdict(
	client: SmpClient,
	sent: Sent,
	{ deadline }: Policy,
	{ wait, signal }: Abortable & { readonly wait: number },
): Promise<boolean> {
	const late = Date.now() + 1000 * deadline + MARGIN;
	while (Date.now() < late + wait) {
		await pause(POLL, signal);
		const images = await imagesIfBack(client, signal);
		if (!images) continue;
		const outcome = outcomeOf(sent, images);
		if (outcome.state === "failed")
			throw new Error((await whyTakenBack(client, sent.hash, { ...ONCE, signal })) ?? outcome.why);
		if (outcome.state === "running" && outcome.now.confirmed) return true;
		if (Date.now() >= late) return false;
	}
	throw new Error("the device did not come back from the trial of the update");
}
