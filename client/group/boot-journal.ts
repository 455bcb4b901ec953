import { hexOf } from "../../modules/bytes/hex.js";
import { Op } from "../../modules/smp/header.js";
import type { BootChange, BootEntry, StartCause } from "../../modules/smp/protocol/boot-journal.js";
import { BOOT_JOURNAL_GROUP, BootJournalCommand, outcomeWords } from "../../modules/smp/protocol/boot-journal.js";
import { bytes, command, flag, list, map, number, optional, text, type ValueOf } from "../command.js";
import type { Requester, RequestOptions } from "../request.js";

export type {
	BootChange,
	BootEntry,
	BootedImage,
	StartCause,
	StartReason,
} from "../../modules/smp/protocol/boot-journal.js";
export { changeWords, outcomeWords, startWords } from "../../modules/smp/protocol/boot-journal.js";

const BOOT = map({
	n: number,
	cause: text,
	by: optional(text),
	images: list(map({ image: number, version: text, hash: bytes, change: text, trial: flag, confirmed: flag })),
	ok: optional(flag),
	at: optional(number),
	said: optional(text),
	ran: optional(number),
	end: optional(text),
});

/** Boots, newest first: those before number `before`, or the newest (docs/SMP.md, Boot journal). */
export const bootsRead = command(Op.READ, BOOT_JOURNAL_GROUP, BootJournalCommand.BOOTS, {
	request: { before: optional(number) },
	answer: { boots: list(BOOT) },
});

/**
 * The newest `most` boots that the device remembers, newest first (docs/SMP.md, Boot journal). Default is all of them.
 *
 * @example
 * ```ts
 * import { boots, startWords } from "xs-smp/group/boot-journal";
 *
 * for (const boot of await boots(client, 5)) console.log(boot.number, startWords(boot.start));
 * ```
 *
 * @throws SmpResponseError, code 8, if the device keeps no boot journal.
 */
export async function boots(
	device: Requester,
	most = Number.POSITIVE_INFINITY,
	options?: RequestOptions,
): Promise<BootEntry[]> {
	const found: BootEntry[] = [];
	for (let before: number | undefined; found.length < most; before = found.at(-1)!.number) {
		const page = (await device.request(bootsRead, { before }, options)).boots.map(entryOf);
		// One that goes round in circles would never end.
		if (page.length === 0 || (before !== undefined && page[0]!.number >= before)) break;
		found.push(...page);
	}
	return found.slice(0, most);
}

/**
 * Why the image with this hash runs no more: one sentence without its full stop, such as "0.0.2 ran 31 s on trial and was taken
 * back: check client: no request within 30 s". Undefined if the last start did not take it back, or if the device cannot tell.
 */
export async function whyTakenBack(
	device: Requester,
	hash: string,
	options?: RequestOptions,
): Promise<string | undefined> {
	let entries: BootEntry[];
	try {
		entries = await boots(device, 2, options);
	} catch (error) {
		options?.signal?.throwIfAborted();
		if (error instanceof Error) return undefined;
		throw error;
	}
	const [now, before] = entries;
	const tried = before?.images.find((image) => hash.startsWith(hexOf(image.hash)));
	const back = now?.images.find(({ image }) => image === tried?.image);
	return before && back?.change === "revert" ? outcomeWords(before, now) : undefined;
}

const entryOf = ({ n, cause, by, images, ok, at = 0, said = "", ran = 0, end }: ValueOf<typeof BOOT>): BootEntry => ({
	number: n,
	start: { cause: cause as StartCause, ...(by !== undefined && { words: by }) },
	images: images.map((image) => ({ ...image, change: image.change as BootChange })),
	verdict: ok === undefined ? undefined : { confirmed: ok, seconds: at, words: said },
	end: end === undefined ? undefined : { seconds: ran, words: end },
});
