import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Encoder } from "cbor-x/encode";
import { SmpClient } from "../client/client.js";
import type { Link } from "../client/link.js";
import { serialLink } from "../client/serial.js";
import { udpLink } from "../client/udp.js";
import { CHUNK_ALIGN } from "../client/upload.js";
import { encodeMap } from "../modules/smp/cbor.js";
import { HEADER_SIZE } from "../modules/smp/header.js";
import { encodeConsole } from "../modules/smp/transport/console.js";
import { update } from "../test/clients/images.js";
import { run } from "../test/support/tools.js";
import { freshDirectory, type Machine, Simulator } from "../tools/simulator.js";
import type { Benchmark, Table } from "./table.js";

const BAUD = 115200;

/** Start, eight data bits and stop. */
const BITS_A_BYTE = 10;

/** Size of the file that is uploaded, bytes, over a paced line and as fast as it goes. */
const PACED_FILE = 96 * 1024;
const UNPACED_FILE = 400 * 1024;

/** What the simulator's buffers leave for a packet on a console, bytes. */
const CONSOLE_PACKET = 1020;

/** newtmgr's packets with `mtu=256`: they fit one line. */
const NEWTMGR_MTU = 256;
const NEWTMGR_PACKET = 178;

/** An offset in the middle of the file, for the length of its encoding. */
const OFFSET = PACED_FILE / 2;

export interface Measured {
	readonly bytes: number;
	readonly seconds: number;
}

/** One way to upload. */
interface Way {
	readonly client: string;
	readonly line: string;
	/** What the line carries with this client's packets, KiB/s, computed from their frames; undefined if it is not paced. */
	readonly ceiling?: number;
	/** Undefined if the client is not installed. */
	measure(): Promise<Measured | undefined>;
}

const PACED = `${BAUD} baud`;

const ways = (): readonly Way[] => [
	{
		client: `newtmgr, mtu=${NEWTMGR_MTU}`,
		line: PACED,
		ceiling: newtmgrCeiling(),
		measure: uploadByNewtmgr,
	},
	{
		client: "xs-smp, one packet at a time",
		line: PACED,
		ceiling: lockStepCeiling(),
		measure: () => uploadPaced(1),
	},
	{ client: "xs-smp", line: PACED, ceiling: ceiling(), measure: () => uploadPaced(undefined) },
	{ client: "xs-smp", line: "pty, unpaced", measure: () => uploadUnpaced(({ serial }) => serialLink(serial)) },
	{ client: "xs-smp", line: "UDP, unpaced", measure: () => uploadUnpaced(({ udp }) => udpLink(udp)) },
];

/** The table of README.md. Without `measure` its cells that are measured are empty. */
export async function uploads(measure: boolean): Promise<Table> {
	const rows: Table["rows"][number][] = [];
	for (const way of ways()) {
		const measured = measure ? await way.measure() : undefined;
		const rate = measured && measured.bytes / 1024 / measured.seconds;
		rows.push([
			way.client,
			way.line,
			rate === undefined ? null : Number(rate.toFixed(rate < 100 ? 2 : 0)),
			way.ceiling === undefined ? null : Number(way.ceiling.toFixed(2)),
			rate === undefined || way.ceiling === undefined ? null : `${((100 * rate) / way.ceiling).toFixed(1)} %`,
		]);
	}
	return {
		title: "Uploads to the simulator",
		columns: ["client", "line", "KiB/s", "ceiling of the line", "share of it"],
		rows,
		note: "Ceiling: what the line carries with this client's packets, computed from their frames. Empty: not installed, no ceiling.",
	};
}

/** How fast updates get to a device, as a share of what the line can carry. */
export const wire: Benchmark = {
	name: "wire",
	summary: "speed of uploads over a serial line of 115200 baud, a pty and UDP",
	run: async () => [await uploads(true)],
};

const kibPerSecond = (data: number, lineBytes: number): number => ((data / lineBytes) * BAUD) / BITS_A_BYTE / 1024;

/** Bytes on the line of the answer to a chunk. */
function answerBytes(): number {
	const packet = new Uint8Array(64);
	return encodeConsole(packet.subarray(0, encodeMap({ off: OFFSET }, packet, HEADER_SIZE))).length;
}

/** How much data a chunk has in a packet of this size. */
function dataIn(packet: number, fields: object): number {
	const shell = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
	const empty = HEADER_SIZE + shell.encode({ ...fields, data: new Uint8Array(0) }).length;
	const room = packet - empty;
	return room - (room - 2 > 255 ? 2 : 1);
}

/** How much data a chunk of our client has, and how long its frame is, bytes. */
function chunk(): { readonly data: number; readonly frame: number } {
	const most = dataIn(CONSOLE_PACKET, { off: OFFSET });
	const spare = most % CHUNK_ALIGN;
	return { data: most - spare, frame: encodeConsole(new Uint8Array(CONSOLE_PACKET - spare)).length };
}

/** Requests and answers pass each other, so the longer direction counts. */
const ceiling = (): number => kibPerSecond(chunk().data, chunk().frame);

const lockStepCeiling = (): number => kibPerSecond(chunk().data, chunk().frame + answerBytes());

function newtmgrCeiling(): number {
	// One line: marker, base64 of length, packet and CRC, LF.
	const line = 2 + 4 * Math.ceil((NEWTMGR_PACKET + 4) / 3) + 1;
	return kibPerSecond(dataIn(NEWTMGR_PACKET, { image: 0, off: OFFSET }), line + answerBytes());
}

async function onDevice<T>(
	options: readonly string[],
	use: (simulator: Simulator) => Promise<T>,
	machine: Machine = "sim",
): Promise<T> {
	const simulator = await Simulator.start(["--images", "1", ...options], freshDirectory(), machine);
	try {
		return await use(simulator);
	} finally {
		await simulator.stop();
	}
}

async function timed(bytes: number, action: () => Promise<unknown>): Promise<Measured> {
	const started = performance.now();
	await action();
	return { bytes, seconds: (performance.now() - started) / 1000 };
}

async function upload(link: Link, size: number, window: number | undefined): Promise<Measured> {
	const client = new SmpClient(link);
	try {
		const { file } = update("0.0.1", size);
		return await timed(file.length, () => client.upload(file, window === undefined ? {} : { window }));
	} finally {
		client.close();
	}
}

/** Our client's upload over a line of 115200 baud. */
export const uploadPaced = (window: number | undefined, machine?: Machine): Promise<Measured> =>
	onDevice(["--baud", String(BAUD)], (simulator) => upload(serialLink(simulator.serial), PACED_FILE, window), machine);

const uploadUnpaced = (open: (simulator: Simulator) => Link): Promise<Measured> =>
	onDevice([], (simulator) => upload(open(simulator), UNPACED_FILE, undefined));

/** Undefined if newtmgr is not installed. */
function uploadByNewtmgr(): Promise<Measured | undefined> {
	return onDevice(["--baud", String(BAUD)], async (simulator) => {
		const { file } = update("0.0.1", PACED_FILE);
		const path = join(simulator.directory, "update.bin");
		writeFileSync(path, file);
		const connection = `dev=${simulator.serial},baud=${BAUD},mtu=${NEWTMGR_MTU}`;
		const args = ["--conntype=serial", `--connstring=${connection}`, "image", "upload", path];
		const env = { ...process.env, HOME: simulator.directory };
		try {
			return await timed(file.length, async () => {
				const { status, output } = await run("newtmgr", args, { env });
				if (status !== 0) throw new Error(`newtmgr failed: ${output}`);
			});
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
			throw error;
		}
	});
}
