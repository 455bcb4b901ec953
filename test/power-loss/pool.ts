import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Extent, SweepResult } from "./sweep.js";

/** One scenario to sweep, in a thread. */
export interface Task {
	/** Id of the scenario. */
	readonly scenario: string;
	readonly extent: Extent;
	/** Name of the mistake that the device is to have. */
	readonly mutant?: string;
}

/**
 * Sweeps scenarios in as many threads as there are processors. `report` gets each result as it comes, in any order. A thread
 * that throws ends everything.
 */
export async function sweepAll(tasks: readonly Task[], report: (result: SweepResult) => void): Promise<void> {
	const queue = tasks.values();
	const threads = Array.from(
		{ length: Math.min(availableParallelism(), tasks.length) },
		() => new Worker(new URL("./worker.js", import.meta.url)),
	);
	const work = async (thread: Worker): Promise<void> => {
		for (const task of queue) report(await ask(thread, task));
	};
	try {
		await Promise.all(threads.map(work));
	} finally {
		await Promise.all(threads.map((thread) => thread.terminate()));
	}
}

const ask = (thread: Worker, task: Task): Promise<SweepResult> =>
	new Promise((resolve, reject) => {
		thread.once("error", reject);
		thread.once("message", (result: SweepResult) => {
			thread.off("error", reject);
			resolve(result);
		});
		thread.postMessage(task);
	});
