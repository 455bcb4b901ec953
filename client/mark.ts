import { MODES } from "../modules/bootutil/modes.js";
import { Rc } from "../modules/smp/errors.js";
import { type ImageState, type SmpClient, SmpResponseError } from "./client.js";
import { type Sent, whyNotMarked } from "./outcome.js";
import { checkMark, entryAt } from "./target.js";

/** How the next start knows of an update, and whether it stays without a further word. */
export interface Mark {
	readonly permanent: boolean;
	/** True if nobody had to ask for it. */
	readonly unmarked: boolean;
}

/** Marks what was uploaded for the next start, unless it is marked, or a firmware loader has put it where it runs. */
export async function mark(client: SmpClient, sent: Sent, signal: AbortSignal | undefined): Promise<Mark> {
	const { hash, target } = sent;
	let images = await client.images({ signal });
	checkMark(hash, target.image, images);
	if (!isMarked(sent, images)) {
		try {
			images = await client.test(hash, { signal });
		} catch (error) {
			if (takesNoMarks(error) && (await isFirmwareLoader(client, signal))) return { permanent: true, unmarked: true };
			throw await explained(client, sent, error, signal);
		}
	}
	const marked = entryAt(target, images);
	if (isMarked(sent, images)) return { permanent: marked!.permanent, unmarked: false };
	const other = images.find((entry) => entry.hash === hash && entry.pending);
	throw new Error(
		other
			? `the device has marked slot ${other.slot} of image ${other.image} instead of image ${target.image}`
			: (whyNotMarked(sent, images) ?? "the device does not list the update as marked for the next start"),
	);
}

/** Whether an update is marked for the next start. */
export const isMarked = ({ hash, target }: Pick<Sent, "hash" | "target">, images: readonly ImageState[]): boolean =>
	entryAt(target, images)?.hash === hash && entryAt(target, images)?.pending === true;

const takesNoMarks = (error: unknown): boolean =>
	error instanceof SmpResponseError && !error.denied && error.group === undefined && error.code === Rc.NOT_SUPPORTED;

async function isFirmwareLoader(client: SmpClient, signal: AbortSignal | undefined): Promise<boolean> {
	const mode = await client.bootloaderMode({ signal }).catch((error: unknown) => {
		if (error instanceof SmpResponseError) return undefined;
		throw error;
	});
	return Object.values(MODES).some(({ number, firmwareLoader }) => firmwareLoader && number === mode?.mode);
}

/** Why the device refuses a mark, from its list if that says more than the device. */
async function explained(
	client: SmpClient,
	sent: Sent,
	error: unknown,
	signal: AbortSignal | undefined,
): Promise<unknown> {
	if (!(error instanceof SmpResponseError) || error.denied) return error;
	if (takesNoMarks(error)) {
		const newest = `its boot loader runs the newest image, and version ${sent.version} is not newer than what runs`;
		return new Error(`the device takes no marks: ${newest}`);
	}
	const why = await client.images({ signal }).then(
		(images) => whyNotMarked(sent, images),
		() => undefined,
	);
	signal?.throwIfAborted();
	return why ? new Error(`${why}. ${error.message}`) : error;
}
