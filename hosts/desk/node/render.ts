import { relative } from "node:path";
import type { Entrance } from "../../../modules/bootutil/loader/recovery/flow.js";
import type { DeviceEvent } from "../xs/event.js";

/** What the supervisor adds to the device's events. */
export type SupervisorEvent =
	| { readonly event: "reset"; readonly by: "application" | "button" | "pin" }
	| { readonly event: "power-cut"; readonly operation: number }
	/** A file that holds what a chip keeps was deleted or replaced: the device has stopped for good. */
	| { readonly event: "lost"; readonly reason: string };

/** The device answers, at these addresses. */
export interface ReadyEvent {
	readonly event: "ready";
	readonly serial: string;
	/** Missing where the device has no network. */
	readonly udp?: string;
	/** Only if the command line asked for it. */
	readonly tcp?: string;
	/** Name and address of the peripheral, if the command line named a controller. */
	readonly bluetooth?: string;
}

export type SimEvent = DeviceEvent | SupervisorEvent | ReadyEvent;

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

const RESETS: Readonly<Record<"application" | "button" | "pin", string>> = {
	application: "--- reset ---",
	button: "--- reset button ---",
	pin: "--- reset button, with the recovery pin held ---",
};

const ENTRANCES: Readonly<Record<Entrance, string>> = {
	pin: "the pin is held",
	"boot-mode": "a client asked for it",
	"no-image": "there is no image to boot",
	wait: "a request came while the boot loader listened",
};

function say(event: SimEvent): string | undefined {
	switch (event.event) {
		case "log":
			return event.line;
		case "ready":
			return ready(event);
		case "reset":
			return RESETS[event.by];
		case "power-cut":
			return `--- power cut during flash operation ${event.operation} of the swap; power is back ---`;
		case "crash":
			return `--- crash: ${event.reason} ---`;
		case "recovery":
			return `--- serial recovery, until it is reset: ${ENTRANCES[event.by]} ---`;
		case "halt":
			return `--- ${event.reason}: the device stays down until it is reset ---`;
		default:
			return undefined;
	}
}

const shortPath = (path: string): string => {
	const short = relative(".", path);
	return short.startsWith("..") ? path : short;
};

const readyInShort = ({ serial, udp, tcp }: ReadyEvent): string =>
	[
		`ready: serial ${shortPath(serial)}`,
		...(udp === undefined ? [] : [`UDP ${udp}`]),
		...(tcp === undefined ? [] : [`TCP ${tcp}`]),
	].join(", ");

function ready({ serial, udp, tcp, bluetooth }: ReadyEvent): string {
	const port = shortPath(serial);
	return [
		"",
		`  serial  ${port}`,
		...(udp === undefined ? [] : [`  UDP     ${udp}`]),
		...(tcp === undefined ? [] : [`  TCP     ${tcp}`]),
		...(bluetooth === undefined ? [] : [`  BLE     ${bluetooth}`]),
		"  try     npx xs-smp list",
		`          newtmgr conn add sim type=serial connstring="dev=${port},baud=115200,mtu=256"`,
		"          newtmgr -c sim image list",
		"  here    r resets the device, q quits",
		"",
	].join("\n");
}
