import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../client/client.js";
import { downloadFile, uploadFile } from "../client/group/files.js";
import type { Link } from "../client/link.js";
import { serialLink } from "../client/node/serial.js";
import { udpLink } from "../client/node/udp.js";
import { random } from "../test/unit/smp/support.js";
import { freshDirectory, Simulator } from "../tools/simulator.js";
import type { Benchmark, Table } from "./table.js";

const BAUD = 115200;

/** How long a packet takes on the way there, and on the way back, milliseconds: as over a radio with some 20 ms between events. */
const DELAY = 10;

/** A line, and the size of the file that goes over it, bytes. */
interface Line {
	readonly name: string;
	readonly size: number;
	readonly times: number;
	readonly options: readonly string[];
	open(simulator: Simulator): Link;
}

const LINES: readonly Line[] = [
	{
		...{ name: `${BAUD} baud`, size: 48 * 1024, times: 1, options: ["--baud", String(BAUD)] },
		open: ({ serial }) => serialLink(serial),
	},
	{
		...{ name: "UDP, unpaced", size: 1024 * 1024, times: 5, options: [] },
		open: ({ udp }) => udpLink(udp),
	},
	{
		...{ name: `UDP, ${DELAY} ms each way`, size: 96 * 1024, times: 3, options: [] },
		open: ({ udp }) => delayed(udpLink(udp)),
	},
];

/** A link on which each packet takes a while, both ways. */
function delayed(link: Link): Link {
	const late: Link = {
		onPacket: undefined,
		send: (packet) => {
			const sent = packet.slice();
			setTimeout(() => link.send(sent), DELAY);
		},
		close: () => link.close(),
		packetSize: (bufferSize) => link.packetSize?.(bufferSize) ?? bufferSize,
	};
	link.onPacket = (packet) => {
		const arrived = packet.slice();
		setTimeout(() => late.onPacket?.(arrived), DELAY);
	};
	return late;
}

type Direction = "upload" | "download";

/** Sends or fetches a file once, and returns how fast it went, KiB/s. */
async function speed(client: SmpClient, direction: Direction, file: Uint8Array, window?: number): Promise<number> {
	const path = "/transfer";
	// One that is there already would not go over.
	if (direction === "upload") await uploadFile(client, path, Uint8Array.of(1));
	const started = performance.now();
	if (direction === "upload") await uploadFile(client, path, file, { window });
	else await downloadFile(client, path, { window });
	return file.length / 1024 / ((performance.now() - started) / 1000);
}

async function rowOf({ name, size, times, options, open }: Line, direction: Direction): Promise<Table["rows"][number]> {
	const directory = freshDirectory();
	mkdirSync(join(directory, "files"));
	const simulator = await Simulator.start(
		["--images", "1", "--files", join(directory, "files"), ...options],
		directory,
	);
	const client = new SmpClient(open(simulator));
	try {
		const next = random(1);
		const file = Uint8Array.from({ length: size }, () => next(256));
		await uploadFile(client, "/transfer", file);
		const single: number[] = [];
		const several: number[] = [];
		// In turns, so that both see the same machine.
		for (let i = 0; i < times; i++) {
			single.push(await speed(client, direction, file, 1));
			several.push(await speed(client, direction, file));
		}
		const [before, now] = [median(single), median(several)];
		return [direction, name, rounded(before), rounded(now), Number((now / before).toFixed(2))];
	} finally {
		await client.close();
		await simulator.stop();
	}
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const rounded = (rate: number): number => Number(rate.toFixed(rate < 100 ? 2 : 0));

/** How much faster a file goes over with several packets on their way than with one. */
export const files: Benchmark = {
	name: "files",
	summary: "speed of files there and back, with one packet on its way and with several",
	run: async () => {
		const rows: Table["rows"][number][] = [];
		for (const line of LINES)
			for (const direction of ["upload", "download"] as const) rows.push(await rowOf(line, direction));
		return [
			{
				title: "Files to and from the simulator",
				columns: ["what", "line", "one at a time, KiB/s", "several, KiB/s", "ratio"],
				rows,
				note: "In turns on the same device; medians where there are several runs.",
			},
		];
	},
};
