import { SmpClient } from "../client/client.js";
import type { Link } from "../client/link.js";
import { serialLink } from "../client/node/serial.js";
import { udpLink } from "../client/node/udp.js";
import { readHeader } from "../modules/smp/header.js";
import { IMAGE_GROUP, ImageCommand } from "../modules/smp/protocol/image.js";
import { update } from "../test/clients/images.js";
import { Simulator } from "../tools/simulator.js";
import { median } from "./mps3.js";
import type { Benchmark, Table } from "./table.js";

const BAUD = 115200;

/** Size of the uploaded file, bytes: two dozen sectors. */
const FILE = 96 * 1024;

/** Another size, so that every sector of the upload holds something of the file before. */
const FORMER = FILE + 4096;

/** Bytes of a packet that fits newtmgr's one line of 256 characters. */
const SMALL_PACKET = 178;

/** The flash chips by whose data sheets it is measured. */
const CHIPS = ["w25q32jv", "mx25r6435f", "w25q32jv-worst"] as const;

/** A client and its line. */
interface Way {
	readonly client: string;
	readonly line: string;
	readonly options: readonly string[];
	readonly window?: number;
	readonly packet?: number;
	/** Whether the older image waits for the next boot, so that there is a trailer to be erased as well. */
	readonly pending?: boolean;
	open(simulator: Simulator): Link;
}

const paced = {
	line: `${BAUD} baud`,
	options: ["--baud", String(BAUD)],
	open: ({ serial }: Simulator): Link => serialLink(serial),
};
const unpaced = { line: "UDP", options: [], open: ({ udp }: Simulator): Link => udpLink(udp) };

const WAYS: readonly Way[] = [
	{ client: `one packet of ${SMALL_PACKET} bytes at a time`, packet: SMALL_PACKET, window: 1, ...paced },
	{ client: "xs-smp", ...paced },
	{ client: "xs-smp, one packet at a time", window: 1, ...unpaced },
	{ client: "xs-smp", ...unpaced },
	{ client: "xs-smp, over an image that waits", pending: true, ...unpaced },
];

/** A link that knows when answers to uploads came. */
class TimedLink implements Link {
	/** Milliseconds from the first request, or the answer before, to each answer. */
	readonly gaps: number[] = [];
	onPacket: Link["onPacket"];
	onFailure: Link["onFailure"];
	onDrop: Link["onDrop"];
	readonly #link: Link;
	readonly #packet: number | undefined;
	#last: number | undefined;

	constructor(link: Link, packet: number | undefined) {
		this.#link = link;
		this.#packet = packet;
		link.onPacket = (bytes) => {
			if (isUpload(bytes) && this.#last !== undefined) {
				const now = performance.now();
				this.gaps.push(now - this.#last);
				this.#last = now;
			}
			this.onPacket?.(bytes);
		};
		link.onFailure = (reason) => this.onFailure?.(reason);
		link.onDrop = (drop) => this.onDrop?.(drop);
	}

	send(packet: Uint8Array): void {
		if (isUpload(packet)) this.#last ??= performance.now();
		this.#link.send(packet);
	}

	packetSize(bufferSize: number): number {
		return this.#packet ?? this.#link.packetSize?.(bufferSize) ?? bufferSize;
	}

	close(): void {
		this.#link.close();
	}
}

function isUpload(packet: Uint8Array): boolean {
	const { group, command } = readHeader(packet);
	return group === IMAGE_GROUP && command === ImageCommand.UPLOAD;
}

/** Uploads over an older image, as after an update, and returns the gaps between the answers. */
async function gapsOf({ options, window, packet, pending, open }: Way, chip: string): Promise<number[]> {
	const simulator = await Simulator.start(["--images", "1", "--flash-timing", chip, ...options]);
	try {
		const former = new SmpClient(udpLink(simulator.udp));
		const { file, hash } = update("0.0.1", FORMER);
		await former.upload(file);
		if (pending) await former.test(hash);
		former.close();
		const link = new TimedLink(open(simulator), packet);
		const client = new SmpClient(link);
		await client.upload(update("0.0.2", FILE).file, window === undefined ? {} : { window });
		client.close();
		return link.gaps;
	} finally {
		await simulator.stop();
	}
}

const rounded = (milliseconds: number): number => Number(milliseconds.toFixed(1));

/** How long a client waits for an answer in an upload to a flash that takes its time. */
export const gaps: Benchmark = {
	name: "gaps",
	summary: "the longest waits for an answer in an upload, with the flash as slow as data sheets say",
	run: async () => {
		const rows: Table["rows"][number][] = [];
		for (const chip of CHIPS)
			for (const way of WAYS) {
				const all = await gapsOf(way, chip);
				const [first = 0, ...others] = all;
				rows.push([chip, way.client, way.line, rounded(median(all)), rounded(first), rounded(Math.max(...others))]);
			}
		return [
			{
				title: "Gaps between the answers of an upload",
				columns: ["flash", "client", "line", "median, ms", "first, ms", "longest other, ms"],
				rows,
				note: "From an answer to the next; the first from its request on. The line itself has the median.",
			},
		];
	},
};
