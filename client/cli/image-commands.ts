import type { OptionSpec } from "../../tools/image/args.js";
import { ImageError } from "../../tools/image/error.js";
import { type ImageState, type SmpClient, SmpResponseError } from "../client.js";
import { readImageFile } from "../image-file.js";
import { upgrade } from "../upgrade.js";
import type { Command, Job } from "./command.js";
import { imageTable, type Output, stepSentence, uploadSentence } from "./output.js";

const IMAGE_OPTION: OptionSpec = {
	name: "image",
	values: ["N"],
	help: "number of the image that the file is for (default 0)",
};

/** To update a device, and to look at it. */
export const IMAGE_COMMANDS: readonly Command[] = [
	{
		name: "list",
		summary: "Print the images on the device.",
		operands: [],
		options: [],
		run: async ({ client, output }) => showImages(output, await client.images()),
	},
	{
		name: "info",
		summary: "Print what the device says of itself: name, boot loader, buffers, slots.",
		operands: [],
		options: [],
		run: info,
	},
	{
		name: "echo",
		summary: "Send TEXT and print what comes back.",
		operands: ["TEXT"],
		options: [],
		run: async ({ client, args, output }) => {
			const text = await client.echo(args.operands[0]!);
			output.say(text);
			output.json({ text });
		},
	},
	{
		name: "upload",
		summary: "Send an image file to the secondary slot. Goes on where an upload of the same file broke off.",
		operands: ["FILE"],
		options: [
			IMAGE_OPTION,
			{ name: "upgrade", help: "let the device refuse a version that is not newer" },
			{
				name: "window",
				values: ["N"],
				help: "most packets on their way at once (default: what the device's buffers allow)",
			},
		],
		takes: "image",
		run: upload,
	},
	{
		name: "test",
		summary: "Mark the image with this hash, or the beginning of it, for a trial at the next start.",
		operands: ["HASH"],
		options: [],
		run: async ({ client, args, output }) =>
			showImages(output, await client.test(await findHash(client, args.operands[0]!))),
	},
	{
		name: "confirm",
		summary: "Keep the running image, or let the one with this hash run from the next start on.",
		operands: ["[HASH]"],
		options: [],
		run: async ({ client, args, output }) => {
			const [hash] = args.operands;
			showImages(output, await client.confirm(hash === undefined ? undefined : await findHash(client, hash)));
		},
	},
	{
		name: "erase",
		summary: "Erase a slot.",
		operands: [],
		options: [
			{ name: "slot", values: ["N"], help: "slot, counted through all images: image 1 has 2 and 3 (default 1)" },
		],
		run: async ({ client, args, output }) => {
			await client.erase(args.integer("slot"));
			output.say("The slot is erased.");
			output.json({ erased: args.integer("slot") ?? 1 });
		},
	},
	{
		name: "reset",
		summary: "Restart the device.",
		operands: [],
		options: [
			{ name: "force", help: "even if it is busy" },
			{ name: "boot-mode", values: ["N"], help: "what to start: 0 as ever, 1 the boot loader's recovery (default 0)" },
		],
		staysUnlocked: true,
		run: async ({ client, args, output }) => {
			const bootMode = args.integer("boot-mode");
			await client.reset({ force: args.has("force"), ...(bootMode !== undefined && { bootMode }) });
			output.say("The device restarts.");
			output.json({ reset: true });
		},
	},
	{
		name: "upgrade",
		summary: "Update the device: upload, test, restart, and wait until the update runs.",
		operands: ["FILE"],
		options: [
			IMAGE_OPTION,
			{ name: "confirm", help: "keep the update once it runs; without, the next restart brings the old version back" },
			{ name: "wait", values: ["SECONDS"], help: "how long the device may take to come back (default 120)" },
		],
		takes: "image",
		run: runUpgrade,
	},
];

function showImages(output: Output, images: readonly ImageState[]): void {
	output.say(...imageTable(images));
	output.json({ images });
}

async function info({ client, output }: Job): Promise<void> {
	const [name, bootloader, mode, buffers, slots] = [
		await known(client.info("a")),
		await known(client.bootloader()),
		await known(client.bootloaderMode()),
		await known(client.parameters()),
		await known(client.slots()),
	];
	output.json({ name, bootloader, mode: mode?.mode, ...buffers, slots });
	const say = (title: string, text: string | undefined) => output.say(`${title.padEnd(12)} ${text ?? "not told"}`);
	say("name", name);
	say("boot loader", bootloader && `${bootloader}${mode ? `, ${MODES[mode.mode] ?? `mode ${mode.mode}`}` : ""}`);
	say("buffers", buffers && `${buffers.bufferCount} of ${buffers.bufferSize} bytes`);
	for (const { image, slot, size } of slots ?? [])
		say(`image ${image}`, `slot ${slot}: ${size === undefined ? "cannot be opened" : `${size / 1024} KiB`}`);
}

/** Zephyr SMP group 0, Bootloader information. */
const MODES: Readonly<Record<number, string>> = {
	0: "single application",
	1: "swap using scratch",
	2: "overwrite only",
	3: "swap using move",
	4: "direct XIP",
	5: "direct XIP with revert",
	6: "RAM load",
	7: "firmware loader",
	8: "single application in RAM",
	9: "swap using offset",
};

/** Undefined if the device does not offer this. */
async function known<T>(answer: Promise<T>): Promise<T | undefined> {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof SmpResponseError) return undefined;
		throw error;
	}
}

async function upload({ client, args, output, file }: Job): Promise<void> {
	const started = Date.now();
	const window = args.integer("window");
	const result = await client.upload(file, {
		image: args.integer("image") ?? 0,
		upgrade: args.has("upgrade"),
		...(window === undefined ? {} : { window }),
		onProgress: (offset, total) => output.progress(offset, total),
	});
	const time = Date.now() - started;
	output.say(uploadSentence(file.length, time, result));
	const { hash } = readImageFile(file);
	output.say(`Its hash is ${hash}.`);
	output.json({ event: "uploaded", hash, bytes: file.length, milliseconds: time, ...result });
}

async function runUpgrade({ client, args, output, file }: Job): Promise<void> {
	const result = await upgrade(client, file, {
		image: args.integer("image") ?? 0,
		confirm: args.has("confirm"),
		wait: (args.integer("wait") ?? 120) * 1000,
		onStep: (step) => {
			output.say(stepSentence(step));
			const { step: event, ...facts } = step;
			output.json({ event, ...facts });
		},
		onProgress: (offset, total) => output.progress(offset, total),
	});
	output.json({ event: "done", ...result });
	if (!result.confirmed)
		output.say(
			`Nobody has confirmed it: the next restart brings version ${result.previous ?? "unknown"} back. "xs-smp confirm" keeps it.`,
		);
}

/** The whole hash of which `start` is the beginning. */
async function findHash(client: SmpClient, start: string): Promise<string> {
	const wanted = start.toLowerCase();
	if (!/^[0-9a-f]{4,64}$/.test(wanted)) throw new ImageError(`A hash is 4 to 64 hexadecimal digits, not "${start}".`);
	if (wanted.length === 64) return wanted;
	const found = new Set((await client.images()).map(({ hash }) => hash).filter((hash) => hash.startsWith(wanted)));
	if (found.size > 1) throw new ImageError(`More than one image has a hash that begins with ${wanted}.`);
	for (const hash of found) return hash;
	throw new Error(`no image on the device has a hash that begins with ${wanted}`);
}
