// One thread of the vector runner on Node: takes files, answers with their reports.
import { parentPort } from "node:worker_threads";
import { runFileOnNode } from "./node.js";
import type { Task } from "./pool.js";
import { Report } from "./report.js";

parentPort?.on("message", ({ directory, name, sample, forecast }: Task) => {
	let report = new Report();
	try {
		report = runFileOnNode(directory, name, sample, forecast);
	} catch (error) {
		report.failures.push(error instanceof Error ? error.message : String(error));
	}
	const { passed, failures, skipped } = report;
	parentPort?.postMessage({ passed, failures, skipped });
});
