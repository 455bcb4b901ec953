import { type Dependency, unmetDependencies } from "./dependencies.js";
import type { ImageState } from "./image-state.js";
import { entryAt, type Target } from "./target.js";

/** An update on its way: what was sent where, and what ran before. */
export interface Sent {
	readonly hash: string;
	readonly version: string;
	readonly dependencies: readonly Dependency[];
	readonly target: Target;
	readonly before: readonly ImageState[];
	/** True if the device takes no marks, and starts what it has: its firmware loader has taken the update. */
	readonly unmarked?: boolean;
}

/**
 * What has become of an update: it runs, it waits still, or it will not run, and then why. The sentences have no end.
 */
export type Outcome =
	| { readonly state: "running"; readonly now: ImageState }
	| { readonly state: "waiting"; readonly why: string | undefined }
	| { readonly state: "failed"; readonly why: string };

export const activeOf = (image: number, images: readonly ImageState[]): ImageState | undefined =>
	images.find((entry) => entry.image === image && entry.active);

/** Tells from the image list what has become of an update. */
export function outcomeOf(sent: Sent, images: readonly ImageState[]): Outcome {
	const { hash, target, dependencies, unmarked = false } = sent;
	const now = activeOf(target.image, images);
	if (now?.hash === hash) return { state: "running", now };
	const there = images.find((entry) => entry.image === target.image && !entry.active);
	if (there?.hash === hash && (there.pending || unmarked)) {
		const unmet = unmetDependencies(dependencies, withoutPending(images), target.several);
		return { state: "waiting", why: unmet && `the boot loader wants ${unmet}` };
	}
	return { state: "failed", why: whyNot(sent, images, now, there) };
}

/** What waits for the next start has not helped at the last one. */
const withoutPending = (images: readonly ImageState[]): ImageState[] =>
	images.map((entry) => ({ ...entry, pending: false }));

function whyNot(
	{ hash, version, target, before }: Sent,
	images: readonly ImageState[],
	now: ImageState | undefined,
	there: ImageState | undefined,
): string {
	const elsewhere = images.find((entry) => entry.active && entry.hash === hash);
	if (elsewhere)
		return `the device has installed version ${version} as image ${elsewhere.image}, not as image ${target.image}`;
	const ran = activeOf(target.image, before);
	if (now && ran && now.hash !== ran.hash)
		return `version ${now.version} runs, which is not what was sent: another client's update has replaced it`;
	const old = `version ${now?.version ?? "unknown"} runs`;
	const runs = `${old} as before`;
	if (there && there.hash !== hash && !before.some((entry) => entry.hash === there.hash))
		return `${runs}, and the slot holds version ${there.version}: another client's upload has replaced the update`;
	if (there?.hash === hash)
		return `the update ran, but nobody confirmed it before the device restarted once more: ${old} again`;
	const changed = images.find((entry) => entry.active && isNew(entry, before));
	const other = changed && `image ${changed.image} has changed to version ${changed.version}`;
	if (other) return `${runs} and the update is gone, while ${other}: another client has updated the device`;
	return `the boot loader did not accept the update; ${runs}. Is it signed with a key that the device trusts?`;
}

/** Whether what runs neither ran before nor waited for the restart. */
const isNew = ({ image, hash }: ImageState, before: readonly ImageState[]): boolean =>
	!before.some((entry) => entry.image === image && entry.hash === hash && (entry.active || entry.pending));

/**
 * Why a device refuses to mark an update that it had just taken, if the image list shows it; the sentence has no end.
 */
export function whyNotMarked(
	{ hash, version, target, before }: Sent,
	images: readonly ImageState[],
): string | undefined {
	const there = entryAt(target, images);
	if (there && there.hash !== hash)
		return `another client's upload has replaced the update: the slot holds version ${there.version}`;
	const waiting = images.find((entry) => entry.image === target.image && entry.pending && entry.hash !== hash);
	if (waiting) return `version ${waiting.version} waits for the next start already: another client has marked it`;
	if (!there && before.length > 0)
		return `version ${version} is not in the slot any more: another client has erased it`;
	return undefined;
}
