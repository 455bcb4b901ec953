import type { Link } from "../client/link.js";
import type { DeviceOptions } from "./command.js";
import { quote } from "./command-line.js";
import { runningDevices } from "./running.js";
import { UsageError } from "./usage-error.js";

/** Where a device is. */
export interface Place {
	readonly link: "serial" | "udp" | "tcp";
	readonly where: string;
	/** Bare packets on a serial line. */
	readonly raw: boolean;
	/** Who says so, for sentences. */
	readonly from: string;
}

const LINKS = ["serial", "udp", "tcp"] as const;

/** Names the default device, as `serial:PATH`, `udp:HOST:PORT` or `tcp:HOST:PORT`. */
export const DEVICE_VARIABLE = "XS_SMP_DEVICE";

const WAYS = `with --serial PATH, --udp HOST:PORT or --tcp HOST:PORT, or in ${DEVICE_VARIABLE}`;

/**
 * Where the device is: by the options, else by the environment, else the simulated device that runs on this machine.
 * Throws a UsageError.
 */
export function placeOf(options: DeviceOptions): Place {
	const [link, ...more] = LINKS.filter((each) => options[each] !== undefined);
	if (more.length > 0) throw new UsageError(`Say in one way where the device is: ${WAYS}.`);
	const place = link
		? { link, where: options[link]!, raw: false, from: `--${link}` }
		: (placeInEnvironment() ?? placeOfSimulator());
	for (const option of ["baud", "raw"] as const)
		if (options[option] !== undefined && place.link !== "serial")
			throw new UsageError(`--${option} goes with --serial.`);
	return { ...place, raw: place.raw || options.raw === true };
}

function placeInEnvironment(): Place | undefined {
	const text = process.env[DEVICE_VARIABLE];
	if (text === undefined || text === "") return undefined;
	const [, name, where = ""] = /^(\w+):(.+)$/s.exec(text) ?? [];
	const link = LINKS.find((each) => each === name);
	if (link) return { link, where, raw: false, from: `${DEVICE_VARIABLE} behind "${link}:"` };
	throw new UsageError(`${DEVICE_VARIABLE} is serial:PATH, udp:HOST:PORT or tcp:HOST:PORT, not ${quote(text)}.`);
}

function placeOfSimulator(): Place {
	const [device, ...more] = runningDevices();
	if (!device) throw new UsageError(`Say where the device is: ${WAYS}. No simulated device runs here.`);
	if (more.length > 0) {
		const lines = [device, ...more].map(({ serial, udp }) =>
			udp === undefined ? `--serial ${serial}` : `--udp ${udp}`,
		);
		throw new UsageError(`${lines.length} simulated devices run here; say which: ${lines.join(" or ")}.`);
	}
	const { serial, udp, raw } = device;
	// Others may be talking on the serial line.
	return udp === undefined
		? { link: "serial", where: serial, raw, from: "the simulator" }
		: { link: "udp", where: udp, raw: false, from: "the simulator" };
}

/** Opens the link. Throws a UsageError. */
export async function openLink({ link, where, raw, from }: Place, { baud }: DeviceOptions): Promise<Link> {
	try {
		if (link === "serial") {
			const { serialLink } = await import("../client/node/serial.js");
			const link = serialLink(where, baud, { raw });
			await link.opened;
			return link;
		}
		(await import("../client/node/address.js")).parseServer(where, from);
		return link === "udp"
			? (await import("../client/node/udp.js")).udpLink(where)
			: (await import("../client/node/tcp.js")).tcpLink(where);
	} catch (error) {
		throw new UsageError((error as Error).message);
	}
}
