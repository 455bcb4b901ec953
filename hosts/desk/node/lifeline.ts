import { readFileSync } from "node:fs";

/** Process id of the parent, and name, from procfs. */
function parentOf(pid: number): { name: string; parent: number } | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		const [, name = "", parent = "0"] = /\((.*)\) \S (\d+)/s.exec(stat) ?? [];
		return { name, parent: Number(parent) };
	} catch {
		return undefined;
	}
}

/** Commands of npm that start a device: scripts of package.json, and `npx xs-smp sim`. */
const NPM_EVENTS: readonly string[] = ["start", "mps3", "self-confirm", "npx"];

/**
 * The processes that this one must not outlive. Under npm these are npm and the shell between: npm passes a
 * signal on to the shell only, and a shell that dies of it leaves its child running. Started by hand: none, so that
 * `nohup` and the like do what they say.
 */
export function lifelines(): number[] {
	if (!NPM_EVENTS.includes(process.env["npm_lifecycle_event"] ?? "")) return [];
	const parent = parentOf(process.ppid);
	return parent && /^(ba|da)?sh$/.test(parent.name) ? [process.ppid, parent.parent] : [process.ppid];
}

/** False where reading from the terminal would stop this process: it is in the background of a shell. */
export function mayReadTerminal(): boolean {
	try {
		const stat = readFileSync("/proc/self/stat", "utf8");
		const [, group, , , foreground] = /\) \S \d+ (\d+) (\d+) (\d+) (-?\d+)/.exec(stat) ?? [];
		return group === foreground;
	} catch {
		return true;
	}
}
