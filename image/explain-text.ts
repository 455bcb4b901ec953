import { hex } from "../modules/bytes/hex.js";
import type {
	BootExplanation,
	BootedImage,
	Explanation,
	ImageExplanation,
	SlotExplanation,
	TrailerExplanation,
} from "./explain.js";
import type { FoundImage } from "./found.js";

/** Turns text into text with colours, or not. */
export interface Style {
	title(text: string): string;
	good(text: string): string;
	bad(text: string): string;
	aside(text: string): string;
}

const plain = (text: string): string => text;
const coloured =
	(code: number) =>
	(text: string): string =>
		`\x1b[${code}m${text}\x1b[0m`;

export const plainStyle: Style = { title: plain, good: plain, bad: plain, aside: plain };
export const colourStyle: Style = { title: coloured(1), good: coloured(32), bad: coloured(31), aside: coloured(2) };

/** What a row of the table of states means to a user. */
export const STATES: Readonly<Record<string, string>> = {
	I: "power failed while a revert was being prepared: the revert goes on",
	II: "the image in the secondary slot is to be tested",
	III: "the image in the secondary slot is to be installed for good",
	IV: "the running image is on trial, and nobody has confirmed it: back to the one before",
	V: "nothing is asked for",
};

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? "" : "s"}`;

/** A size for people. */
export function bytes(n: number): string {
	return n < 1024 ? `${n} bytes` : `${(n / 1024).toFixed(1)} KiB`;
}

/** A time for people, which is never exact. */
export function duration(seconds: number): string {
	if (seconds >= 60) return `about ${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
	return seconds < 0.01 ? "less than 0.01 s" : `about ${seconds < 1 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
}

/** The explanation for people. `title` says what was explained. */
export function formatExplanation(title: string, explanation: Explanation, style: Style): string {
	const { images, boots, next, nextIfConfirmed, unconfirmed, confirmed, timing } = explanation;
	const several = images.length > 1;
	const newest = images.every(({ state }) => state === null);
	const lines = [style.title(title)];
	const section = (heading: string, boot: BootExplanation, intents: readonly ImageExplanation[] = []): void => {
		lines.push("", style.title(heading), ...bootLines(boot, intents, { several, newest, style }));
	};
	for (const image of images) lines.push("", ...imageLines(image, several, style));
	if (boots.length > 0) {
		lines.push("", style.title("The last boots, as the device remembers them"));
		for (const { number, start, images: runs, checks, outcome } of [...boots].reverse())
			lines.push(`  #${number} ${start}: ${[runs, checks, outcome].filter((words) => words !== "").join("; ")}`);
	}
	if (!next || !unconfirmed) {
		lines.push("", style.title("Next boot"), style.bad(`  The forecast stops here: ${explanation.stops}.`));
		return `${lines.join("\n")}\n`;
	}
	section(nextIfConfirmed ? "Next boot, if nobody confirms" : "Next boot", next, images);
	lines.push(...quiet(next).map((line) => style.aside(`    | ${line}`)));
	if (nextIfConfirmed) section("Next boot, if confirmed before", nextIfConfirmed);
	if (!next.starts && !unconfirmed.starts && unconfirmed.operations === 0)
		lines.push("", style.title("The boot after that"), "  The same.");
	else section(confirmed ? "The boot after that, if nobody confirms" : "The boot after that", unconfirmed);
	if (confirmed) section("The boot after that, if confirmed", confirmed);
	if (next.operations + unconfirmed.operations > 0)
		lines.push(
			"",
			style.aside(
				`Times are estimates for flash alone: ${timing.sectorErase} ms to erase a sector, ${timing.pageProgram} ms to program up to ${timing.pageSize} bytes.`,
			),
		);
	return `${lines.join("\n")}\n`;
}

function imageLines(image: ImageExplanation, several: boolean, style: Style): string[] {
	const { state, interrupted, upload } = image;
	const lines = several ? [style.title(`Image ${image.image}`)] : [];
	const none = interrupted ? "in pieces: a swap is under way" : "no image";
	lines.push(
		...slotLines("primary", image.primary, none, style),
		...slotLines("secondary", image.secondary, none, style),
	);
	if (upload)
		lines.push(
			`              an upload of ${bytes(upload.size)} was broken off; it goes on at ${bytes(upload.written)}`,
		);
	if (!state) return lines;
	lines.push(`  state ${state.row.padEnd(5)} ${STATES[state.row]}`);
	if (state.because.length > 0) lines.push(style.aside(`              ${state.because.join(", ")}`));
	if (interrupted) {
		const { type, done, total } = interrupted;
		const where = done === total ? "after its last step" : `it goes on with step ${done + 1} of ${total}`;
		lines.push(`              but first: power failed in a ${type} swap; ${where}`);
	} else if (image.intent !== state.swapType) {
		lines.push("              but it waits: another image was updated in the same go");
	}
	return lines;
}

