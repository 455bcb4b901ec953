import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Link } from "../client/link.js";
import { APPLICATION, LOADER } from "../hosts/mps3/board.js";
import { Op, readHeader } from "../modules/smp/header.js";
import { IMAGE_GROUP, ImageCommand } from "../modules/smp/protocol/image.js";
import { update } from "../test/clients/images.js";
import { application } from "../test/support/application.js";
import { request } from "../test/unit/smp/support.js";
import { freshDirectory, root } from "../tools/simulator.js";
import { Firmware, isBuilt, type Memory, total } from "./firmware.js";
import { chunk, dataIn, FIRST, firstChunk } from "./packets.js";
import type { Benchmark, Table } from "./table.js";
import { uploadPaced } from "./wire.js";

/** Size of the uploaded image, bytes: several sectors, and enough chunks for a median. */
const FILE = 40 * 1024;

/** Upload packets, bytes, header included. 1024 is the device's buffer. */
const PACKETS = [256, 1024];

/** Sends requests and counts the instructions that each takes the firmware. */
export class Counter {
	readonly #firmware: Firmware;
	readonly #link: Link;
	#sequence = 0;
	#slots = 0;
	/** Requests that met a collection of garbage. */
	collections = 0;

	constructor(firmware: Firmware) {
		this.#firmware = firmware;
		this.#link = firmware.link;
	}

	/** The request gets a sequence number of its own. */
	async request(packet: Uint8Array): Promise<number> {
		packet[6] = this.#sequence++;
		const before = await this.#settled();
		await new Promise<void>((resolve) => {
			this.#link.onPacket = (answer) => {
				const { sequence } = readHeader(answer, 0);
				if (sequence === packet[6]) resolve();
			};
			this.#link.send(packet);
		});
		const after = await this.#settled();
		const slots = await this.#firmware.slots();
		if (slots < this.#slots) this.collections++;
		this.#slots = slots;
		return after - before;
	}

	/** The count once the firmware sleeps: only its clock moves it on, by less than what a request takes. */
	async #settled(): Promise<number> {
		for (let last = await this.#firmware.worked(); ; ) {
			await new Promise((resolve) => setTimeout(resolve, 5));
			const now = await this.#firmware.worked();
			if (now - last < 10_000) return now;
			last = now;
		}
	}
}

const imageList = (): Uint8Array => request(IMAGE_GROUP, ImageCommand.STATE, {}, 1, Op.READ);

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Uploads an image in packets of this size. Returns the instructions of each but the first and the last. */
export async function upload(counter: Counter, packet: number): Promise<number[]> {
	const { file } = update(`0.0.${packet}`, FILE);
	const sha = createHash("sha256").update(file).digest();
	const size = dataIn(packet);
	const counts: number[] = [];
	await counter.request(firstChunk(file.length, file.subarray(0, FIRST), sha));
	for (let off = FIRST; off < file.length; off += size) {
		const count = await counter.request(chunk(off, file.subarray(off, off + size)));
		if (off + size < file.length) counts.push(count);
	}
	return counts;
}

const millions = (count: number): number => Number((count / 1e6).toFixed(3));
const kilobytes = (bytes: number): number => Number((bytes / 1024).toFixed(1));

/** What the firmware for the Cortex-M55 takes: instructions and memory. */
export const mps3: Benchmark = {
	name: "mps3",
	summary: "instructions, memory and speed of the firmware for a Cortex-M55, in QEMU",
	run: async () => {
		if (!isBuilt()) return [];
		const instructions: [string, number][] = [];
		const memory: [string, Memory][] = [];
		const alone = await Firmware.start();
		try {
			const counter = new Counter(alone);
			await counter.request(imageList());
			instructions.push(["application: start", await alone.worked()]);
			memory.push(["application, idle", await alone.memory(APPLICATION)]);
			instructions.push(["image list", await counter.request(imageList())]);
			for (const packet of PACKETS)
				instructions.push([
					`upload packet of ${packet} bytes (${dataIn(packet)} of the file)`,
					median(await upload(counter, packet)),
				]);
			memory.push(["application, after uploads", await alone.memory(APPLICATION)]);
		} finally {
			await alone.stop();
		}
		const whole = await Firmware.start({ loader: true });
		try {
			instructions.push(["boot loader: one image validated, nothing swapped", await whole.loaderWorked()]);
			memory.push(["boot loader", await whole.memory(LOADER)]);
		} finally {
			await whole.stop();
		}
		const directory = freshDirectory();
		const source = readFileSync(join(root, "examples/thermostat/thermostat.ts"), "utf8");
		const image = join(directory, "thermostat.bin");
		writeFileSync(image, application(source, "1.0.0", "mps3:smp-svr"));
		const thermostat = await Firmware.start({ loader: true, image });
		try {
			const counter = new Counter(thermostat);
			await counter.request(imageList());
			memory.push(["application, with examples/thermostat", await thermostat.memory(APPLICATION)]);
		} finally {
			await thermostat.stop();
			rmSync(directory, { recursive: true, force: true });
		}
		return [timeTable(instructions), memoryTable(memory), await lineTable()];
	},
};

const timeTable = (rows: readonly [string, number][]): Table => ({
	title: "Firmware for a Cortex-M55: instructions",
	columns: ["what", "million"],
	rows: rows.map(([name, count]) => [name, millions(count)]),
	note: "Counted by QEMU (-icount), interrupts included, sleep left out. Medians for packets.",
});

/** The same upload by the same client to the simulator and to this board, one after the other. */
async function lineTable(): Promise<Table> {
	const rates: number[] = [];
	for (const machine of ["sim", "mps3"] as const) {
		const { bytes, seconds } = await uploadPaced(undefined, machine);
		rates.push(bytes / 1024 / seconds);
	}
	const [simulator = 0, board = 0] = rates;
	return {
		title: "Upload by xs-smp at 115200 baud",
		columns: ["device", "KiB/s", "of the simulator's"],
		rows: [
			["simulator", Number(simulator.toFixed(2)), null],
			["firmware for a Cortex-M55", Number(board.toFixed(2)), `${((100 * board) / simulator).toFixed(1)} %`],
		],
	};
}

const memoryTable = (rows: readonly [string, Memory][]): Table => ({
	title: "Firmware for a Cortex-M55: RAM, KiB",
	columns: ["what", "variables", "C stack", "of it used", "heap", "total"],
	rows: rows.map(([name, memory]) => [
		name,
		...[memory.statics, memory.stackSize, memory.stack, memory.heap, total(memory)].map(kilobytes),
	]),
	note: "Heap: what malloc() has taken, XS's stack, slots and chunks included.",
});
