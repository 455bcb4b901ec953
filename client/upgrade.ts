import { Rc } from "../modules/smp/errors.js";
import { pause } from "./abort.js";
import {
	type Abortable,
	type ImageState,
	NoAnswerError,
	type SmpClient,
	SmpResponseError,
	type UploadResult,
} from "./client.js";
import { unmetDependencies } from "./dependencies.js";
import { type BootForecast, forecast, forecastWords, whyTakenBack } from "./group/boot-journal.js";
import { readImageFile } from "./image-file.js";
import { activeOf, outcomeOf, type Sent, whyNotMarked } from "./outcome.js";
import { ONCE, POLL, SETTLE } from "./restart.js";
import { checkMark, entryAt } from "./target.js";
import { awaitVerdict } from "./verdict.js";

/**
 * How a device is upgraded. An update that the `signal` breaks off stays where it is: sent in part, sent, or marked. When it is
 * started again it goes on there.
 */
export interface UpgradeOptions extends Abortable {
	/** Image number. Default 0. */
	readonly image?: number;
	/** Confirms the update once it runs. Default false: it stays on trial. */
	readonly confirm?: boolean;
	/**
	 * How long the device may take to come back, milliseconds. Default: a minute more than twice what the device says that its
	 * flash takes, or two minutes if it gives no forecast.
	 */
	readonly wait?: number;
	/**
	 * After how much time, milliseconds, a device that answers again, or for whose boot loader something is missing,
	 * has surely had its restart. Default five seconds.
	 */
	readonly settle?: number;
	/** Called after each step. */
	readonly onStep?: (step: UpgradeStep) => void;
	/** Called with the number of bytes that the server has, of how many. */
	readonly onProgress?: (offset: number, total: number) => void;
}

/** What has happened, as it happens. Times are milliseconds. */
export type UpgradeStep =
	| {
			readonly step: "found";
			readonly running: ImageState | undefined;
			readonly version: string;
			readonly hash: string;
			/** False if the image is encrypted: only the device can tell whether it is whole. */
			readonly hashChecked: boolean;
	  }
	| { readonly step: "already-running"; readonly confirmed: boolean }
	| { readonly step: "uploaded"; readonly bytes: number; readonly time: number; readonly upload: UploadResult }
	/**
	 * Permanent: it is confirmed as soon as it runs, because somebody has marked it so before, or the boot loader has
	 * no trials.
	 */
	| { readonly step: "marked"; readonly permanent: boolean }
	/** What the device says that its next start does; missing if it gives no forecast. `words`: a sentence without full stop. */
	| { readonly step: "forecast"; readonly forecast: BootForecast; readonly words: string }
	| { readonly step: "restarting" }
	| { readonly step: "running"; readonly version: string; readonly time: number; readonly confirmed: boolean }
	/** The update brings a confirm policy: the device decides, by these checks, within `deadline` seconds. */
	| { readonly step: "deciding"; readonly deadline: number; readonly checks: readonly string[] }
	| { readonly step: "confirmed" };

/** How it ended. */
export interface UpgradeResult {
	readonly version: string;
	readonly hash: string;
	/** Version that ran before. */
	readonly previous: string | undefined;
	/** False: on trial, so that the next restart brings the old version back. */
	readonly confirmed: boolean;
}

/**
 * A whole update: upload, mark for a test, restart, wait until the new image runs, and confirm it if that is wanted. If the
 * update brings a confirm policy, and is not to be confirmed from here, wait until the device has decided.
 * Nothing is sent if the device has no such image, if it does not take so much, if the boot loader would wait for
 * another image, or if a mark would meet another image.
 *
 * @example
 * ```ts
 * import { type UpgradeStep, upgrade } from "xs-smp";
 *
 * const onStep = ({ step }: UpgradeStep) => console.log(step);
 * const { previous, version } = await upgrade(client, file, { confirm: true, onStep });
 * console.log(`version ${version} runs in place of ${previous}`);
 * ```
 *
 * @throws ImageFileError for a file that is no image, before anything is sent; else an Error that says at which point the
 * device is: an SmpResponseError if it refuses, a NoAnswerError if it does not answer, the
 * reason of the signal if that is aborted.
 */
