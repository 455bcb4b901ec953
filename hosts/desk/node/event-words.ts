import type { Entrance } from "../../../modules/bootutil/loader/recovery/flow.js";
import type { DeviceEvent } from "../xs/event.js";

/** What the supervisor adds to the device's events. */
export type SupervisorEvent =
	| { readonly event: "reset"; readonly by: "application" | "button" | "pin" }
	| { readonly event: "power-cut"; readonly operation: number }
	/** Somebody has cut the power, or given it back. */
	| { readonly event: "power"; readonly on: boolean }
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
	/** Address of the page, if there is one. */
	readonly page?: string;
}

export type SimEvent = DeviceEvent | SupervisorEvent | ReadyEvent;

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

/** What an application writes may hold what makes a terminal do things. */
const visible = (text: string): string => text.replace(/[^\P{Cc}\t]/gu, "?");

/** What people read of an event, in a terminal and on the page; undefined if that is nothing. */
export function eventWords(event: Exclude<SimEvent, ReadyEvent>): string | undefined {
	switch (event.event) {
		case "log":
			return visible(event.line);
		case "reset":
			return RESETS[event.by];
		case "power-cut":
			return `--- power cut during flash operation ${event.operation} of the swap; power is back ---`;
		case "power":
			return event.on ? "--- power is back ---" : "--- power cut ---";
		case "crash":
			return `--- crash: ${visible(event.reason)} ---`;
		case "recovery":
			return `--- serial recovery, until it is reset: ${ENTRANCES[event.by]} ---`;
		case "halt":
			return `--- ${event.reason}: the device stays down until it is reset ---`;
		default:
			return undefined;
	}
}
