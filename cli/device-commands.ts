import { auditRecords } from "../client/group/audit.js";
import { groups } from "../client/group/enumeration.js";
import { runShell } from "../client/group/shell.js";
import { statistics, statisticsNames } from "../client/group/statistics.js";
import { eraseStorage } from "../client/group/zephyr.js";
import { ImageError } from "../image/error.js";
import type { Command, Job } from "./command.js";
import { auditLine, kilobytes, table } from "./output.js";

/** What a device tells of itself, and what can be done to it besides updating it. */
export const DEVICE_COMMANDS: readonly Command[] = [
	{
		name: "stat",
		summary: "Print the device's statistics: all of them, or the set NAME.",
		operands: ["[NAME]"],
		options: [],
		run: stat,
	},
	{
		name: "tasks",
		summary: "Print the device's tasks and how much of their stacks they use.",
		operands: [],
		options: [],
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
	},
	{
		name: "pools",
		summary: "Print the device's memory pools.",
		operands: [],
		options: [],
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
	},
	{
		name: "time",
		summary:
			"Print the device's date and time. With TIME, set it first: YYYY-MM-DDThh:mm:ss, or \"now\" for this machine's, in UTC.",
		operands: ["[TIME]"],
		options: [],
		run: async ({ client, args, output }) => {
			const [time] = args.operands;
			if (time !== undefined) await client.setDateTime(time === "now" ? new Date().toISOString().slice(0, 19) : time);
			const now = await client.dateTime();
			output.say(now);
			output.json({ time: now });
		},
	},
	{
		name: "shell",
		summary: "Run a command line on the device's shell and print what it prints.",
		operands: ["WORD..."],
		options: [],
		run: shell,
	},
	{
		name: "groups",
		summary: "Print the groups of commands that the device has.",
		operands: [],
		options: [],
		run: async ({ client, output }) => {
			const found = await groups(client);
			const rows = found.map(({ id, name = "", handlers }) => [
				`${id}`,
				name,
				handlers ? `commands ${handlers > 1 ? `0 to ${handlers - 1}` : "0"}` : "",
			]);
			output.say(...table(rows));
			output.json({ groups: found });
		},
	},
	{
		name: "audit",
		summary: "Print the device's record of write requests, the newest last.",
		operands: [],
		options: [{ name: "last", values: ["N"], help: "print only the N newest records (default: all)" }],
		run: async ({ client, args, output }) => {
			const records = (await auditRecords(client, args.integer("last"))).reverse();
			if (records.length === 0) output.say("There is no record.");
			output.say(...table(records.map(auditLine)));
			for (const record of records) output.json(record);
		},
	},
	{
		name: "erase-storage",
		summary: "Erase the device's storage area, and with it all saved settings.",
		operands: [],
		options: [],
		run: async ({ client, output }) => {
			await eraseStorage(client);
			output.say("The storage area is erased.");
			output.json({ erased: "storage" });
		},
	},
	{
		name: "console-echo",
		summary: "Turn the echo of the device's console on or off.",
		operands: ["on/off"],
		options: [],
		check: ({ operands: [word] }) => {
			if (word !== "on" && word !== "off") throw new ImageError(`console-echo is on or off, not "${word}".`);
		},
		run: async ({ client, args, output }) => {
			const on = args.operands[0] === "on";
			await client.setConsoleEcho(on);
			output.say(`The console ${on ? "echoes" : "does not echo"}.`);
			output.json({ echo: on });
		},
	},
];

async function stat({ client, args, output }: Job): Promise<void> {
	const [wanted] = args.operands;
	for (const name of wanted === undefined ? await statisticsNames(client) : [wanted]) {
		const counters = await statistics(client, name);
		output.say(name, ...table(Object.entries(counters).map(([counter, count]) => [`  ${counter}`, `${count}`])));
		output.json({ name, counters });
	}
}

async function shell({ client, args, output }: Job): Promise<void> {
	const timeout = args.integer("timeout");
	const patience = timeout === undefined ? undefined : { timeout: timeout * 1000, tries: 1 };
	const result = await runShell(client, args.operands, patience);
	const lines = result.output.trim();
	if (lines !== "") output.say(...lines.split(/\r?\n/));
	output.json(result);
	if (result.status !== 0) throw new Error(`the command line has failed: the shell returns ${result.status}`);
}
