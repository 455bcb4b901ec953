import { type ImageState, type SlotInfo, type SmpClient, SmpResponseError } from "../client/client.js";
import { type Dependency, unmetDependencies } from "../client/dependencies.js";
import { forecastWords, forecast as readForecast, safeMode, safeModeWords } from "../client/group/boot-journal.js";
import { readImageFile } from "../client/image-file.js";
import { answersAgain } from "../client/restart.js";
import { absoluteSlot } from "../client/target.js";
import { patienceFor, upgrade } from "../client/upgrade.js";
import { MODE_NAMES } from "../image/mode-names.js";
import { MODES, type UpgradeMode } from "../modules/bootutil/modes.js";
import type { Action, Job } from "./command.js";
import { imageTable, type Output, seconds, sentenceOf, stepSentence, UNCHECKED, uploadSentence } from "./output.js";

export const list: Action = {
	run: async ({ client, output }) => showImages(output, await client.images()),
};

export const info: Action = { run: printInfo };

export const upload: Action = {
	takes: "image",
	run: sendImage,
};

export const erase: Action = {
	run: async ({ client, options, output }) => {
		const { slot } = options;
		if (slot !== undefined) checkSlot(slot, (await known(client.slots())) ?? []);
		await client.erase(slot);
		output.say("The slot is erased.");
		output.json({ erased: slot ?? 1 });
	},
};

export const reset: Action = {
	staysUnlocked: true,
	run: async ({ client, options, output }) => {
		const { bootMode } = options;
		const plan = await known(readForecast(client));
		const changes = plan?.images.some(({ action }) => action !== "none") === true;
		if (plan && changes) output.say(sentenceOf(forecastWords(plan, await client.images())));
		await client.reset({ force: options.force ?? false, ...(bootMode !== undefined && { bootMode }) });
		output.say("The device restarts.");
		if (!plan || !changes || bootMode) return output.json({ reset: true });
		const started = Date.now();
		const patience = patienceFor(plan);
		if (!(await answersAgain(client, patience)))
			throw new Error(`the device did not come back within ${Math.round(patience / 1000)} s`);
		const milliseconds = Date.now() - started;
		output.say(`It is back after ${seconds(milliseconds)}.`);
		output.json({ reset: true, forecast: plan, milliseconds });
	},
};

export const forecast: Action = {
	run: async ({ client, output }) => {
		const [plan, images] = [await readForecast(client), await client.images()];
		const words = forecastWords(plan, images);
		output.say(sentenceOf(words));
		output.json({ ...plan, words });
	},
};

export const upgradeDevice: Action = {
	takes: "image",
	run: runUpgrade,
};

/** Throws an Error if the device has no such slot. What does not tell of its slots has to know itself. */
function checkSlot(slot: number, slots: readonly SlotInfo[]): void {
	const numbers = slots.map(absoluteSlot);
	if (numbers.length > 0 && !numbers.includes(slot))
		throw new Error(`the device has no slot ${slot}; it has slots ${numbers.join(", ")}`);
}

export function showImages(output: Output, images: readonly ImageState[]): void {
	output.say(...imageTable(images));
	output.json({ images });
}

async function printInfo({ client, output }: Job): Promise<void> {
	const [name, bootloader, mode, buffers, slots, safe] = [
		await known(client.info("a")),
		await known(client.bootloader()),
		await known(client.bootloaderMode()),
		await known(client.parameters()),
		await known(client.slots()),
		await known(safeMode(client)),
	];
	output.json({ name, bootloader, mode: mode?.mode, ...buffers, slots, ...(safe && { safeMode: safe }) });
	const say = (title: string, text: string | undefined) => output.say(`${title.padEnd(12)} ${text ?? "not told"}`);
	say("name", name);
	say("boot loader", bootloader && `${bootloader}${mode ? `, ${modeTitle(mode.mode)}` : ""}`);
	say("buffers", buffers && `${buffers.bufferCount} of ${buffers.bufferSize} bytes`);
	if (safe) say("runs in", safeModeWords(safe));
	for (const { image, slot, size, uploadImage, maxImageSize } of slots ?? []) {
		const limit =
			uploadImage === undefined || maxImageSize === undefined ? "" : `, takes files of ${maxImageSize} bytes`;
		say(`image ${image}`, `slot ${slot}: ${size === undefined ? "cannot be opened" : `${size / 1024} KiB${limit}`}`);
	}
}

/** What a boot loader says that has none of our modes (Zephyr SMP group 0, Bootloader information). */
const OTHER_MODES: Readonly<Record<number, string>> = {
	8: "single application in RAM",
};

/** A boot loader's mode, in words. */
function modeTitle(number: number): string {
	const mode = (Object.keys(MODES) as UpgradeMode[]).find((name) => MODES[name].number === number);
	return mode ? MODE_NAMES[mode].title : (OTHER_MODES[number] ?? `mode ${number}`);
}

/** Undefined if the device does not offer this. */
async function known<T>(answer: Promise<T>): Promise<T | undefined> {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof SmpResponseError) return undefined;
		throw error;
	}
}

async function sendImage({ client, options, output, file }: Job): Promise<void> {
	const started = Date.now();
	const { window } = options;
	const result = await client.upload(file, {
		image: options.image ?? 0,
		upgrade: options.upgrade ?? false,
		...(window === undefined ? {} : { window }),
		onProgress: (offset, total) => output.progress(offset, total),
	});
	const time = Date.now() - started;
	output.say(uploadSentence(file.length, time, result));
	const { hash, hashChecked, dependencies } = readImageFile(file);
	output.say(`Its hash is ${hash}.`);
	if (!hashChecked) output.say(UNCHECKED);
	const unmet = dependencies.length > 0 ? await missing(client, dependencies) : undefined;
	if (unmet) output.say(`The boot loader will not install it yet: it needs ${unmet}.`);
	const facts = { event: "uploaded", hash, hashChecked, bytes: file.length, milliseconds: time };
	output.json({ ...facts, ...(unmet && { unmet }), ...result });
}

/** What an image still needs before the boot loader installs it; undefined if nothing, or if the device does not tell. */
async function missing(client: SmpClient, dependencies: readonly Dependency[]): Promise<string | undefined> {
	const { several } = await client.target();
	return unmetDependencies(dependencies, (await known(client.images())) ?? [], several);
}

async function runUpgrade({ client, options, output, file }: Job): Promise<void> {
	const result = await upgrade(client, file, {
		image: options.image ?? 0,
		confirm: options.confirm ?? false,
		...(options.wait !== undefined && { wait: options.wait * 1000 }),
		onStep: (step) => {
			output.say(stepSentence(step));
			const { step: event, ...facts } = step;
			output.json({ event, ...facts });
		},
		onProgress: (offset, total) => output.progress(offset, total),
	});
	output.json({ event: "done", ...result });
	if (result.confirmed) return;
	const keep = options.image ? `xs-smp confirm --image ${options.image}` : "xs-smp confirm";
	output.say(
		`Nobody has confirmed it: the next restart brings version ${result.previous ?? "unknown"} back. "${keep}" keeps it.`,
	);
}
