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
import { type ImageFile, readImageFile } from "./image-file.js";
import { isMarked, mark } from "./mark.js";
import { activeOf, type Outcome, outcomeOf, type Sent } from "./outcome.js";
import { imagesIfBack, ONCE, POLL, SETTLE } from "./restart.js";
import { checkMark, checkSize, isAt, otherHash, type Target } from "./target.js";
import { awaitVerdict } from "./verdict.js";

/**
 * How a device is upgraded. An update that the `signal` breaks off stays where it is: sent in part, sent, or marked. When it is
 * started again it goes on there.
 */
export interface UpgradeAllOptions extends Abortable {
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

/** As for several images, of one image. */
export interface UpgradeOptions extends UpgradeAllOptions {
	/** Image number. Default 0. */
	readonly image?: number;
}

/** One image of an update. */
export interface Update {
	readonly file: Uint8Array;
	/** Image number. */
	readonly image: number;
}

/** What has happened, as it happens. Times are milliseconds; `image` is the number of the image. */
export type UpgradeStep =
	| {
			readonly step: "found";
			readonly image: number;
			readonly running: ImageState | undefined;
			readonly version: string;
			readonly hash: string;
			/** False if the image is encrypted: only the device can tell whether it is whole. */
			readonly hashChecked: boolean;
	  }
	| { readonly step: "already-running"; readonly image: number; readonly confirmed: boolean }
	| {
			readonly step: "uploaded";
			readonly image: number;
			readonly bytes: number;
			readonly time: number;
			readonly upload: UploadResult;
	  }
	/**
	 * Permanent: it is confirmed as soon as it runs, because somebody has marked it so before, or the boot loader has
	 * no trials.
	 */
	| { readonly step: "marked"; readonly image: number; readonly permanent: boolean }
	/** What the device says that its next start does; missing if it gives no forecast. `words`: a sentence without full stop. */
	| { readonly step: "forecast"; readonly forecast: BootForecast; readonly words: string }
	| { readonly step: "restarting" }
	| {
			readonly step: "running";
			readonly image: number;
			readonly version: string;
			readonly time: number;
			readonly confirmed: boolean;
	  }
	/** The update brings a confirm policy: the device decides, by these checks, within `deadline` seconds. */
	| { readonly step: "deciding"; readonly image: number; readonly deadline: number; readonly checks: readonly string[] }
	| { readonly step: "confirmed"; readonly image: number };

/** How it ended. */
export interface UpgradeResult {
	readonly image: number;
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
	const { image = 0 } = options;
	const [result] = await upgradeAll(client, [{ file, image }], options);
	return result!;
}

/** An image on its way. */
interface Work extends Sent {
	/** The number by which it is uploaded. */
	readonly number: number;
	readonly file: Uint8Array;
	readonly running: ImageState | undefined;
	readonly hashChecked: boolean;
	/** The confirm policy that it brings. */
	readonly policy: ImageFile["policy"];
}

/**
 * As `upgrade`, of several images with one restart: all are uploaded, then all are marked. An image that runs already is left
 * alone. Dependencies between the images count as met.
 */
export async function upgradeAll(
	client: SmpClient,
	updates: readonly Update[],
	options: UpgradeAllOptions = {},
): Promise<UpgradeResult[]> {
	const { confirm = false, onStep = () => {}, onProgress, signal } = options;
	const several = updates.length > 1;
	const works = await prepare(client, updates, signal);
	for (const { target, running, version, hash, hashChecked } of works)
		onStep({ step: "found", image: target.image, running, version, hash, hashChecked });
	const isNew = ({ running, hash }: Work): boolean => running?.hash !== hash;
	const confirmed = new Map<number, boolean>();
	for (const { target, running } of works.filter((work) => !isNew(work))) {
		confirmed.set(target.image, running!.confirmed);
		onStep({ step: "already-running", image: target.image, confirmed: running!.confirmed });
	}
	const sent = works.filter(isNew);
	for (const work of sent) check(work, several);
	for (const work of sent) {
		const { file, hash, number, target, before } = work;
		const started = Date.now();
		// A device takes no upload for a slot that is marked.
		const there = isMarked({ hash, target }, before);
		const upload = there
			? { resumed: file.length, requests: 0, repeated: 0, match: undefined }
			: await ofImage(work, several, client.upload(file, { image: number, signal, ...(onProgress && { onProgress }) }));
		onStep({ step: "uploaded", image: target.image, bytes: file.length, time: Date.now() - started, upload });
	}
	const marked: number[] = [];
	const unmarked = new Set<Work>();
	for (const work of sent) {
		const { permanent, unmarked: alone } = await ofImage(work, several, mark(client, work, signal)).catch(
			(error: unknown) => {
				throw marked.length === 0
					? error
					: withMore(error, `image ${marked.join(", ")} is marked: the next restart installs it`);
			},
		);
		if (alone) unmarked.add(work);
		marked.push(work.target.image);
		onStep({ step: "marked", image: work.target.image, permanent });
	}
	if (sent.length > 0) {
		const works = sent.map((work) => ({ ...work, unmarked: unmarked.has(work) }));
		for (const { image, confirmed: keeps } of await restart(client, works, options)) confirmed.set(image, keeps);
	}
	for (const work of confirm ? [] : sent) {
		const { policy, target } = work;
		const { image } = target;
		if (!policy || confirmed.get(image)) continue;
		onStep({ step: "deciding", image, deadline: policy.deadline, checks: policy.checks });
		const keeps = await awaitVerdict(client, work, policy, { wait: options.wait ?? PATIENCE, signal });
		confirmed.set(image, keeps);
		if (keeps) onStep({ step: "confirmed", image });
	}
	for (const { hash, target, version } of confirm ? works : []) {
		const { image } = target;
		if (confirmed.get(image)) continue;
		const images = await client.confirm(await hashToConfirm(client, image, hash, signal), { signal });
		const now = activeOf(image, images);
		if (now?.hash !== hash)
			throw new Error(
				`version ${now?.version ?? "unknown"} runs by now: another client's update has replaced version ${version}`,
			);
		if (!now.confirmed) throw new Error(`the device does not keep version ${version}`);
		confirmed.set(image, true);
		onStep({ step: "confirmed", image });
	}
	return works.map(({ target: { image }, version, hash, running }) => ({
		...{ image, version, hash, previous: running?.version, confirmed: confirmed.get(image) === true },
	}));
}

/** Reads the files, and asks where they go. Each is to find the other images as if they waited for the same restart. */
async function prepare(
	client: SmpClient,
	updates: readonly Update[],
	signal: AbortSignal | undefined,
): Promise<Work[]> {
	const found: { number: number; file: Uint8Array; info: ImageFile; target: Target }[] = [];
	for (const { file, image: number } of updates) {
		const info = readImageFile(file);
		found.push({ number, file, info, target: await client.target(number, { signal }) });
	}
	const images: readonly ImageState[] = await client.images({ signal });
	return found.map(({ number, file, info, target }) => {
		const { version, hash, hashName, hashChecked, dependencies, policy } = info;
		const others = found.filter((other) => other.target.image !== target.image);
		if (others.length > 0) checkSize(file.length, info, target);
		const before = others.reduce(
			(list, other): readonly ImageState[] => withPending(list, other.target, other.info),
			images,
		);
		const other = otherHash({ hash, hashName }, images);
		if (other !== undefined) throw new Error(`the device would not take the file: ${other}`);
		const running = activeOf(target.image, images);
		return { number, file, target, version, hash, hashChecked, dependencies, policy, running, before };
	});
}

/** The list, with an image that waits in the slot of a target. */
const withPending = (
	images: readonly ImageState[],
	target: Target,
	{ version, hash }: ImageFile,
): readonly ImageState[] => {
	if (activeOf(target.image, images)?.hash === hash) return images;
	const { image, slot = 1 } = target;
	const flags = { bootable: true, pending: true, confirmed: false, active: false, permanent: false };
	return [...images.filter((entry) => !isAt(target, entry)), { image, slot, version, hash, ...flags }];
};

/** Throws an Error if the boot loader would not install an image, or a mark would meet another one. */
function check({ dependencies, hash, target, before }: Work, several: boolean): void {
	const unmet = unmetDependencies(dependencies, before, target.several);
	if (unmet)
		throw new Error(
			several
				? `image ${target.image} needs ${unmet}: update that first`
				: `the update needs ${unmet}: update that first, or upload both and mark both for the same restart`,
		);
	checkMark(hash, target.image, before);
}

/** What is refused of one image, in words that name the image if there are several. */
async function ofImage<T>({ target: { image } }: Work, several: boolean, promise: Promise<T>): Promise<T> {
	try {
		return await promise;
	} catch (error) {
		if (!several || !(error instanceof Error)) throw error;
		if (error instanceof SmpResponseError) {
			const { what, code, group, reason, answer } = error;
			throw new SmpResponseError({ what: `${what} for image ${image}`, code, group, reason, answer });
		}
		throw error.constructor === Error ? new Error(`image ${image}: ${error.message}`) : error;
	}
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

/** Restarts the device and waits until the updates run. */
async function restart(client: SmpClient, updates: readonly Work[], options: UpgradeAllOptions): Promise<ImageState[]> {
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
		const images = await imagesIfBack(client, signal);
		if (!images) {
			wasSilent = true;
			answering = undefined;
			continue;
		}
		answering ??= Date.now();
		const outcomes = updates.map((sent) => ({ sent, outcome: outcomeOf(sent, images) }));
		const running: ImageState[] = [];
		let late: (typeof outcomes)[number] | undefined;
		for (const each of outcomes) {
			const { sent, outcome } = each;
			if (outcome.state === "failed") {
				const why = (await whyTakenBack(client, sent.hash, { ...ONCE, signal })) ?? outcome.why;
				throw new Error(updates.length > 1 ? `image ${sent.target.image}: ${why}${others(outcomes)}` : why);
			}
			if (outcome.state === "running") running.push(outcome.now);
			else late ??= each;
		}
		if (!late) {
			const time = Date.now() - started;
			for (const { image, version, confirmed } of running) onStep({ step: "running", image, version, time, confirmed });
			return running;
		}
		// Until the restart it waits in any case.
		const why = late.outcome.state === "waiting" ? late.outcome.why : undefined;
		waiting = stillWaiting(images, late.sent, why);
		if ((wasSilent || why) && Date.now() - answering >= settle) throw new Error(waiting);
	}
	const time = `${Math.round(wait / 1000)} s`;
	throw new Error(
		answering !== undefined && waiting !== undefined
			? `${waiting} after ${time}; has the device restarted?`
			: `the device did not come back with the update within ${time}`,
	);
}

/** What has become of the other images, if they run: the end of a sentence. */
const others = (outcomes: readonly { readonly outcome: Outcome }[]): string =>
	outcomes
		.map(({ outcome }) => {
			if (outcome.state !== "running") return "";
			const { image, version, confirmed } = outcome.now;
			return ` Image ${image} runs version ${version}${confirmed ? "" : ", on trial"}.`;
		})
		.join("");

function stillWaiting(images: readonly ImageState[], { target }: Sent, why: string | undefined): string {
	const version = activeOf(target.image, images)?.version ?? "unknown";
	return `version ${version} runs, and the update still waits for a later start${why ? `: ${why}` : ""}`;
}

/** Says how things stand when the device refuses to restart. */
const stillMarked = (error: SmpResponseError): unknown =>
	withMore(error, "the update is marked, and will be installed at the next restart");

/** The same error, of which there is more to say. */
function withMore(error: unknown, more: string): unknown {
	if (error instanceof SmpResponseError) {
		const { what, code, group, reason, answer } = error;
		return new SmpResponseError({ what, code, group, reason: reason ? `${reason}; ${more}` : more, answer });
	}
	return error instanceof Error && error.constructor === Error ? new Error(`${error.message}; ${more}`) : error;
}