export async function upgrade(
	client: SmpClient,
	file: Uint8Array,
	options: UpgradeOptions = {},
): Promise<UpgradeResult> {
	const { image: number = 0, confirm = false, onStep = () => {}, onProgress, signal } = options;
	const { version, hash, hashChecked, dependencies, policy } = readImageFile(file);
	const target = await client.target(number, { signal });
	const { image } = target;
	const before = await client.images({ signal });
	const running = activeOf(image, before);
	const result = { version, hash, previous: running?.version };
	onStep({ step: "found", running, version, hash, hashChecked });

	let confirmed: boolean;
	if (running?.hash === hash) {
		confirmed = running.confirmed;
		onStep({ step: "already-running", confirmed });
	} else {
		const unmet = unmetDependencies(dependencies, before, target.several);
		if (unmet)
			throw new Error(
				`the update needs ${unmet}: update that first, or upload both and mark both for the same restart`,
			);
		checkMark(hash, image, before);
		const started = Date.now();
		const upload = await client.upload(file, { image: number, signal, ...(onProgress && { onProgress }) });
		onStep({ step: "uploaded", bytes: file.length, time: Date.now() - started, upload });
		const sent: Sent = { hash, version, dependencies, target, before };
		onStep({ step: "marked", permanent: await mark(client, sent, signal) });
		confirmed = (await restart(client, sent, options)).confirmed;
		if (policy && !confirm && !confirmed) {
			onStep({ step: "deciding", deadline: policy.deadline, checks: policy.checks });
			confirmed = await awaitVerdict(client, sent, policy, { wait: options.wait ?? 120_000, signal });
			if (confirmed) onStep({ step: "confirmed" });
		}
	}
	if (confirm && !confirmed) {
		const images = await client.confirm(await hashToConfirm(client, image, hash, signal), { signal });
		const now = activeOf(image, images);
		if (now?.hash !== hash)
			throw new Error(
				`version ${now?.version ?? "unknown"} runs by now: another client's update has replaced version ${version}`,
			);
		if (!now.confirmed) throw new Error(`the device does not keep version ${version}`);
		confirmed = true;
		onStep({ step: "confirmed" });
	}
	return { ...result, confirmed };
}

/** The running image goes without a hash; every other one has to be the first that has it. */
async function hashToConfirm(
	client: SmpClient,
	image: number,
	hash: string,
	signal: AbortSignal | undefined,
): Promise<string | undefined> {
	if (image === 0) return undefined;
	checkMark(hash, image, await client.images({ signal }));
	return hash;
}

/** Marks what was uploaded for the next start, unless it is marked. Returns whether it is so for good. */
async function mark(client: SmpClient, sent: Sent, signal: AbortSignal | undefined): Promise<boolean> {
	const { hash, target } = sent;
	let images = await client.images({ signal });
	checkMark(hash, target.image, images);
	if (!isMarked(sent, images)) {
		try {
			images = await client.test(hash, { signal });
		} catch (error) {
			throw await explained(client, sent, error, signal);
		}
	}
	const marked = entryAt(target, images);
	if (isMarked(sent, images)) return marked!.permanent;
	const other = images.find((entry) => entry.hash === hash && entry.pending);
	throw new Error(
		other
			? `the device has marked slot ${other.slot} of image ${other.image} instead of image ${target.image}`
			: (whyNotMarked(sent, images) ?? "the device does not list the update as marked for the next start"),
	);
}

const isMarked = ({ hash, target }: Sent, images: readonly ImageState[]): boolean =>
	entryAt(target, images)?.hash === hash && entryAt(target, images)?.pending === true;

