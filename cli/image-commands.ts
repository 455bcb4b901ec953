import { type ImageState, type SlotInfo, type SmpClient, SmpResponseError } from "../client/client.js";
import { type Dependency, unmetDependencies } from "../client/dependencies.js";
import { readImageFile } from "../client/image-file.js";
import { absoluteSlot, checkMark } from "../client/target.js";
import { upgrade } from "../client/upgrade.js";
import { ImageError } from "../image/error.js";
import { MODE_NAMES } from "../image/mode-names.js";
import { MODES, type UpgradeMode } from "../modules/bootutil/modes.js";
import type { Arguments, OptionSpec } from "./args.js";
import type { Command, Job } from "./command.js";
import { imageTable, type Output, stepSentence, UNCHECKED, uploadSentence } from "./output.js";

const IMAGE_OPTION: OptionSpec = {
	name: "image",
	values: ["N"],
	help: "number of the image that the file updates (default 0)",
};

/** Two images can have the same hash, and a mark goes by hash. */
const WHOSE_OPTION: OptionSpec = {
	name: "image",
	values: ["N"],
	help: "number of the image (default: the only image with this hash)",
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
		summary: "Print the name, boot loader, buffers and slots that the device tells.",
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
		summary: "Mark an image for a trial at the next start. HASH is its hash, or the first digits of it.",
		operands: ["HASH"],
		options: [WHOSE_OPTION],
		check: (args) => void hashIn(args),
		run: async (job) => {
			const { hash, image } = await findImage(job);
			const images = await job.client.test(hash);
			checkMarked(hash, image, images);
			showImages(job.output, images);
		},
	},
	{
		name: "confirm",
		summary: "Keep the running image. With HASH, let the image with that hash run from the next start on.",
		operands: ["[HASH]"],
		options: [{ ...WHOSE_OPTION, help: `${WHOSE_OPTION.help}; without HASH, the running image of that number` }],
		check: (args) => void hashIn(args),
		run: confirm,
	},
	{
		name: "erase",
		summary: "Erase a slot.",
		operands: [],
		options: [
			{ name: "slot", values: ["N"], help: "slot, counted through all images: image 1 has 2 and 3 (default 1)" },
		],
		run: async ({ client, args, output }) => {
			const slot = args.integer("slot");
			if (slot !== undefined) checkSlot(slot, (await known(client.slots())) ?? []);
			await client.erase(slot);
			output.say("The slot is erased.");
			output.json({ erased: slot ?? 1 });
		},
	},
	{
		name: "reset",
		summary: "Restart the device.",
		operands: [],
		options: [
			{ name: "force", help: "restart even a device that is busy" },
			{ name: "boot-mode", values: ["N"], help: "0 starts the application, 1 the boot loader's recovery (default 0)" },
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

/** Throws an Error if the device has no such slot. What does not tell of its slots has to know itself. */
function checkSlot(slot: number, slots: readonly SlotInfo[]): void {
	const numbers = slots.map(absoluteSlot);
	if (numbers.length > 0 && !numbers.includes(slot))
		throw new Error(`the device has no slot ${slot}; it has slots ${numbers.join(", ")}`);
}

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
	say("boot loader", bootloader && `${bootloader}${mode ? `, ${modeTitle(mode.mode)}` : ""}`);
	say("buffers", buffers && `${buffers.bufferCount} of ${buffers.bufferSize} bytes`);
	for (const { image, slot, size, uploadImage, maxImageSize } of slots ?? []) {
		const limit =
			uploadImage === undefined || maxImageSize === undefined ? "" : `, takes files of ${maxImageSize} bytes`;
		say(`image ${image}`, `slot ${slot}: ${size === undefined ? "cannot be opened" : `${size / 1024} KiB${limit}`}`);
	}
}

/** What a boot loader says that has none of our modes (Zephyr SMP group 0, Bootloader information). */
const OTHER_MODES: Readonly<Record<number, string>> = {
	0: "single application",
	7: "firmware loader",
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

async function confirm(job: Job): Promise<void> {
	const { client, args, output } = job;
	if (args.operands.length === 0 && !args.integer("image")) return showImages(output, await client.confirm());
	const { hash, image } = await findImage(job);
	const images = await client.confirm(hash);
	checkMarked(hash, image, images);
	showImages(output, images);
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
	if (result.confirmed) return;
	const keep = args.integer("image") ? `xs-smp confirm --image ${args.integer("image")}` : "xs-smp confirm";
	output.say(
		`Nobody has confirmed it: the next restart brings version ${result.previous ?? "unknown"} back. "${keep}" keeps it.`,
	);
}

/** Lengths of hashes, of SHA-256, SHA-384 and SHA-512, in digits. */
const WHOLE_HASHES: readonly number[] = [64, 96, 128];
const LONGEST_HASH = 128;

/** The beginning of a hash that stands on the command line, if there is one. */
function hashIn(args: Arguments): string | undefined {
	const [given] = args.operands;
	const start = given?.toLowerCase();
	if (start === undefined || (/^[0-9a-f]{4,}$/.test(start) && start.length <= LONGEST_HASH)) return start;
	throw new ImageError(`A hash is 4 to ${LONGEST_HASH} hexadecimal digits, not "${given}".`);
}

/** The whole hash and the image of what the command line names. */
async function findImage({ client, args }: Job): Promise<{ readonly hash: string; readonly image: number }> {
	const start = hashIn(args);
	const wanted = args.integer("image");
	const images = await client.images();
	// A list without hashes tells nothing: the device has to know.
	if (start !== undefined && images.length > 0 && images.every(({ hash }) => hash === "")) {
		if (!WHOLE_HASHES.includes(start.length))
			throw new ImageError("The device's list has no hashes: give the whole hash.");
		return { hash: start, image: wanted ?? 0 };
	}
	const found = images.filter(
		({ hash, image, active }) =>
			hash !== "" && (start === undefined ? active : hash.startsWith(start)) && (wanted ?? image) === image,
	);
	const [first] = found;
	const where = wanted === undefined ? "no image on the device" : `no image ${wanted} on the device`;
	if (!first) throw new Error(start === undefined ? `${where} runs` : `${where} has a hash that begins with ${start}`);
	const { hash, image } = first;
	if (found.some((entry) => entry.hash !== hash))
		throw new ImageError(`More than one image has a hash that begins with ${start}.`);
	const other = found.find((entry) => entry.image !== image);
	if (other)
		throw new ImageError(
			`Image ${image} and image ${other.image} both have this hash: say which is meant, with --image.`,
		);
	checkMark(hash, image, images);
	return { hash, image };
}

/** Throws an Error if the device has marked another image than was meant. */
function checkMarked(hash: string, image: number, images: readonly ImageState[]): void {
	const marked = images.filter((entry) => entry.hash === hash && (entry.pending || entry.active || entry.confirmed));
	if (marked.length === 0 || marked.some((entry) => entry.image === image)) return;
	throw new Error(`the device has marked image ${marked[0]!.image} instead of image ${image}`);
}
