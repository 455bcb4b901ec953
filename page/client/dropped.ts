import { signal } from "@preact/signals";
import { readImageFile } from "../../client/index.js";
import { type ImageReport, inspectImage, refusal } from "../../image/inspect.js";
import { bytesOf } from "../../modules/bytes/hex.js";
import { engine, hello, situation } from "../device/session.js";
import type { Verdict } from "../flash/try-image.js";
import { sentence } from "../ui/words.js";

/** A file that was dropped, and what is known of it before a byte is sent. */
export interface Dropped {
	readonly name: string;
	readonly bytes: Uint8Array;
	/** Undefined if it is no image. */
	readonly report: ImageReport | undefined;
	/** Why it cannot be sent; undefined if it can. */
	readonly fault: string | undefined;
}

/** The file that was dropped last. */
export const dropped = signal<Dropped | undefined>(undefined);
/** What the boot loader says of it; undefined before that is known, or without a simulator. */
export const verdict = signal<Verdict | undefined>(undefined);
/** The number of the image that it is for. */
export const image = signal(0);
/** Whether an upgrade confirms what it has brought to run. */
export const confirm = signal(false);

/** Takes a file, and finds out what is known of it. */
export async function take(name: string, bytes: Uint8Array): Promise<void> {
	dropped.value = { name, bytes, ...inspect(bytes) };
	await judge();
}

function inspect(bytes: Uint8Array): Pick<Dropped, "report" | "fault"> {
	const { signature = "none", keys = [] } = hello.value?.build ?? {};
	try {
		const named =
			signature === "none"
				? []
				: keys.map((key, i) => ({
						name: `trusted key ${i + 1}`,
						key: { type: signature, publicKey: bytesOf(key) },
					}));
		const report = inspectImage(bytes, { keys: named });
		readImageFile(bytes);
		return { report, fault: refusal(report) };
	} catch (error) {
		return { report: undefined, fault: sentence(error) };
	}
}

/** Has the boot loader try the file, on a copy of the flash. */
export async function judge(): Promise<void> {
	const file = dropped.value;
	const now = situation();
	verdict.value = undefined;
	if (!file?.report || !now) return;
	const judged = await engine
		.tryImage(now, file.bytes, image.value)
		.catch((error: unknown): Verdict => ({ taken: false, why: sentence(error), log: [] }));
	if (file === dropped.value) verdict.value = judged;
}
