import { closeSync, existsSync, openSync, renameSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join, posix } from "node:path";
import { closeFile, downloadFile, fileHash, fileHashes, fileSize, uploadFile } from "../client/group/files.js";
import { ImageError } from "../image/error.js";
import type { Arguments } from "./args.js";
import type { Command, Job } from "./command.js";
import { readFile, withFile } from "./local-file.js";
import { table, transferSentence, uploadSentence } from "./output.js";

export const FILE_COMMANDS: readonly Command[] = [
	{
		name: "files get",
		summary:
			"Fetch the file PATH of the device to FILE (default: its own name, here). A transfer that broke off left FILE.part, and goes on there.",
		operands: ["PATH", "[FILE]"],
		options: [],
		check: (args) => void targetOf(args),
		run: get,
	},
	{
		name: "files put",
		summary: "Send FILE to PATH on the device. A transfer that broke off goes on.",
		operands: ["FILE", "PATH"],
		options: [],
		takes: "file",
		run: put,
	},
	{
		name: "files status",
		summary: "Print the size of the file PATH of the device.",
		operands: ["PATH"],
		options: [],
		run: async ({ client, args, output }) => {
			const path = args.operands[0]!;
			const bytes = await fileSize(client, path);
			output.say(`${path} has ${bytes} bytes.`);
			output.json({ path, bytes });
		},
	},
	{
		name: "files hash",
		summary: "Print a hash of the file PATH of the device.",
		operands: ["PATH"],
		options: [{ name: "type", values: ["TYPE"], help: 'type of the hash, of those that "files hashes" prints' }],
		run: async ({ client, args, output }) => {
			const path = args.operands[0]!;
			const { type, length, hash } = await fileHash(client, path, args.text("type"));
			output.say(`${type} ${hash}`);
			output.json({ path, type, bytes: length, hash });
		},
	},
	{
		name: "files hashes",
		summary: "Print the types of hashes that the device has.",
		operands: [],
		options: [],
		run: async ({ client, output }) => {
			const hashes = await fileHashes(client);
			output.say(...table(hashes.map(({ type, size }) => [type, `${size} bytes`])));
			output.json({ hashes });
		},
	},
	{
		name: "files close",
		summary: "Have the device close the file that it may hold open since the last request.",
		operands: [],
		options: [],
		run: async ({ client, output }) => {
			await closeFile(client);
			output.say("No file is open.");
			output.json({ closed: true });
		},
	},
];

/** Where a download goes. */
function targetOf(args: Arguments): string {
	const [path = "", given = "."] = args.operands;
	if (!statSync(given, { throwIfNoEntry: false })?.isDirectory()) return given;
	const name = posix.basename(path);
	if (name === "" || name === "." || name === "..") throw new ImageError(`"${path}" names no file: say FILE.`);
	return join(given, name);
}

async function get({ client, args, output }: Job): Promise<void> {
	const target = targetOf(args);
	const part = `${target}.part`;
	const start = existsSync(part) ? readFile(part) : new Uint8Array(0);
	const started = Date.now();
	const path = args.operands[0]!;
	const write = <T>(action: () => T): T => withFile(part, "written", action);
	let file: number | undefined;
	const onData = (data: Uint8Array, offset: number, total: number): void => {
		file ??= write(() => openSync(part, offset === 0 ? "w" : "a"));
		const open = file;
		write(() => writeSync(open, data));
		output.progress(offset + data.length, total);
	};
	const { size, resumed } = await downloadFile(client, path, { start, onData }).finally(() => {
		if (file !== undefined) closeSync(file);
	});
	if (size === 0) write(() => writeFileSync(part, ""));
	withFile(target, "written", () => renameSync(part, target));
	const time = Date.now() - started;
	output.say(`${transferSentence("Downloaded", size, time, { resumed, repeated: 0 })} It is in ${target}.`);
	output.json({ event: "downloaded", path, file: target, bytes: size, milliseconds: time, resumed });
}

async function put({ client, args, output, file }: Job): Promise<void> {
	const path = args.operands[1]!;
	const started = Date.now();
	const onProgress = (offset: number, total: number): void => output.progress(offset, total);
	const result = await uploadFile(client, path, file, { onProgress });
	const time = Date.now() - started;
	output.say(uploadSentence(file.length, time, result));
	output.json({ event: "uploaded", path, bytes: file.length, milliseconds: time, ...result });
}