/** Why the device refuses a mark, from its list if that says more than the device. */
async function explained(
	client: SmpClient,
	sent: Sent,
	error: unknown,
	signal: AbortSignal | undefined,
): Promise<unknown> {
	if (!(error instanceof SmpResponseError) || error.denied) return error;
	if (error.group === undefined && error.code === Rc.NOT_SUPPORTED) {
		const newest = `its boot loader runs the newest image, and version ${sent.version} is not newer than what runs`;
		return new Error(`the device takes no marks: ${newest}`);
	}
	const why = await client.images({ signal }).then(
		(images) => whyNotMarked(sent, images),
		() => undefined,
	);
	signal?.throwIfAborted();
	return why ? new Error(`${why}. ${error.message}`) : error;
}

/** How long a device may take to start that gives no forecast; and one that does, besides twice its time. Milliseconds. */
const PATIENCE = 120_000;
const MARGIN = 60_000;

/** How long a device may take to start, milliseconds: flash that is worn takes longer than its data sheet says. */
export const patienceFor = (plan: BootForecast | undefined): number =>
	plan?.time === undefined ? PATIENCE : 2 * plan.time + MARGIN;

/** What the device says of its next start; undefined if it does not. */
async function planOf(client: SmpClient, signal: AbortSignal | undefined): Promise<BootForecast | undefined> {
	try {
		return await forecast(client, { signal, timeout: 2000, tries: 2 });
	} catch (error) {
		signal?.throwIfAborted();
		if (error instanceof Error) return undefined;
		throw error;
	}
}

/** Restarts the device and waits until the update runs. */
async function restart(client: SmpClient, sent: Sent, options: UpgradeOptions): Promise<ImageState> {
	const { settle = SETTLE, onStep = () => {}, signal } = options;
	const plan = await planOf(client, signal);
	if (plan) onStep({ step: "forecast", forecast: plan, words: forecastWords(plan, await client.images({ signal })) });
	const wait = options.wait ?? patienceFor(plan);
	onStep({ step: "restarting" });
	const started = Date.now();
	await client.reset({ signal }).catch((error: unknown) => {
		// The answer may have got lost in the restart; whether there is one shows below.
		if (error instanceof NoAnswerError) return;
		throw error instanceof SmpResponseError && !error.denied ? stillMarked(error) : error;
	});
	// Since when it answers without a break; whether it was silent before, as it is in a restart.
	let answering: number | undefined;
	let wasSilent = false;
	let waiting: string | undefined;
	while (Date.now() - started < wait) {
		await pause(POLL, signal);
		const images = await client.images({ ...ONCE, signal }).catch((error: unknown) => {
			if (error instanceof NoAnswerError) return undefined;
			throw error;
		});
		if (!images) {
			wasSilent = true;
			answering = undefined;
			continue;
		}
		answering ??= Date.now();
		const outcome = outcomeOf(sent, images);
		if (outcome.state === "failed")
			throw new Error((await whyTakenBack(client, sent.hash, { ...ONCE, signal })) ?? outcome.why);
		if (outcome.state === "running") {
			const { version, confirmed } = outcome.now;
			onStep({ step: "running", version, time: Date.now() - started, confirmed });
			return outcome.now;
		}
		// Until the restart it waits in any case.
		waiting = stillWaiting(images, sent, outcome.why);
		if ((wasSilent || outcome.why) && Date.now() - answering >= settle) throw new Error(waiting);
	}
	const time = `${Math.round(wait / 1000)} s`;
	throw new Error(
		answering !== undefined && waiting !== undefined
			? `${waiting} after ${time}; has the device restarted?`
			: `the device did not come back with the update within ${time}`,
	);
}

function stillWaiting(images: readonly ImageState[], { target }: Sent, why: string | undefined): string {
	const version = activeOf(target.image, images)?.version ?? "unknown";
	return `version ${version} runs, and the update still waits for a later start${why ? `: ${why}` : ""}`;
}

/** Says how things stand when the device refuses to restart. */
function stillMarked({ what, code, group, reason, answer }: SmpResponseError): SmpResponseError {
	const marked = "the update is marked, and will be installed at the next restart";
	return new SmpResponseError({ what, code, group, reason: reason ? `${reason}; ${marked}` : marked, answer });
}
