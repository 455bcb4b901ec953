import { auditRecords } from "../client/group/audit.js";
import { boots, leaveSafeMode, safeMode as readSafeMode, safeModeWords } from "../client/group/boot-journal.js";
import { groups as readGroups } from "../client/group/enumeration.js";
import { runShell } from "../client/group/shell.js";
import { statistics, statisticsNames } from "../client/group/statistics.js";
import { eraseStorage as erase } from "../client/group/zephyr.js";
import { hexOf } from "../modules/bytes/hex.js";
import type { Action, Job } from "./command.js";
import { quote } from "./command-line.js";
import { auditLine, bootTable, kilobytes, table } from "./output.js";
import { UsageError } from "./usage-error.js";

export const echo: Action = {
	run: async ({ client, operands, output }) => {
		const text = await client.echo(operands.join(" "));
		output.say(text);
		output.json({ text });
	},
};

export const stat: Action = {
	run: printStatistics,
};

export const tasks: Action = {
	run: async ({ client, output }) => {
		const tasks = await client.tasks();
		const words = (count: number): string => kilobytes(4 * count);
		output.say(
			...table([
				["task", "priority", "state", "stack used", "of"],
				...tasks.map((task) => [
					task.name,
					`${task.priority}`,
					`${task.state}`,
					words(task.stackUsed),
					words(task.stackSize),
				]),
			]),
		);
		output.json({ tasks });
	},
};

export const pools: Action = {
	run: async ({ client, output }) => {
		const pools = await client.pools();
		output.say(
			...table([
				["pool", "block bytes", "blocks", "free", "least free"],
				...pools.map((pool) => [
					pool.name,
					...[pool.blockSize, pool.blocks, pool.free, pool.leastFree].map((count) => `${count}`),
				]),
			]),
		);
		output.json({ pools });
	},
};

export const time: Action = {
	run: async ({ client, operands, output }) => {
		const [time] = operands;
		if (time !== undefined) await client.setDateTime(time === "now" ? new Date().toISOString().slice(0, 19) : time);
		const now = await client.dateTime();
		output.say(now);
		output.json({ time: now });
	},
};

export const shell: Action = {
	run: runWords,
};

export const groups: Action = {
	run: async ({ client, output }) => {
		const found = await readGroups(client);
		const rows = found.map(({ id, name = "", handlers }) => [
			`${id}`,
			name,
			handlers ? `commands ${handlers > 1 ? `0 to ${handlers - 1}` : "0"}` : "",
		]);
		output.say(...table(rows));
		output.json({ groups: found });
	},
};

export const audit: Action = {
	run: async ({ client, options, output }) => {
		const records = (await auditRecords(client, options.last)).reverse();
		if (records.length === 0) output.say("There is no record.");
		output.say(...table(records.map(auditLine)));
		for (const record of records) output.json(record);
	},
};

export const history: Action = {
	run: async ({ client, options, output }) => {
		const entries = await boots(client, options.last);
		output.say(...bootTable(entries));
		for (const entry of [...entries].reverse())
			output.json({ ...entry, images: entry.images.map((image) => ({ ...image, hash: hexOf(image.hash) })) });
	},
};

export const safeMode: Action = {
	check: ({ operands: [word] }) => {
		if (word !== undefined && word !== "leave")
			throw new UsageError(`safe-mode takes the word leave, or none, not ${quote(word)}.`);
	},
	run: async ({ client, operands, output }) => {
		if (operands[0] === "leave") await leaveSafeMode(client);
		const safe = await readSafeMode(client);
		output.say(safe ? `The device runs in ${safeModeWords(safe)}.` : "The device is not in safe mode.");
		if (safe) output.say(safe.left ? "The next start runs the application." : '"xs-smp safe-mode leave" ends it.');
		output.json({ safeMode: safe ?? null });
	},
};

export const eraseStorage: Action = {
	run: async ({ client, output }) => {
		await erase(client);
		output.say("The storage area is erased.");
		output.json({ erased: "storage" });
	},
};

export const consoleEcho: Action = {
	check: ({ operands: [word] }) => {
		if (word !== "on" && word !== "off") throw new UsageError(`console-echo is on or off, not "${word}".`);
	},
	run: async ({ client, operands, output }) => {
		const on = operands[0] === "on";
		await client.setConsoleEcho(on);
		output.say(`The console ${on ? "echoes" : "does not echo"}.`);
		output.json({ echo: on });
	},
};

async function printStatistics({ client, operands, output }: Job): Promise<void> {
	const [wanted] = operands;
	for (const name of wanted === undefined ? await statisticsNames(client) : [wanted]) {
		const counters = await statistics(client, name);
		output.say(name, ...table(Object.entries(counters).map(([counter, count]) => [`  ${counter}`, `${count}`])));
		output.json({ name, counters });
	}
}

async function runWords({ client, operands, options, output }: Job): Promise<void> {
	const timeout = options.timeout;
	const patience = timeout === undefined ? undefined : { timeout: timeout * 1000, tries: 1 };
	const result = await runShell(client, operands, patience);
	const lines = result.output.trim();
	if (lines !== "") output.say(...lines.split(/\r?\n/));
	output.json(result);
	if (result.status !== 0) throw new Error(`the command line has failed: the shell returns ${result.status}`);
}
