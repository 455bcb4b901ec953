import { availableParallelism } from "node:os";
import { parse } from "node:path";
import { UsageError } from "../../../cli/usage-error.js";
import { type Device, type Emulator, startDevice } from "./device.js";
import type { SimEvent } from "./event-words.js";
import type { Options } from "./options.js";

/** Devices that start at the same time: more would only wait for a processor. */
const AT_ONCE = 2 * availableParallelism();

/** After one of these, or its end, a device starts no further: the next one has its turn. */
const STARTED: readonly SimEvent["event"][] = ["ready", "halt", "crash"];

/** Devices that run, numbered from 1 on. They end together. */
export interface Devices {
	/** Presses the reset button of one of them, or of all, with the recovery pin held if `pin`. */
	reset(number?: number, pin?: boolean): void;
	/** One of them; undefined if it has not started. */
	device(number: number): Device | undefined;
	/** Ends them. */
	quit(): void;
	/** Settles when all have ended: with undefined if that was wanted, else with the cause, which is the first one's. */
	readonly ended: Promise<Error | undefined>;
}

/** The path of a device's own file: `.sim/flash-3.bin` for `.sim/flash.bin`. */
function numbered(path: string, number: number): string {
	const { dir, name, ext } = parse(path);
	return `${dir === "" || dir.endsWith("/") ? dir : `${dir}/`}${name}-${number}${ext}`;
}

/** The options of one of several devices: its files have its number, and its ports follow on those before. */
function optionsOf(options: Options, number: number): Options {
	if (options.devices === 1) return options;
	const { flash, serial, udp, tcp, save } = options;
	const next = (address: Options["udp"]): Options["udp"] => ({
		...address,
		port: address.port === 0 ? 0 : address.port + number - 1,
	});
	return {
		...options,
		flash: numbered(flash, number),
		serial: numbered(serial, number),
		udp: next(udp),
		tcp: tcp && next(tcp),
		save: save && numbered(save, number),
	};
}

/** Starts as many devices as the options say, some at a time. `onEvent` gets the events of each in the order in which they happen. */
export function startDevices(
	options: Options,
	onEvent: (event: SimEvent, number: number) => void,
	emulator?: Emulator,
): Devices {
	const devices = new Map<number, Device>();
	let started = 0;
	let quitting = false;
	let failure: Error | undefined;
	const quit = (): void => {
		quitting = true;
		for (const device of devices.values()) device.quit();
	};
	const fail = (number: number, cause: Error): void => {
		// Who has one device knows which one it is.
		if (options.devices > 1) cause.message = `Device ${number}: ${cause.message}`;
		failure ??= cause;
		quit();
	};

	/** Settles when it is the next one's turn. */
	const start = (number: number): Promise<void> =>
		new Promise((settle) => {
			const onOwnEvent = (event: SimEvent): void => {
				onEvent(event, number);
				if (STARTED.includes(event.event)) settle();
			};
			const device = startDevice(optionsOf(options, number), onOwnEvent, emulator);
			devices.set(number, device);
			void device.ended.then((cause) => {
				if (cause) fail(number, cause);
				settle();
			});
		});
	const work = async (): Promise<void> => {
		while (started < options.devices && !quitting) {
			const number = ++started;
			await start(number).catch((error) => fail(number, error));
		}
	};

	const all = Array.from({ length: AT_ONCE }, work);
	return {
		reset: (number, pin) => {
			for (const [own, device] of devices) if (number === undefined || number === own) device.reset(pin);
		},
		device: (number) => devices.get(number),
		quit,
		ended: Promise.all(all)
			.then(() => Promise.all(Array.from(devices.values(), ({ ended }) => ended)))
			.then(() => failure),
	};
}

/** Throws an UsageError for options that are not for several devices. */
export function checkDevices({ devices, udp, tcp, hci }: Pick<Options, "devices" | "udp" | "tcp" | "hci">): void {
	if (devices > 1 && hci) throw new UsageError("--hci is for one device: a controller has one host.");
	for (const [option, address] of Object.entries({ "--udp": udp, "--tcp": tcp }))
		if (address && address.port + devices - 1 > 65535)
			throw new UsageError(`${option} leaves no ports for ${devices} devices above ${address.port}.`);
}
