import { closeSync, existsSync, openSync, renameSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join, posix } from "node:path";
import { closeFile, downloadFile, fileHash, fileHashes, fileSize, uploadFile } from "../client/group/files.js";
import type { Action, Job } from "./command.js";
import { attempt, readBytes } from "./files.js";
import { table, transferSentence, uploadSentence } from "./output.js";
import { UsageError } from "./usage-error.js";

export const get: Action = {
	check: ({ operands }) => void targetOf(operands),
	run: download,
};

export const put: Action = {
	takes: "file",
	check: ({ operands: [file = "", path = ""] }) => {
		if (!existsSync(file) && statSync(path, { throwIfNoEntry: false })?.isFile())
			throw new UsageError(`The file of this machine comes first: files put ${path} ${file}.`);
	},
	run: send,
};

export const status: Action = {
	run: async ({ client, operands, output }) => {
		const path = operands[0]!;
		const bytes = await fileSize(client, path);
		output.say(`${path} has ${bytes} bytes.`);
		output.json({ path, bytes });
	},
};

export const hash: Action = {
	run: async ({ client, operands, options, output }) => {
		const path = operands[0]!;
		const { type, length, hash } = await fileHash(client, path, options.type);
		output.say(`${type} ${hash}`);
		output.json({ path, type, bytes: length, hash });
	},
};

export const hashes: Action = {
	run: async ({ client, output }) => {
		const hashes = await fileHashes(client);
		output.say(...table(hashes.map(({ type, size }) => [type, `${size} bytes`])));
		output.json({ hashes });
	},
};

export const close: Action = {
	run: async ({ client, output }) => {
		await closeFile(client);
		output.say("No file is open.");
		output.json({ closed: true });
	},
};

/** Where a download goes. */
function targetOf([path = "", given = "."]: readonly string[]): string {
	if (!statSync(given, { throwIfNoEntry: false })?.isDirectory()) return given;
	const name = posix.basename(path);
	if (name === "" || name === "." || name === "..") throw new UsageError(`"${path}" names no file: say FILE.`);
	return join(given, name);
}

async function download({ client, operands, options, output }: Job): Promise<void> {
	const target = targetOf(operands);
	const part = `${target}.part`;
	const start = existsSync(part) ? readBytes(part) : new Uint8Array(0);
	const started = Date.now();
	const path = operands[0]!;
	const write = <T>(action: () => T): T => attempt(part, "be written", action);
	let file: number | undefined;
	const onData = (data: Uint8Array, offset: number, total: number): void => {
		file ??= write(() => openSync(part, offset === 0 ? "w" : "a"));
		const open = file;
		write(() => writeSync(open, data));
		output.progress(offset + data.length, total);
	};
	const { window } = options;
	const { size, resumed, repeated } = await downloadFile(client, path, { start, window, onData }).finally(() => {
		if (file !== undefined) closeSync(file);
	});
	if (size === 0) write(() => writeFileSync(part, ""));
	attempt(target, "be written", () => renameSync(part, target));
	const time = Date.now() - started;
	output.say(`${transferSentence("Downloaded", size, time, { resumed, repeated })} It is in ${target}.`);
	output.json({ event: "downloaded", path, file: target, bytes: size, milliseconds: time, resumed, repeated });
}

async function send({ client, operands, options, output, file }: Job): Promise<void> {
	const path = operands[1]!;
	const started = Date.now();
	const onProgress = (offset: number, total: number): void => output.progress(offset, total);
	const result = await uploadFile(client, path, file, { window: options.window, onProgress });
	const time = Date.now() - started;
	output.say(uploadSentence(file.length, time, result));
	output.json({ event: "uploaded", path, bytes: file.length, milliseconds: time, ...result });
}
