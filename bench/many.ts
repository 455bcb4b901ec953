import { readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SmpClient } from "../client/client.js";
import { udpLink } from "../client/node/udp.js";
import { type Device, startDevice } from "../hosts/desk/node/device.js";
import { parseOptions } from "../hosts/desk/node/options.js";
import { update } from "../test/clients/images.js";
import { freshDirectory, Simulator } from "../tools/simulator.js";
import { median } from "./mps3.js";
import type { Benchmark, Table } from "./table.js";

/** How many without `--devices`, and at most. */
export const DEVICES = 200;
export const MOST_DEVICES = 1000;

/** Size of the file that each device gets, bytes. */
const FILE = 64 * 1024;

/** Devices that start at the same time: more would wait for a processor, and not for themselves. */
const AT_ONCE = 2 * availableParallelism();

/** How long nobody asks anything of the devices, milliseconds. */
const IDLE = 3000;

/** An answer may wait for the work of all the others, milliseconds. */
const PATIENCE = { timeout: 60_000, tries: 2 };

/** Clock ticks of /proc a second (sysconf(_SC_CLK_TCK), which is 100 on every Linux). */
const TICKS = 100;

interface Running {
	readonly udp: string;
	readonly device: Device;
	/** From the order to start until it answers. */
	readonly seconds: number;
}

/** Starts one device, with files of this number. Rejects with its refusal. */
async function start(directory: string, number: number): Promise<Running> {
	const files = ["--flash", join(directory, `${number}.bin`), "--serial", join(directory, `${number}`)];
	const options = parseOptions([...files, "--udp", "0", "--images", "1"]);
	const started = performance.now();
	return new Promise((resolve, reject) => {
		const device = startDevice(options, (event) => {
			if (event.event === "ready") resolve({ udp: event.udp!, device, seconds: secondsSince(started) });
		});
		void device.ended.then((failure) => reject(failure ?? new Error("a device ended before it was ready")));
	});
}

const secondsSince = (started: number): number => (performance.now() - started) / 1000;

/** What one thing took that all devices did: each of them, and all together, seconds. */
interface Timed<T> {
	readonly results: readonly T[];
	readonly seconds: number;
}

/** Does something for each number below `count`, for so many of them at a time. */
async function forEach<T>(count: number, atOnce: number, action: (number: number) => Promise<T>): Promise<Timed<T>> {
	const started = performance.now();
	const results: T[] = [];
	let next = 0;
	const work = async (): Promise<void> => {
		while (next < count) results.push(await action(next++));
	};
	await Promise.all(Array.from({ length: atOnce }, work));
	return { results, seconds: secondsSince(started) };
}

const startAll = (directory: string, count: number): Promise<Timed<Running>> =>
	forEach(count, AT_ONCE, (number) => start(directory, number));

const uploadAll = (devices: readonly Running[], file: Uint8Array): Promise<Timed<number>> =>
	forEach(devices.length, devices.length, async (number) => {
		const client = new SmpClient(udpLink(devices[number]!.udp), PATIENCE);
		const started = performance.now();
		try {
			await client.upload(file);
		} finally {
			client.close();
		}
		return secondsSince(started);
	});

async function stopAll(devices: readonly Running[]): Promise<void> {
	for (const { device } of devices) device.quit();
	await Promise.all(devices.map(({ device }) => device.ended));
}

const proc = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");

const childrenOf = (pid: number): number[] => proc(pid, `task/${pid}/children`).split(" ").filter(Boolean).map(Number);

/** The processes of the devices that this process has started, by kind. */
function processes(): { readonly supervisors: readonly number[]; readonly devices: readonly number[] } {
	const supervisors = childrenOf(process.pid).filter((pid) => proc(pid, "comm").startsWith("xs-smp-sim"));
	return { supervisors, devices: supervisors.flatMap(childrenOf) };
}

/** Processor time that processes have taken, kernel included, seconds. */
const processorOf = (pids: readonly number[]): number =>
	pids.reduce((sum, pid) => {
		const [, , , , , , , , , , , user, system] = proc(pid, "stat")
			.replace(/^.*\) /s, "")
			.split(" ");
		return sum + (Number(user) + Number(system)) / TICKS;
	}, 0);

const MEMORY = ["Rss", "Pss", "Private_Dirty"] as const;

