import { readdirSync, readFileSync } from "node:fs";
import { NoAnswerError, type Parameters, SmpClient, SmpResponseError } from "../client/client.js";
import { Rc } from "../modules/smp/errors.js";
import { update } from "../test/clients/images.js";
import { deviceProcess } from "../test/fuzz/sim.js";
import { Simulator } from "../tools/simulator.js";
import { median } from "./mps3.js";
import type { Benchmark, Table } from "./table.js";

/** Size of the uploaded file, bytes: a quarter of a minute at 115200 baud. */
const FILE = 128 * 1024;

/** Each server has its turn this often. */
const ROUNDS = 7;

/** Requests of one kind in a turn. */
const ECHOES = 300;
const LISTS = 20;

/** What an operation took, seconds: each of a turn, on an average, and of the processor if that is known. */
interface Sample {
	readonly each: readonly number[];
	readonly seconds: number;
	readonly processor: number | undefined;
}

/** What each server has to do. */
interface Task {
	readonly name: string;
	/** Operations in a turn. */
	readonly operations: number;
	/** Bytes that an operation moves, where its speed counts. */
	readonly bytes?: number;
	/** Whether it takes the image group, which a server may lack. */
	readonly images?: true;
	run(client: SmpClient, file: Uint8Array): Promise<unknown>;
}

const TASKS: readonly Task[] = [
	...[16, 400].map((length) => ({
		name: `echo of ${length} bytes`,
		operations: ECHOES,
		run: (client: SmpClient) => client.echo("e".repeat(length)),
	})),
	{ name: "image list", operations: LISTS, images: true, run: (client) => client.images() },
	{
		name: "upload, one packet at a time",
		operations: 1,
		bytes: FILE,
		images: true,
		run: (client, file) => client.upload(file, { window: 1 }),
	},
	{ name: "upload", operations: 1, bytes: FILE, images: true, run: (client, file) => client.upload(file) },
];

/** Whether the server has the image group. Rejects with a `NoAnswerError` if nobody is there. */
async function hasImages(client: SmpClient): Promise<boolean> {
	try {
		await client.images();
		return true;
	} catch (error) {
		if (error instanceof SmpResponseError && error.group === undefined && error.code === Rc.NOT_SUPPORTED) return false;
		throw error;
	}
}

class Contender {
	readonly client: SmpClient;
	readonly #samples = new Map<Task, Sample[]>();
	readonly #pid: number | undefined;

	constructor(client: SmpClient, pid: number | undefined) {
		this.client = client;
		this.#pid = pid;
	}

