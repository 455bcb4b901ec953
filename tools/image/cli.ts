import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { onClosedPipe } from "../closed-pipe.js";
import { type Arguments, type CommandSpec, commandHelp, parseArguments } from "./args.js";
import { createImage, type Signer } from "./create.js";
import { decrypterOf, type EncryptionKey, parseEncryptionKey } from "./encryption.js";
import { ImageError } from "./error.js";
import { type Decrypter, type ImageReport, inspectImage, type NamedKey, refusal } from "./inspect.js";
import { generateKey, type ImageKey, PAIR_TYPES, parseImageKey } from "./keys.js";
import { formatReport } from "./report.js";
import { parseSignArguments, signCommand } from "./sign-options.js";

const PROGRAM = "npm run image --";

const KEY_OPTION = {
	name: "key",
	short: "k",
	values: ["PEM"],
	help: "public or private key to check signatures with; may be repeated",
} as const;
const OFFSET_OPTION = {
	name: "offset",
	values: ["BYTES"],
	help: "where in FILE the image begins, for slots of swap using offset (default 0)",
} as const;

const DECRYPT_OPTION = {
	name: "decrypt",
	values: ["KEY"],
	help: "private key, or AES key in base64, to decrypt an encrypted image with before its hash is checked",
} as const;

const ERASED_OPTION = {
	name: "erased-val",
	short: "R",
	values: ["BYTE"],
	choices: ["0", "0xff"],
	help: "what erased flash reads as (default 0xff)",
} as const;

interface Command extends CommandSpec {
	/** Does it; returns the exit code. */
	readonly run: (args: readonly string[]) => number;
}

const inspect: CommandSpec = {
	name: "inspect",
	summary:
		"Print what an image file, or a whole slot, contains, and check its hash. Exits with 1 if something is wrong.",
	operands: ["FILE"],
	options: [
		KEY_OPTION,
		DECRYPT_OPTION,
		OFFSET_OPTION,
		ERASED_OPTION,
		{ name: "json", help: "print JSON instead of text" },
	],
};

const verify: CommandSpec = {
	name: "verify",
	summary:
		"Check hash and signature of FILE: exit 0 if they are right and the signature by one of the keys, 1 if not. Without a key only the hash counts.",
	operands: ["FILE"],
	options: [KEY_OPTION, DECRYPT_OPTION, OFFSET_OPTION],
};

const keygen: CommandSpec = {
	name: "keygen",
	summary: "Make a key pair and write the private key as PEM (PKCS#8). An existing file is never overwritten.",
	operands: [],
	options: [
		{ name: "key", short: "k", values: ["PEM"], required: true, help: "file to write" },
		{ name: "type", short: "t", values: ["TYPE"], choices: PAIR_TYPES, required: true, help: "kind of key" },
	],
};

const COMMANDS: readonly Command[] = [
	{ ...signCommand("create"), run: (args) => runSign("create", args) },
	{ ...signCommand("sign"), run: (args) => runSign("sign", args) },
	{ ...inspect, run: (args) => runInspect(parseArguments(inspect, args)) },
	{ ...verify, run: (args) => runVerify(parseArguments(verify, args)) },
	{ ...keygen, run: (args) => runKeygen(parseArguments(keygen, args)) },
];

const HELP = `Usage: ${PROGRAM} COMMAND [OPTIONS]

Make and examine MCUboot images.

Commands:
  create, sign  make an image of a binary file, as imgtool sign does
  inspect       print what an image file or a slot contains
  verify        check hash and signature
  keygen        make a key pair

${PROGRAM} COMMAND --help prints the options of a command.
`;

function runSign(name: "sign" | "create", args: readonly string[]): number {
	const { options, operands } = parseSignArguments(
		args,
		{ signer: readSigner, bytes: readBytes, encrypter: readEncryptionKey },
		name,
	);
	const [input = "", output = ""] = operands;
	for (const path of operands) {
		if (/\.hex$/i.test(path)) throw new ImageError(`${path} is Intel HEX by its name; only raw binary is supported.`);
	}
	writeAtomically(output, createImage(readBytes(input), options));
	return 0;
}

function runInspect(args: Arguments): number {
	const [path = ""] = args.operands;
	const report = examine(path, args, readKeys(args));
	print(args.has("json") ? `${JSON.stringify(report, null, "\t")}\n` : formatReport(path, report));
	return report.problems.length > 0 ? 1 : 0;
}

