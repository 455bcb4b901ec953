import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Encoder } from "cbor-x/encode";
import { SmpClient } from "../client/client.js";
import type { Link } from "../client/link.js";
import { serialLink } from "../client/node/serial.js";
import { tcpLink } from "../client/node/tcp.js";
import { udpLink } from "../client/node/udp.js";
import { CHUNK_ALIGN } from "../client/upload.js";
import { encodeMap } from "../modules/smp/cbor.js";
import { HEADER_SIZE } from "../modules/smp/header.js";
import { encodeConsole } from "../modules/smp/transport/frame.js";
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

/** How often, if it is a matter of a fraction of a second. */
const UNPACED_TIMES = 7;

/** What the simulator's buffers leave for a packet on a console, bytes. */
const CONSOLE_PACKET = 1020;

/** newtmgr's packets with `mtu=256`: they fit one line. */
const NEWTMGR_MTU = 256;
const NEWTMGR_PACKET = 178;

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
		ceiling: ceilingOf(newtmgrCut, false),
		measure: uploadByNewtmgr,
	},
	{
		client: "xs-smp, one packet at a time",
		line: PACED,
		ceiling: ceilingOf(ourCut, false),
		measure: () => uploadPaced(1),
	},
	{ client: "xs-smp", line: PACED, ceiling: ceilingOf(ourCut, true), measure: () => uploadPaced(undefined) },
	{ client: "xs-smp", line: "pty, unpaced", measure: () => uploadUnpaced(({ serial }) => serialLink(serial)) },
	{ client: "xs-smp", line: "UDP, unpaced", measure: () => uploadUnpaced(({ udp }) => udpLink(udp)) },
	{ client: "xs-smp", line: "TCP, unpaced", measure: () => uploadUnpaced(({ tcp }) => tcpLink(tcp), ["--tcp", "0"]) },
];

/** The table of docs/MEASURING.md. Without `measure` the measured cells are empty. */
export async function uploads(measure: boolean): Promise<Table> {
	const rows: Table["rows"][number][] = [];
	for (const { client, line, ceiling, measure: upload } of ways()) {
		const measured = measure ? await upload() : undefined;
		const rate = measured && rounded(measured.bytes / 1024 / measured.seconds);
		const most = ceiling && rounded(ceiling);
		const share = rate === undefined || most === undefined ? null : `${((100 * rate) / most).toFixed(1)} %`;
		rows.push([client, line, rate ?? null, most ?? null, share]);
	}
	return {
		title: "Uploads to the simulator",
		columns: ["client", "line", "KiB/s", "ceiling of the line", "share of it"],
		rows,
		note: "Ceiling: what the line carries with this client's packets, computed from their frames. Empty: not installed, no ceiling.",
	};
}

const rounded = (rate: number): number => Number(rate.toFixed(rate < 100 ? 2 : 0));

/** How fast updates get to a device, as a share of what the line can carry. */
export const wire: Benchmark = {
	name: "wire",
	summary: "speed of uploads over a serial line of 115200 baud, a pty, UDP and TCP",
	run: async () => [await uploads(true)],
};

/** How a client cuts a file into packets. */
interface Cut {
	/** Longest packet, bytes. */
	readonly packet: number;
	/** What a chunk's length is a multiple of, bytes. */
	readonly align: number;
	/** Fields of a request besides its data. */
	head(off: number): object;
	/** Bytes on the line of a packet of this length. */
	frame(length: number): number;
}

const FIRST_HEAD = { len: PACED_FILE, sha: new Uint8Array(32) };

const newtmgrCut: Cut = {
	packet: NEWTMGR_PACKET,
	align: 1,
	head: (off) => ({ image: 0, off, ...(off === 0 && FIRST_HEAD) }),
	// One line: marker, base64 of length, packet and CRC, LF.
	frame: (length) => 2 + 4 * Math.ceil((length + 4) / 3) + 1,
};

const ourCut: Cut = {
	packet: CONSOLE_PACKET,
	align: CHUNK_ALIGN,
	head: (off) => (off === 0 ? { image: 0, off, ...FIRST_HEAD } : { off }),
	frame: (length) => encodeConsole(new Uint8Array(length)).length,
};

/** What the line carries of an upload, KiB/s. `pipelined`: requests and answers pass each other, so the longer direction counts. */
function ceilingOf(cut: Cut, pipelined: boolean): number {
	let requests = 0;
	let answers = 0;
	for (let off = 0; off < PACED_FILE; ) {
		const size = Math.min(dataIn(cut, off), PACED_FILE - off);
		requests += cut.frame(packetLength(cut, off, size));
		off += size;
		answers += answerBytes(off);
	}
	const lineBytes = pipelined ? Math.max(requests, answers) : requests + answers;
	return ((PACED_FILE / lineBytes) * BAUD) / BITS_A_BYTE / 1024;
}

const cbor = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });

const packetLength = (cut: Cut, off: number, size: number): number =>
	HEADER_SIZE + cbor.encode({ ...cut.head(off), data: new Uint8Array(size) }).length;

/** How much data a chunk has. */
function dataIn(cut: Cut, off: number): number {
	let size = cut.packet;
	while (size % cut.align !== 0 || packetLength(cut, off, size) > cut.packet) size--;
	return size;
}

/** Bytes on the line of the answer to a chunk. */
function answerBytes(off: number): number {
	const packet = new Uint8Array(64);
	return encodeConsole(packet.subarray(0, encodeMap({ off }, packet, HEADER_SIZE))).length;
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

/** Uploads several files one after the other, and returns what one took: the median. */
async function upload(link: Link, size: number, window?: number, times = 1): Promise<Measured> {
	const client = new SmpClient(link);
	try {
		const all: Measured[] = [];
		for (let i = 1; i <= times; i++) {
			const { file } = update(`0.0.${i}`, size);
			all.push(await timed(file.length, () => client.upload(file, window === undefined ? {} : { window })));
		}
		return all.sort((a, b) => a.seconds - b.seconds)[times >> 1]!;
	} finally {
		client.close();
	}
}

/** Our client's upload over a line of 115200 baud. */
export const uploadPaced = (window: number | undefined, machine?: Machine): Promise<Measured> =>
	onDevice(["--baud", String(BAUD)], (simulator) => upload(serialLink(simulator.serial), PACED_FILE, window), machine);

const uploadUnpaced = (open: (simulator: Simulator) => Link, options: readonly string[] = []): Promise<Measured> =>
	onDevice(options, (simulator) => upload(open(simulator), UNPACED_FILE, undefined, UNPACED_TIMES));

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