	async turn(task: Task, file: Uint8Array): Promise<void> {
		const { operations, run } = task;
		const before = this.#processor();
		const each: number[] = [];
		const started = performance.now();
		for (let i = 0, last = started; i < operations; i++) {
			await run(this.client, file);
			const now = performance.now();
			each.push((now - last) / 1000);
			last = now;
		}
		const seconds = (performance.now() - started) / 1000 / operations;
		const processor = before === undefined ? undefined : (this.#processor()! - before) / operations;
		this.#samples.set(task, [...this.#of(task), { each, seconds, processor }]);
	}

	/** The median over the turns. */
	seconds(task: Task): number {
		return median(this.#of(task).map(({ seconds }) => seconds));
	}

	/** What one in a hundred operations exceeds. */
	slowest(task: Task): number {
		const all = this.#of(task)
			.flatMap(({ each }) => each)
			.sort((a, b) => a - b);
		return all[Math.floor(all.length * 0.99)]!;
	}

	/** The median over the turns; undefined if the process is not known. */
	processor(task: Task): number | undefined {
		const samples = this.#of(task).map(({ processor }) => processor);
		return samples.includes(undefined) ? undefined : median(samples as number[]);
	}

	#of(task: Task): readonly Sample[] {
		return this.#samples.get(task) ?? [];
	}

	/** Seconds of the processor that all threads of the process have had (Linux, Documentation/scheduler/sched-stats). */
	#processor(): number | undefined {
		if (this.#pid === undefined) return undefined;
		const folder = `/proc/${this.#pid}/task`;
		const times = readdirSync(folder).map((id) =>
			Number(readFileSync(`${folder}/${id}/schedstat`, "utf8").split(" ")[0]),
		);
		return times.reduce((sum, time) => sum + time, 0) / 1e9;
	}
}

/** The same requests by the same client to another server and to the simulator, in turn. */
export const against: Benchmark = {
	name: "against",
	summary: "another SMP server beside the simulator, on the same kind of line; overwrites its secondary slot",
	needsRival: true,
	run: async (rival) => {
		if (!rival) return [];
		const pace = rival.baud === undefined ? [] : ["--baud", String(rival.baud)];
		const simulator = await Simulator.start(["--images", "1", ...pace]);
		const contenders: Contender[] = [];
		try {
			contenders.push(new Contender(new SmpClient(await rival.open()), rival.pid));
			const device = deviceProcess(simulator.process.pid!);
			contenders.push(new Contender(new SmpClient(rival.openSimulator(simulator)), device));
			return [await compare(rival.name, contenders)];
		} finally {
			for (const { client } of contenders) client.close();
			await simulator.stop();
		}
	},
};

async function compare(name: string, contenders: readonly Contender[]): Promise<Table> {
	const buffers = [];
	for (const { client } of contenders) buffers.push(await buffersOf(client));
	let images = true;
	for (const { client } of contenders) images &&= await hasImages(client);
	const tasks = TASKS.filter((task) => images || !task.images);
	for (let round = 0; round < ROUNDS; round++)
		for (const [number, task] of tasks.entries()) {
			// Another file each time: a server may know one that it has.
			const { file } = update(`0.${round + 1}.${number}`, FILE);
			for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse())
				await contender.turn(task, file);
		}
	const [other, ours] = contenders as [Contender, Contender];
	const rows = tasks.flatMap((task) => {
		const { name, bytes } = task;
		const rate = (contender: Contender): number => (bytes ?? 0) / 1024 / contender.seconds(task);
		const milliseconds = (contender: Contender): number => 1000 * contender.seconds(task);
		const slowest = (contender: Contender): number => 1000 * contender.slowest(task);
		const processor = (contender: Contender): number | undefined => {
			const seconds = contender.processor(task);
			return seconds === undefined ? undefined : 1000 * seconds;
		};
		return [
			bytes === undefined
				? row(`${name}, ms`, milliseconds(other), milliseconds(ours))
				: row(`${name}, KiB/s`, rate(other), rate(ours)),
			...(task.operations === ECHOES ? [row(`${name}, 99th percentile, ms`, slowest(other), slowest(ours))] : []),
			row(`${name}, processor, ms`, processor(other), processor(ours)),
		];
	});
	return {
		title: `Another SMP server beside the simulator: ${name}`,
		columns: ["what", "other", "simulator", "other / simulator"],
		rows: [["buffers", ...buffers, null], ...rows],
		note:
			`Medians of ${ROUNDS} turns each. Processor: all threads of the server's process, and of the kernel for it.` +
			(images ? "" : " The other server has no image group, which is not compared."),
	};
}

const rounded = (value: number): number => Number(value.toPrecision(3));

const row = (name: string, other: number | undefined, ours: number | undefined): Table["rows"][number] => [
	name,
	other === undefined ? null : rounded(other),
	ours === undefined ? null : rounded(ours),
	other === undefined || ours === undefined ? null : rounded(other / ours),
];

/** Rejects with a `NoAnswerError` if nobody is there. */
async function buffersOf(client: SmpClient): Promise<string> {
	try {
		const { bufferCount, bufferSize }: Parameters = await client.parameters();
		return `${bufferCount} of ${bufferSize}`;
	} catch (error) {
		if (error instanceof NoAnswerError) throw error;
		return "not told";
	}
}
