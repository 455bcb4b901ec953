import { confirmImage, eraseSlot, images } from "../client/client.js";
import { setPower, status } from "../device/session.js";
import { journey, leave } from "../device/time.js";
import { entry, idle } from "./signs.js";

// Lessons begin with a device that runs a confirmed image and has no update. Whatever state it is in, real operations lead
// there; the reader is told of them, and asked before one of them erases something.

/** One thing that is to be done before. */
export interface Task {
	/** A sentence without an end. */
	readonly words: string;
	readonly erases: boolean;
	readonly act: () => Promise<void>;
}

/** Whether the device is known and runs. */
export const isUp = (image: number): boolean => status.value.kind === "runs" && entry({ image }, 0)?.active === true;

/** What is to be done now. More may follow: a device without power lists no images. */
export function tasks(image: number): readonly Task[] {
	const all: Task[] = [];
	const add = (words: string, act: () => Promise<void>, erases = false): void => void all.push({ words, erases, act });
	if (journey.value) add("Leave the time machine: the map shows the flash as it is now", async () => leave());
	if (status.value.kind === "off") add("Switch the power on", async () => setPower(true));
	if (status.value.kind !== "runs" || !idle()) return all;
	for (const each of images.value)
		if (each.active && !each.confirmed)
			add(`Confirm version ${each.version}, which runs on trial`, () => confirmImage(each));
	for (const each of images.value)
		if (each.slot === 1 && (each.image === image || each.pending))
			add(
				`Erase the secondary slot${image > 0 ? ` of image ${each.image}` : ""}, which holds version ${each.version}`,
				() => eraseSlot(each.image, each.slot),
				true,
			);
	return all;
}
