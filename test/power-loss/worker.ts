// One thread of the power-loss laboratory: takes scenarios, answers with what became of them.
import { parentPort } from "node:worker_threads";
import { mutantNamed } from "./mutants.js";
import type { Task } from "./pool.js";
import { scenarioNamed } from "./scenario.js";
import { Bench } from "./sweep.js";

parentPort?.on("message", ({ scenario: id, extent, mutant }: Task) => {
	const scenario = scenarioNamed(id);
	if (!scenario) throw new RangeError(`no scenario is called ${id}`);
	const bench = new Bench(scenario, mutant === undefined ? undefined : mutantNamed(mutant));
	parentPort?.postMessage(bench.sweep(extent));
});