function slotLines(name: string, slot: SlotExplanation, none: string, style: Style): string[] {
	const found = slot.images.flatMap((image) => foundLines(image, style));
	const nothing =
		slot.foreign === null ? style.aside(none) : style.bad(`${slot.foreign}, which this boot loader is not for`);
	const [first = nothing, ...more] = found;
	return [
		`  ${name.padEnd(11)} ${first}`,
		...more.map((text) => `              ${text}`),
		style.aside(
			`              ${slot.label} at ${hex(slot.address)}, ${bytes(slot.size)}; trailer ${trailerText(slot.trailer)}`,
		),
		...alignmentLines(slot.trailer, style),
	];
}

function foundLines(image: FoundImage, style: Style): string[] {
	const { offset, version, size, encrypted, fault, otherBuild } = image;
	const place = offset === 0 ? "" : ` at ${hex(offset)}`;
	const verdict = fault === null ? "" : style.bad(`, the boot loader refuses it: ${fault}`);
	const measure = size === null ? "size unknown" : bytes(size);
	const remark = `it has ${otherBuild}, and this forecast is not for a boot loader that was built for that`;
	return [
		`${version}, ${measure}${place}${encrypted ? ", encrypted" : ""}${verdict}`,
		...(otherBuild === null ? [] : [style.bad(remark)]),
		...archiveLines(image, style),
	];
}

function archiveLines({ archive }: FoundImage, style: Style): string[] {
	if (archive === null) return [];
	return "problem" in archive
		? [style.bad(`an application that does not run: ${archive.problem}`)]
		: [`an application for the runtime ${archive.runtime}`];
}

/** A trailer with the magic of another alignment: its fields are at other places than those that were looked at. */
function alignmentLines({ magic }: TrailerExplanation, style: Style): string[] {
	const [, alignment] = /^of alignment (\d+)$/.exec(magic) ?? [];
	if (alignment === undefined) return [];
	const text = `written with BOOT_MAX_ALIGN ${alignment}, and this forecast is for another: give a --layout with "writeAlign": ${alignment}`;
	return [style.bad(`              ${text}`)];
}

function trailerText({ magic, imageOk, copyDone, swapInfo }: TrailerExplanation): string {
	if (magic === "unset" && imageOk === "unset" && copyDone === "unset" && swapInfo.type === "none") return "erased";
	return `magic ${magic}, image_ok ${imageOk}, copy_done ${copyDone}, swap_info ${swapInfo.type}`;
}

/** How boots are worded. */
export interface Wording {
	readonly several: boolean;
	/** Whether the newest image runs, from where it is. */
	readonly newest: boolean;
	readonly style: Style;
}

/** What a boot does, a line an image, and how long the flash is busy with it. */
export function bootLines(
	boot: BootExplanation,
	intents: readonly ImageExplanation[],
	{ several, newest, style }: Wording,
): string[] {
	const lines: string[] = [];
	if (!boot.starts) lines.push(style.bad(`  Nothing starts: ${boot.reason}.`));
	boot.images.forEach((image, i) => {
		const given = intents[i]?.intent ?? "none";
		const head = several ? `  image ${image.image}     ` : "  ";
		const text = newest ? newestText(image, style) : actionText(image, given, boot.starts, style);
		if (boot.starts || (image.operations > 0 && !newest)) lines.push(`${head}${text}`);
	});
	const { operations, erases, seconds } = boot;
	lines.push(
		operations === 0
			? "  Flash is not written to."
			: `  ${count(operations, "flash operation")}, ${count(erases, "erase")} among them: ${duration(seconds)}.`,
	);
	return lines;
}

function actionText(image: BootedImage, intent: string, starts: boolean, style: Style): string {
	const version = image.version ?? "no image";
	const finish = image.resumed ? "finishes the interrupted swap and " : "";
	const trial = image.confirmed ? style.good("confirmed") : style.good("on trial");
	if (!starts && image.action === "none") return `${version}: flash is changed, but no image is installed`;
	switch (image.action) {
		case "test":
			return `${finish}installs ${version}, ${trial}`;
		case "permanent":
			return `${finish}installs ${version} for good, ${trial}`;
		case "revert":
			return `${finish}goes back to ${version}, ${trial}`;
		case "fail":
			return style.bad(`gives the interrupted request up: ${version} stays`);
		case "none":
			return intent === "none"
				? `${version} runs on, ${trial}`
				: style.bad(
						`does not do the ${intent} swap: ${version} runs on, ${image.confirmed ? "confirmed" : "on trial"}`,
					);
	}
}

function newestText({ action, version, slot, confirmed }: BootedImage, style: Style): string {
	const runs = `${version ?? "no image"} runs from the ${slot === 0 ? "primary" : "secondary"} slot`;
	const trial = style.good(confirmed ? "confirmed" : "on trial");
	return action === "revert" ? `erases what nobody confirmed: ${runs}, ${trial}` : `${runs}, ${trial}`;
}

/** What the boot loader says, but for the trailers, which stand above. */
const quiet = ({ log }: BootExplanation): string[] => log.filter((line) => !/: primary trailer magic/.test(line));
