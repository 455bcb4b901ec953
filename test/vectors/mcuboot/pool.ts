import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { endsWithUs, freshDirectory } from "../../../tools/simulator.js";
import { toHex } from "./hex.js";
import { readUnpacked, repositoryRoot, unpackBase64 } from "./node.js";
import type { ReportData } from "./report.js";
import type { Sample } from "./scenario.js";

/** One vector file to run. */
export interface Task {
	readonly directory: string;
	readonly name: string;
	readonly sample: Sample;
	/** Whether every boot is also compared with what was forecast of it. On Node only. */
	readonly forecast?: boolean;
}

const XS_MODULE = "xs-smp/test/vectors/mcuboot/xs";

/** The program that runs modules on XS. */
export const xsrun = (): string => join(repositoryRoot(), "build/xsrun");

/** Runs each task by `runOne`, as many at a time as there are processors, large files first. */
function spread(
	tasks: readonly Task[],
	runners: readonly ((task: Task) => Promise<ReportData>)[],
): Promise<ReportData>[] {
	const size = ({ directory, name }: Task): number => statSync(join(directory, name)).size;
	const queue = tasks.map((task, index) => ({ task, index, size: size(task) })).sort((a, b) => b.size - a.size);
	const settle: ((report: ReportData) => void)[] = [];
	const reports = tasks.map((_, index) => new Promise<ReportData>((resolve) => (settle[index] = resolve)));
	for (const runOne of runners)
		void (async () => {
			for (let next = queue.shift(); next; next = queue.shift()) settle[next.index]?.(await runOne(next.task));
		})();
	return reports;
}

/** Runs files on Node, in threads. The reports come in the order of the tasks; `close` ends the threads. */
export function runOnNode(tasks: readonly Task[]): { reports: Promise<ReportData>[]; close(): Promise<void> } {
	const workers = Array.from(
		{ length: Math.min(availableParallelism(), tasks.length) },
		() => new Worker(new URL("./worker.js", import.meta.url)),
	);
	const runners = workers.map(
		(worker) =>
			(task: Task): Promise<ReportData> =>
				new Promise((resolve) => {
					const fail = (error: Error): void => resolve({ passed: 0, failures: [error.message], skipped: [] });
					worker.once("error", fail);
					worker.once("message", (report: ReportData) => {
						worker.off("error", fail);
						resolve(report);
					});
					worker.postMessage(task);
				}),
	);
	return {
		reports: spread(tasks, runners),
		close: async () => {
			await Promise.all(workers.map((worker) => worker.terminate()));
		},
	};
}

/** Runs files on XS, each in a process of its own, from unpacked copies that `close` removes. */
export function runOnXS(tasks: readonly Task[]): { reports: Promise<ReportData>[]; close(): Promise<void> } {
	const temporary = freshDirectory();
	const copies = new Map<string, string>();
	const copyOf = (directory: string): string => {
		let copy = copies.get(directory);
		if (copy === undefined) {
			copy = join(temporary, String(copies.size));
			unpackDirectory(directory, copy);
			copies.set(directory, copy);
		}
		return copy;
	};
	const runOne = ({ directory, name, sample }: Task): Promise<ReportData> =>
		new Promise((resolve) => {
			const path = join(copyOf(directory), name);
			const command = [XS_MODULE, `--sample=${sample ?? "all"}`, path];
			const child = endsWithUs(spawn(xsrun(), command, { stdio: ["ignore", "pipe", "pipe"] }));
			let output = "";
			let errors = "";
			child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
			child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
			child.once("error", (error) => resolve({ passed: 0, failures: [error.message], skipped: [] }));
			child.once("close", (code) => {
				try {
					resolve(JSON.parse(output) as ReportData);
				} catch {
					const words = `${output}${errors}`.trim();
					resolve({ passed: 0, failures: [`XS ended with code ${code}: ${words}`], skipped: [] });
				}
			});
		});
	const runners = Array.from({ length: Math.min(availableParallelism(), tasks.length) }, () => runOne);
	return {
		reports: spread(tasks, runners),
		close: async () => rmSync(temporary, { recursive: true, force: true }),
	};
}

/** Copies vector files and what they name, everything unpacked, images in hexadecimal, texts in ASCII. */
function unpackDirectory(from: string, to: string): void {
	mkdirSync(to, { recursive: true });
	for (const entry of readdirSync(from, { withFileTypes: true })) {
		const path = join(from, entry.name);
		const target = join(to, entry.name.replace(/\.gz$/, ""));
		if (entry.isDirectory()) unpackDirectory(path, target);
		else if (entry.name.endsWith(".json")) writeFileSync(target, plainJson(readFileSync(path, "utf8")));
		else writeFileSync(target, readUnpacked(path));
	}
}

/** What is no JSON stays as it is, for XS to complain about. */
function plainJson(text: string): string {
	const unpackImages = (key: string, value: unknown): unknown =>
		key === "image_gz_base64" ? toHex(unpackBase64(String(value))) : value;
	let plain = text;
	try {
		plain = JSON.stringify(JSON.parse(text), unpackImages);
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
	}
	return plain.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