/** Memory of a process of a kind, on average, KiB: resident; with its share of what others have too; its own alone. */
function memoryRow(name: string, pids: readonly number[]): Table["rows"][number] {
	const texts = pids.map((pid) => proc(pid, "smaps_rollup"));
	const averages = MEMORY.map((field) => {
		const sizes = texts.map((text) => Number(new RegExp(`^${field}: +(\\d+) kB$`, "m").exec(text)?.[1] ?? 0));
		return Math.round(sizes.reduce((sum, size) => sum + size, 0) / pids.length);
	});
	return [name, ...averages];
}

/** The memory of a command line, which is a process of Node that each device has when it is started by hand. */
async function commandLineRow(): Promise<Table["rows"][number]> {
	const simulators = await Promise.all(Array.from({ length: 4 }, () => Simulator.start(["--images", "1"])));
	try {
		return memoryRow(
			"command line of its own (Node)",
			simulators.map((simulator) => simulator.process.pid!),
		);
	} finally {
		await Promise.all(simulators.map((simulator) => simulator.stop()));
	}
}

const rounded = (value: number): number => Number(value.toPrecision(3));

const milliseconds = (seconds: number, devices: number): number => rounded((1000 * seconds) / devices);

function timesRow(what: string, one: number, each: readonly number[], all: number): Table["rows"][number] {
	return [what, rounded(one), rounded(median(each)), rounded(Math.max(...each)), rounded(all)];
}

const seconds = ({ results }: Timed<Running>): number[] => results.map((running) => running.seconds);

async function measure(directory: string, count: number): Promise<readonly Table[]> {
	const { file } = update("0.0.1", FILE);
	const alone = await start(directory, count);
	const uploadAlone = await uploadAll([alone], file);
	await stopAll([alone]);
	const aloneAgain = await start(directory, count);
	await stopAll([aloneAgain]);

	const first = await startAll(directory, count);
	await stopAll(first.results);
	const again = await startAll(directory, count);
	try {
		const { supervisors, devices } = processes();
		const all = [...supervisors, ...devices];
		const begun = processorOf(all);
		const memory = [memoryRow("supervisor", supervisors), memoryRow("device", devices)];
		await sleep(IDLE);
		const idle = processorOf(all);
		const client = process.cpuUsage();
		const uploads = await uploadAll(again.results, file);
		const loaded = processorOf(all);
		const { user, system } = process.cpuUsage(client);
		const afterwards = memoryRow("device after an upload", devices);
		const rate = (one: number, devices: number): number => rounded((devices * file.length) / 1024 / one);
		return [
			{
				title: `${count} simulated devices at once`,
				columns: ["what", "one alone", "median", "slowest", `all ${count}`],
				rows: [
					timesRow("start without a flash file, s", alone.seconds, seconds(first), first.seconds),
					timesRow("start again, s", aloneAgain.seconds, seconds(again), again.seconds),
					timesRow(`upload of ${FILE / 1024} KiB, s`, uploadAlone.seconds, uploads.results, uploads.seconds),
					["the same, KiB/s", rate(uploadAlone.seconds, 1), null, null, rate(uploads.seconds, count)],
				],
				note: `${AT_ONCE} start at a time; all upload at the same time, over UDP, to one client program.`,
			},
			{
				title: "Memory of a process, KiB",
				columns: ["process", "RSS", "PSS", "private"],
				rows: [...memory, afterwards, await commandLineRow()],
				note: "PSS has a share of what processes have in common. Private is what nobody else has.",
			},
			{
				title: "Processor time of a device, ms",
				columns: ["what", "ms"],
				rows: [
					["start", milliseconds(begun, count)],
					[`upload of ${FILE / 1024} KiB`, milliseconds(loaded - idle, count)],
					["the same, the client's part", milliseconds((user + system) / 1e6, count)],
					[`nothing for ${IDLE / 1000} s`, milliseconds(idle - begun, count)],
				],
				note: "Kernel included.",
			},
		];
	} finally {
		await stopAll(again.results);
	}
}

/** What many devices need, and what they have to wait for first. */
export const many: Benchmark = {
	name: "many",
	summary: "many simulated devices at once: start, memory, uploads",
	byName: true,
	run: async (_rival, { devices = DEVICES } = {}) => {
		const directory = freshDirectory();
		try {
			return await measure(directory, devices);
		} finally {
			rmSync(directory, { recursive: true, force: true });
		}
	},
};
