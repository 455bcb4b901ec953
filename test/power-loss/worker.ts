// One thread of the power-loss laboratory: takes scenarios, answers with what became of them.
import { parentPort } from "node:worker_threads";
import type { Task } from "./pool.js";
import { anyScenarioNamed, benchFor } from "./run.js";

parentPort?.on("message", ({ scenario: id, extent, mutant }: Task) => {
	const scenario = anyScenarioNamed(id);
	if (!scenario) throw new RangeError(`no scenario is called ${id}`);
	parentPort?.postMessage(benchFor(scenario, mutant).sweep(extent));
});
