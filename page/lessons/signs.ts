import { signal } from "@preact/signals";
import type { ImageState } from "../../client/index.js";
import type { SimEvent } from "../../hosts/desk/node/event-words.js";
import type { LessonImage } from "../../hosts/desk/node/page-protocol.js";
import { busy, images, outcome } from "../client/client.js";
import { confirm, dropped, image, take, verdict } from "../client/dropped.js";
import { address, explanation, onEvent, status } from "../device/session.js";
import { openTab, showTab } from "../ui/tabs.jsx";
import type { Facts } from "./lesson.js";

// By what a step sees that it has happened, and what it does in place of the reader.

/** What has happened to the device since the step began, the oldest first. */
const events = signal<readonly SimEvent[]>([]);

/** Forgets what happened in the step before. */
export function forget(): void {
	events.value = [];
}

onEvent((event) => {
	if (event.event !== "log") events.value = [...events.value.slice(-50), event];
});

/** Whether the client does nothing. */
export const idle = (): boolean => busy.value === "";

/** Whether the device has been asked to test the update, and the page has seen that on the flash. */
export const isAsked = (facts: Facts): boolean =>
	idle() && entry(facts, 1)?.pending === true && explanation.value?.images[facts.image]?.state?.swapType === "test";

/** Whether the last request was refused. */
export const refused = (): boolean => idle() && !outcome.value.good;

/** What the device lists for a slot of the lesson's image. */
export const entry = (facts: Pick<Facts, "image">, slot: number): ImageState | undefined =>
	images.value.find((each) => each.image === facts.image && each.slot === slot);

/** The version that runs; undefined while none does. */
export const running = (facts: Pick<Facts, "image">): string | undefined =>
	status.value.kind === "runs" ? entry(facts, 0)?.version : undefined;

/** Whether an event of this name has happened in this step. */
export const happened = (name: SimEvent["event"]): boolean => events.value.some(({ event }) => event === name);

/** Whether a boot in this step has started a version. */
export const booted = ({ image: number }: Facts, version: string): boolean =>
	events.value.some(
		(event) => event.event === "boot" && event.images.some((each) => each.image === number && each.version === version),
	);

/** Whether the device has come up in this step with a version that still runs, and the page lists it. */
export const came = (facts: Facts, version: string): boolean => booted(facts, version) && running(facts) === version;

/** Label of the client's tabs. */
const CLIENT_TABS = "What the client does";

/** Whether the boot journal is shown. */
export const seesHistory = (): boolean => openTab(CLIENT_TABS) === "history";

const nameOf = (name: LessonImage, version: string): string => `${name}-${version}.bin`;

/** Whether this file lies in the tab "Update", and the boot loader has had its say. */
export const taken = (name: LessonImage, version: string): boolean =>
	dropped.value?.name === nameOf(name, version) && verdict.value !== undefined;

/** A button that puts a file where a hand would drop it. */
export const takes = (name: LessonImage, version: (facts: Facts) => string) => ({
	words: (facts: Facts) => `Take ${nameOf(name, version(facts))}`,
	act: (facts: Facts) => takeImage(name, version(facts), facts.image),
});

async function takeImage(name: LessonImage, version: string, number: number): Promise<void> {
	const response = await fetch(`${address(`/lesson/${name}`)}&version=${version}`);
	if (!response.ok) throw new Error((await response.text()).trim());
	showTab(CLIENT_TABS, "update");
	image.value = number;
	confirm.value = false;
	await take(nameOf(name, version), new Uint8Array(await response.arrayBuffer()));
}
