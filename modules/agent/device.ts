import type { FlashArea } from "../flash/area.js";
import type { ShellCommand } from "../smp/group/shell-commands.js";
import type { Group } from "../smp/group.js";
import type { Timer } from "./host.js";

/**
 * An application in an image: the default export of its module. Called once, when the agent answers. What it throws, now or
 * later, ends in a reset; so does a rejected promise.
 */
export type DeviceApplication = (device: Device) => void | Promise<void>;

/** What an application in an image gets: all that it can do to the device. Frozen. */
export interface Device {
	/** The image that the application is in. */
	readonly image: DeviceImage;
	/** Settings on flash, which clients see and change too. Missing where the board keeps none. */
	readonly settings?: DeviceSettings;
	/** MCUboot's application API, for the image that the application is in. */
	readonly boot: DeviceBoot;
	/** Milliseconds since the start. */
	uptime(): number;
	/** Writes one line to the console. */
	log(line: string): void;
	/** Calls `callback` once, after `ms` milliseconds. */
	after(ms: number, callback: () => void): Timer;
	/** Calls `callback` every `ms` milliseconds, at least 1, until it is cancelled. */
	every(ms: number, callback: () => void): Timer;
	/**
	 * Shows counters to clients: `counters` is read whenever one asks. Throws a RangeError if there are statistics of that name.
	 * Missing on a board without the statistics group.
	 */
	readonly statistics?: (name: string, counters: Readonly<Record<string, number>>) => void;
	/** Adds a command to the shell. Throws a RangeError if the name is taken. Missing on a board without a shell. */
	readonly shell?: (name: string, command: ShellCommand) => void;
	/** Adds a group of commands. Throws a RangeError if its id is taken or below 64, which is the agent's. */
	group(group: Group): void;
	/**
	 * A flash area that the board's layout has for applications: one whose label is "application" or begins with
	 * "application-". Throws a RangeError for any other.
	 */
	area(label: string): FlashArea;
	/**
	 * Names a check for the confirm policy (`app:NAME`): 1 to 32 letters, digits, hyphens or underscores. If the policy asks for
	 * it and an update is on trial, `run` is called once, soon. It returns or settles with true if all is well, or else false, or
	 * a sentence that says what is wrong. `timeout` in milliseconds, up to an hour; default 5000. Throws a RangeError for a bad
	 * name or time, for a name that is taken, and for too many checks.
	 */
	check(name: string, run: DeviceCheck["run"], options?: { readonly timeout?: number }): void;
}

/** The image that an application is in. */
export interface DeviceImage {
	/** Its number. */
	readonly number: number;
	/** `major.minor.revision`, and `.build` if there is one. */
	readonly version: string;
	/** Its SHA-256 in hexadecimal. */
	readonly hash: string;
	/** Whether the next boot takes it back unless it is confirmed, as it was at the start. */
	readonly onTrial: boolean;
}

/** Settings of the device by name. */
export interface DeviceSettings {
	/** Undefined if there is none. */
	get(name: string): Uint8Array | undefined;
	/** Lasts from when it returns. Throws an `SmpError` for a name or a value that cannot be kept. */
	set(name: string, value: Uint8Array): void;
	/** Returns false if there was none. */
	delete(name: string): boolean;
}

/** MCUboot's functions under their names in C (`BootUtil`), for one image. */
export interface DeviceBoot {
	/** True if the image stays: never swapped in, or confirmed. */
	boot_is_img_confirmed(): boolean;
	/** 0 or a negative `errno`. */
	boot_write_img_confirmed(): number;
	/** What the next boot is going to do: a `SwapType`. */
	boot_swap_type(): number;
}

/** A check that the application has named, for the confirm policy. */
export interface DeviceCheck {
	readonly name: string;
	/** Milliseconds. */
	readonly timeout: number;
	/** Returns or settles with true if all is well, else false or a sentence. What it throws counts as that. */
	readonly run: () => boolean | string | Promise<boolean | string>;
}

/** Where the agent has room for what an application in an image adds while it runs. Missing members: there is none. */
export interface DeviceRoom {
	/** What the settings group serves. */
	settings?: DeviceSettings;
	/** As `Device` has it. */
	shell?: NonNullable<Device["shell"]>;
	/** As `Device` has it. */
	statistics?: NonNullable<Device["statistics"]>;
	/** The groups that the enumeration tells of. */
	groups?: Group[];
}
