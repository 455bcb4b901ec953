import type { ImageState } from "../client/client.js";
import { checkMark } from "../client/target.js";
import type { Action, Given, Job } from "./command.js";
import { quote } from "./command-line.js";
import { showImages } from "./image-commands.js";
import { UsageError } from "./usage-error.js";

// Commands that mark an image for the next boot. A mark goes by hash; the user may name the image in other ways.

export const test: Action = {
	check: (given) => void hashIn(given),
	run: async (job) => {
		const marked = await findImage(job, "slot 1");
		const images = await job.client.test(marked.hash);
		checkMarked(marked, images);
		say(job, "is marked for a trial at the next start", marked, images);
	},
};

export const confirm: Action = {
	check: (given) => {
		if (hashIn(given) !== undefined && given.options.slot !== undefined)
			throw new UsageError("confirm takes HASH or --slot 1, not both.");
	},
	run: async (job) => {
		const { client, operands, options } = job;
		const ofRunning = operands.length === 0 && options.slot === undefined;
		if (ofRunning && !options.image) return say(job, "is confirmed", undefined, await client.confirm());
		const marked = await findImage(job, ofRunning ? "running" : "slot 1");
		const images = await client.confirm(marked.hash);
		checkMarked(marked, images);
		say(job, marked.active ? "is confirmed" : "is to run from the next start on", marked, images);
	},
};

/** What a mark goes to. */
interface Marked {
	readonly hash: string;
	readonly image: number;
	/** Whether it runs. */
	readonly active: boolean;
}

/** Says what was marked, and shows all images. Without `marked` it is the running image 0. */
function say({ output }: Job, what: string, marked: Marked | undefined, images: readonly ImageState[]): void {
	const entry = images.find(({ hash, image, active }) =>
		marked ? hash === marked.hash && image === marked.image : active && image === 0,
	);
	if (entry) {
		const hash = entry.hash === "" ? "" : `, hash ${entry.hash.slice(0, 16)}…,`;
		output.say(`Version ${entry.version} in slot ${entry.slot} of image ${entry.image}${hash} ${what}.`);
	}
	showImages(output, images);
}

/** Lengths of hashes, of SHA-256, SHA-384 and SHA-512, in digits. */
const WHOLE_HASHES: readonly number[] = [64, 96, 128];
const LONGEST_HASH = 128;
/** Fewer are too likely to be those of another image. */
const SHORTEST_HASH = 6;

/** The beginning of a hash that stands on the command line, if there is one. */
function hashIn({ operands: [given] }: Given): string | undefined {
	const start = given?.toLowerCase();
	if (start === undefined) return undefined;
	if (/^[0-9a-f]+$/.test(start) && start.length >= SHORTEST_HASH && start.length <= LONGEST_HASH) return start;
	throw new UsageError(`A hash is ${SHORTEST_HASH} to ${LONGEST_HASH} hexadecimal digits, not ${quote(given ?? "")}.`);
}

/** The image that the command line names: by its hash, or else by where it is. Throws a sentence. */
async function findImage(job: Job, otherwise: "running" | "slot 1"): Promise<Marked> {
	const start = hashIn(job);
	const wanted = job.options.image;
	const images = await job.client.images();
	// A list without hashes tells nothing: the device has to know.
	if (start !== undefined && images.length > 0 && images.every(({ hash }) => hash === "")) {
		if (!WHOLE_HASHES.includes(start.length))
			throw new UsageError("The device's list has no hashes: give the whole hash.");
		return { hash: start, image: wanted ?? 0, active: false };
	}
	const found =
		start !== undefined
			? byHash(images, start, wanted)
			: otherwise === "running"
				? running(images, wanted ?? 0)
				: inSlot1(images, wanted);
	checkMark(found.hash, found.image, images);
	return found;
}

function byHash(images: readonly ImageState[], start: string, wanted: number | undefined): ImageState {
	const found = images.filter(
		({ hash, image }) => hash !== "" && hash.startsWith(start) && (wanted ?? image) === image,
	);
	const [first] = found;
	if (!first) {
		const where = wanted === undefined ? "no image on the device" : `no image ${wanted} on the device`;
		throw new Error(`${where} has a hash that begins with ${start}`);
	}
	if (found.some(({ hash }) => hash !== first.hash))
		throw new UsageError(`More than one image has a hash that begins with ${start}.`);
	const other = found.find(({ image }) => image !== first.image);
	if (other)
		throw new UsageError(
			`Image ${first.image} and image ${other.image} both have this hash: say which is meant, with --image.`,
		);
	return first;
}

function running(images: readonly ImageState[], wanted: number): ImageState {
	const found = images.find(({ hash, image, active }) => hash !== "" && active && image === wanted);
	if (!found) throw new Error(`no image ${wanted} on the device runs`);
	return found;
}

function inSlot1(images: readonly ImageState[], wanted: number | undefined): ImageState {
	const found = images.filter(({ slot, image }) => slot === 1 && (wanted ?? image) === image);
	const [first, second] = found;
	const whose = wanted === undefined ? "" : ` of image ${wanted}`;
	if (!first) throw new Error(`nothing is in slot 1${whose}: upload an image first`);
	if (second)
		throw new UsageError(
			`Slot 1 of image ${first.image} and of image ${second.image} both hold something: say which is meant, with --image.`,
		);
	if (first.active) throw new Error(`the image in slot 1 of image ${first.image} runs already`);
	if (first.hash === "") throw new UsageError("The device's list has no hashes: give the whole hash.");
	return first;
}

/** Throws an Error if the device has marked another image than was meant. */
function checkMarked({ hash, image }: Marked, images: readonly ImageState[]): void {
	const marked = images.filter((entry) => entry.hash === hash && (entry.pending || entry.active || entry.confirmed));
	if (marked.length === 0 || marked.some((entry) => entry.image === image)) return;
	throw new Error(`the device has marked image ${marked[0]!.image} instead of image ${image}`);
}