function runVerify(args: Arguments): number {
	const [path = ""] = args.operands;
	const keys = readKeys(args);
	const report = examine(path, args, keys);
	const reason = refusal(report, keys);
	if (reason !== undefined) {
		print(`${reason}\n`);
		return 1;
	}
	const by = report.signatures.filter((signature) => signature.result === "good").at(-1)?.key;
	print(
		[
			by
				? `The image is valid, signed by ${by}.`
				: "The image's hash is right; no key was given to check its signature with.",
			`Image version: ${report.header.version}`,
			`Image digest: ${report.digest?.value}`,
			"",
		].join("\n"),
	);
	return 0;
}

function runKeygen(args: Arguments): number {
	const path = args.text("key")!;
	const pem = generateKey(args.text("type") as (typeof PAIR_TYPES)[number]);
	attempt(path, "be written", () => writeFileSync(path, pem, { mode: 0o600, flag: "wx" }));
	return 0;
}

function examine(path: string, args: Arguments, keys: readonly NamedKey[]): ImageReport {
	const file = readBytes(path);
	const offset = args.integer("offset") ?? 0;
	if (offset > file.length) throw new ImageError(`${path} has only ${file.length} bytes.`);
	const decrypt = args.text("decrypt");
	return inspectImage(file, {
		keys,
		offset,
		erasedValue: args.integer("erased-val") ?? 0xff,
		...(decrypt !== undefined && { decrypter: readDecrypter(decrypt) }),
	});
}

const readKeys = (args: Arguments): NamedKey[] =>
	args.all("key").map(([path = ""]) => ({ name: basename(path), key: readKey(path) }));

const readKey = (path: string): ImageKey => fromFile(path, parseImageKey);
const readEncryptionKey = (path: string): EncryptionKey => fromFile(path, parseEncryptionKey);
const readDecrypter = (path: string): Decrypter => fromFile(path, (text) => decrypterOf(parseEncryptionKey(text)));

function fromFile<Result>(path: string, parse: (text: string) => Result): Result {
	const text = new TextDecoder().decode(readBytes(path));
	try {
		return parse(text);
	} catch (error) {
		throw error instanceof ImageError ? new ImageError(`${path}: ${error.message}`) : error;
	}
}

function readSigner(path: string): Signer {
	const { type, publicKey, sign } = readKey(path);
	if (!sign) throw new ImageError(`${path} is a public key; signing needs the private one.`);
	return { type, publicKey, sign };
}

const readBytes = (path: string): Uint8Array => attempt(path, "be read", () => new Uint8Array(readFileSync(path)));

/** The file is there whole or not at all: written under another name in a directory beside it, then renamed. */
function writeAtomically(path: string, bytes: Uint8Array): void {
	attempt(path, "be written", () => {
		// A device such as /dev/stdout is written to; a rename would put a file in its place.
		if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) return writeFileSync(path, bytes);
		const directory = mkdtempSync(join(dirname(path), ".image-"));
		try {
			const draft = join(directory, "draft");
			writeFileSync(draft, bytes);
			renameSync(draft, path);
		} finally {
			rmSync(directory, { recursive: true, force: true });
		}
	});
}

const REASONS: Readonly<Record<string, string>> = {
	ENOENT: "it does not exist",
	EACCES: "permission denied",
	EISDIR: "it is a directory",
	EEXIST: "it exists already",
	ENOTDIR: "its folder is a file",
	ENOSPC: "the disk is full",
};

function attempt<Result>(path: string, what: string, action: () => Result): Result {
	try {
		return action();
	} catch (error) {
		const code = (error as { code?: string }).code;
		if (code === undefined) throw error;
		const reason = code === "ENOENT" && what === "be written" ? "its folder does not exist" : (REASONS[code] ?? code);
		throw new ImageError(`${path} cannot ${what}: ${reason}.`);
	}
}

const print = (text: string): void => void process.stdout.write(text);

function main(args: readonly string[]): number {
	const [name, ...rest] = args;
	if (name === undefined || name === "--help" || name === "-h") {
		print(HELP);
		return name === undefined ? 2 : 0;
	}
	const command = COMMANDS.find((one) => one.name === name);
	if (!command)
		throw new ImageError(`There is no command "${name}"; the commands are create, sign, inspect, verify and keygen.`);
	if (rest.includes("--help") || rest.includes("-h")) {
		print(commandHelp(PROGRAM, command));
		return 0;
	}
	return command.run(rest);
}

onClosedPipe();
try {
	process.exitCode = main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof ImageError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 2;
}
