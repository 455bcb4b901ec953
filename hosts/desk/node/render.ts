import { relative } from "node:path";
import { eventWords, type ReadyEvent, type SimEvent } from "./event-words.js";

/** Takes events and returns the text to print for each. */
export type Renderer = (event: SimEvent) => string;

/** So many crashes before it was ready show what is wrong with a device that never gets ready. */
const HOPELESS = 3;

/**
 * One JSON object a line; `ready` comes first, so what happened before it is held back. With a number, each object has it as
 * `device`.
 */
export function jsonRenderer(device?: number): Renderer {
	let held: string[] | undefined = [];
	let crashes = 0;
	return (event) => {
		const line = `${JSON.stringify(device === undefined ? event : { ...event, device })}\n`;
		if (!held) return line;
		if (event.event === "crash") crashes++;
		if (event.event === "ready") held.unshift(line);
		else held.push(line);
		if (event.event !== "ready" && event.event !== "halt" && event.event !== "lost" && crashes < HOPELESS) return "";
		const text = held.join("");
		held = undefined;
		return text;
	};
}

/** Text for people. With a number, each line begins with it, and a device that is ready takes one line. */
export function textRenderer(device?: number): Renderer {
	return (event) => {
		const text = event.event === "ready" && device !== undefined ? readyInShort(event) : say(event);
		if (text === undefined) return "";
		return device === undefined ? `${text}\n` : `[${device}] ${text}\n`;
	};
}

const say = (event: SimEvent): string | undefined => (event.event === "ready" ? ready(event) : eventWords(event));

/** A path as people would type it. */
export const shortPath = (path: string): string => {
	const short = relative(".", path);
	return short.startsWith("..") ? path : short;
};

const readyInShort = ({ serial, udp, tcp, page }: ReadyEvent): string =>
	[
		`ready: serial ${shortPath(serial)}`,
		...(udp === undefined ? [] : [`UDP ${udp}`]),
		...(tcp === undefined ? [] : [`TCP ${tcp}`]),
		...(page === undefined ? [] : [`page ${page}`]),
	].join(", ");

function ready({ serial, udp, tcp, bluetooth, page }: ReadyEvent): string {
	const port = shortPath(serial);
	return [
		"",
		`  serial  ${port}`,
		...(udp === undefined ? [] : [`  UDP     ${udp}`]),
		...(tcp === undefined ? [] : [`  TCP     ${tcp}`]),
		...(bluetooth === undefined ? [] : [`  BLE     ${bluetooth}`]),
		...(page === undefined ? [] : [`  page    ${page}`]),
		"  try     npx xs-smp list",
		`          newtmgr conn add sim type=serial connstring="dev=${port},baud=115200,mtu=256"`,
		"          newtmgr -c sim image list",
		"  here    r resets the device, q quits",
		"",
	].join("\n");
}
