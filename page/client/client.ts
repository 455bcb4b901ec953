import { signal } from "@preact/signals";
import { leaveSafeMode, type SafeMode, safeMode } from "../../client/group/boot-journal.js";
import { type ImageState, type Link, SmpClient, type UpgradeStep, upgrade } from "../../client/index.js";
import { sentence, sizeWords } from "../ui/words.js";

// The client of the page: one device, over one link, whatever that is.

/** The client; undefined while there is no device. */
export const client = signal<SmpClient | undefined>(undefined);
/** What the device lists. */
export const images = signal<readonly ImageState[]>([]);
/** Why the device runs without its application; undefined if it does not, or cannot tell. */
export const safe = signal<SafeMode | undefined>(undefined);
/** What is under way, in a word; empty if nothing is. */
export const busy = signal("");
/** How the last thing went. */
export const outcome = signal<{ readonly good: boolean; readonly words: string }>({ good: true, words: "" });
/** An upload that is under way. */
export const progress = signal<Progress | undefined>(undefined);

/** How far an upload is. Times are milliseconds, sizes bytes. */
export interface Progress {
	readonly sent: number;
	readonly total: number;
	/** Bytes that were there when it began, and when that was. */
	readonly resumed: number;
	readonly began: number;
	/** Time of the last answer. */
	readonly now: number;
}

let stop: AbortController | undefined;

/** Where the device is, in words. */
export const place = signal("");

/** Talks to a device over a link from now on. `where` says where it is. */
export function talkOver(link: Link, where: string): void {
	void client.value?.close();
	images.value = [];
	safe.value = undefined;
	place.value = where;
	client.value = new SmpClient(link);
}

/** Breaks off what is under way. */
export const breakOff = (): void =>
	stop?.abort(new Error("You have stopped it; it goes on where it is when you start it again."));

/** Does one thing at a time, and tells how it went. */
export async function doing(
	what: string,
	action: (client: SmpClient, signal: AbortSignal) => Promise<string>,
): Promise<void> {
	const device = client.value;
	if (!device || busy.value) return;
	busy.value = what;
	outcome.value = { good: true, words: "" };
	stop = new AbortController();
	try {
		outcome.value = { good: true, words: await action(device, stop.signal) };
	} catch (error) {
		outcome.value = { good: false, words: sentence(error) };
	} finally {
		busy.value = "";
		progress.value = undefined;
	}
	await refresh();
}

/** Asks for the list of images. A device that does not answer now will be asked later: this returns why it did not. */
export async function refresh(): Promise<unknown> {
	const device = client.value;
	if (!device) return undefined;
	try {
		const listed = await device.images({ timeout: 1000, tries: 2 });
		// Who looks at the images looks anew at each change.
		if (device === client.value && JSON.stringify(listed) !== JSON.stringify(images.value)) images.value = listed;
		const told = await safeMode(device, { timeout: 1000, tries: 1 }).catch(() => undefined);
		if (device === client.value) safe.value = told;
		return undefined;
	} catch (error) {
		return error;
	}
}

const onProgress = (sent: number, total: number): void => {
	const now = Date.now();
	const { resumed = sent, began = now } = progress.value ?? {};
	progress.value = { sent, total, resumed, began, now };
};

/** Sends a file to the secondary slot of an image. */
export const uploadFile = (file: Uint8Array, image: number): Promise<void> =>
	doing("uploading", async (device, signal) => {
		const { resumed } = await device.upload(file, { image, signal, onProgress });
		const from = resumed > 0 && resumed < file.length ? ` It went on at ${sizeWords(resumed)}.` : "";
		return resumed === file.length ? "The device has this file already." : `Uploaded ${sizeWords(file.length)}.${from}`;
	});

/** The whole update. */
export const upgradeWith = (file: Uint8Array, image: number, confirm: boolean): Promise<void> =>
	doing("upgrading", async (device, signal) => {
		const onStep = (step: UpgradeStep): void => {
			busy.value = STEPS[step.step];
		};
		const { version, previous, confirmed } = await upgrade(device, file, {
			image,
			confirm,
			signal,
			onProgress,
			onStep,
		});
		const trial = confirmed ? "It is confirmed." : "Nobody has confirmed it: the next restart brings the old one back.";
		return `Version ${version} runs in place of ${previous ?? "nothing"}. ${trial}`;
	});

const STEPS: Readonly<Record<UpgradeStep["step"], string>> = {
	found: "uploading",
	"already-running": "it runs already",
	uploaded: "marking",
	marked: "restarting",
	forecast: "restarting",
	restarting: "waiting for the device",
	running: "the update runs",
	deciding: "the device checks the update by itself",
	confirmed: "confirmed",
};

/** Marks an image for a test at the next start. */
export const testImage = ({ hash, version }: ImageState): Promise<void> =>
	doing("marking", async (device, signal) => {
		images.value = await device.test(hash, { signal });
		return `Version ${version} is marked for a test at the next start.`;
	});

/** Keeps the running image, or has another one run for good. */
export const confirmImage = ({ hash, version, active }: ImageState): Promise<void> =>
	doing("confirming", async (device, signal) => {
		images.value = await device.confirm(active && hash === images.value[0]?.hash ? undefined : hash, { signal });
		return active ? `Version ${version} stays.` : `Version ${version} will run from the next start on.`;
	});

/** Erases the slot of an entry. */
export const eraseSlot = (image: number, slot: number): Promise<void> =>
	doing("erasing", async (device, signal) => {
		await device.erase(2 * image + slot, { signal });
		return `Slot ${slot} of image ${image} is erased.`;
	});

/** Has the next start run the application again. */
export const leaveSafe = (): Promise<void> =>
	doing("leaving safe mode", async (device, signal) => {
		await leaveSafeMode(device, { signal });
		return "The next start runs the application.";
	});

/** Asks the device to restart. */
export const resetDevice = (): Promise<void> =>
	doing("restarting", async (device, signal) => {
		await device.reset({ signal });
		return "The device restarts.";
	});
