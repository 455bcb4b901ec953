import { type ImageState, NoAnswerError, type SmpClient, type UploadResult } from "./client.js";
import { readImageFile } from "./image-file.js";

export interface UpgradeOptions {
	/** Image number. Default 0. */
	readonly image?: number;
	/** Confirms the update once it runs. Default false: it stays on trial. */
	readonly confirm?: boolean;
	/** How long the device may take to come back, milliseconds. Default two minutes. */
	readonly wait?: number;
	readonly onStep?: (step: UpgradeStep) => void;
	readonly onProgress?: (offset: number, total: number) => void;
}

/** What has happened, as it happens. Times are milliseconds. */
export type UpgradeStep =
	| {
			readonly step: "found";
			readonly running: ImageState | undefined;
			readonly version: string;
			readonly hash: string;
	  }
	| { readonly step: "already-running"; readonly confirmed: boolean }
	| { readonly step: "uploaded"; readonly bytes: number; readonly time: number; readonly upload: UploadResult }
	| { readonly step: "marked" }
	| { readonly step: "restarting" }
	| { readonly step: "running"; readonly version: string; readonly time: number; readonly confirmed: boolean }
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

/** Pause between two questions whether the device is back, and how long to wait for an answer, milliseconds. */
const POLL = 250;
const POLL_TIMEOUT = 750;

/**
 * A whole update: upload, mark for a test, restart, wait until the new image runs, and confirm it if that is wanted.
 * Rejects with an Error that says at which point the device is if anything goes wrong; throws an `ImageFileError` for a
 * file that is no image.
 */
export async function upgrade(
	client: SmpClient,
	file: Uint8Array,
	options: UpgradeOptions = {},
): Promise<UpgradeResult> {
	const { image = 0, confirm = false, wait = 120_000, onStep = () => {}, onProgress } = options;
	const { version, hash } = readImageFile(file);
	const running = active(await client.images(), image);
	const result = { version, hash, previous: running?.version };
	onStep({ step: "found", running, version, hash });

	let confirmed: boolean;
	if (running?.hash === hash) {
		confirmed = running.confirmed;
		onStep({ step: "already-running", confirmed });
	} else {
		const started = Date.now();
		const upload = await client.upload(file, onProgress ? { image, onProgress } : { image });
		onStep({ step: "uploaded", bytes: file.length, time: Date.now() - started, upload });
		await client.test(hash);
		onStep({ step: "marked" });
		const now = await restart(client, image, hash, wait, onStep);
		confirmed = now.confirmed;
	}
	if (confirm && !confirmed) {
		const images = await client.confirm(image === 0 ? undefined : hash);
		if (!active(images, image)?.confirmed) throw new Error(`the device does not keep version ${version}`);
		confirmed = true;
		onStep({ step: "confirmed" });
	}
	return { ...result, confirmed };
}

const active = (images: readonly ImageState[], image: number): ImageState | undefined =>
	images.find((entry) => entry.image === image && entry.active);

/** Restarts the device and waits until the image with this hash runs. */
async function restart(
	client: SmpClient,
	image: number,
	hash: string,
	wait: number,
	onStep: (step: UpgradeStep) => void,
): Promise<ImageState> {
	onStep({ step: "restarting" });
	const started = Date.now();
	await client.reset().catch((error: unknown) => {
		// The answer may have got lost in the restart; whether there is one shows below.
		if (!(error instanceof NoAnswerError)) throw error;
	});
	while (Date.now() - started < wait) {
		await new Promise((resolve) => setTimeout(resolve, POLL));
		const images = await client.images({ timeout: POLL_TIMEOUT, tries: 1 }).catch((error: unknown) => {
			if (error instanceof NoAnswerError) return undefined;
			throw error;
		});
		if (!images) continue;
		const now = active(images, image);
		if (now?.hash === hash) {
			onStep({ step: "running", version: now.version, time: Date.now() - started, confirmed: now.confirmed });
			return now;
		}
		// Until the restart the image waits for it; if it waits no more and does not run, the boot loader has thrown it away.
		if (!images.some((entry) => entry.hash === hash && entry.pending))
			throw new Error(
				`the boot loader did not accept the update; version ${now?.version ?? "unknown"} runs as before. Is it signed with a key that the device trusts?`,
			);
	}
	throw new Error(`the device did not come back with the update within ${Math.round(wait / 1000)} s`);
}
