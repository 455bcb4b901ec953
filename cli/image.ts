import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type Signer, signImage, vectorToSign } from "../image/create.js";
import { decrypterOf, type EncryptionKey, parseEncryptionKey } from "../image/encryption.js";
import { ImageError } from "../image/error.js";
import { type Decrypter, type ImageReport, inspectImage, type NamedKey, refusal } from "../image/inspect.js";
import { encodeIntelHex } from "../image/intel-hex.js";
import { generateKey, type ImageKey, PAIR_TYPES, parseImageKey } from "../image/keys.js";
import { formatReport } from "../image/report.js";
import { fillSlot, slotSegments } from "../image/slot.js";
import { verifyImage } from "../image/verify.js";
import { hex } from "../modules/bytes/hex.js";
import { type Arguments, type Command, type CommandSpec, commandHelp, parseArguments } from "./args.js";
import { onClosedPipe } from "./closed-pipe.js";
import { attempt, fromText, isHexName, readBinary, readBytes, writeAtomically } from "./files.js";
import { KEY_COMMANDS } from "./key-commands.js";
import { parseSignArguments, type SignRequest, signCommand } from "./sign-options.js";

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
	help: "offset of the image in FILE, for slots of swap using offset (default 0)",
} as const;

const DECRYPT_OPTION = {
	name: "decrypt",
	values: ["KEY"],
	help: "private key, or AES key in base64, that decrypts the image before its hash is checked",
} as const;

const ERASED_OPTION = {
	name: "erased-val",
	short: "R",
	values: ["BYTE"],
	choices: ["0", "0xff"],
	help: "value of an erased byte of flash (default 0xff)",
} as const;

/** Commands that imgtool has and this tool has not, and what does the same. */
const INSTEAD: Readonly<Record<string, string>> = {
	dumpinfo: "inspect prints the same, and inspect --json as data",
	getpriv: "boot loaders here take the PEM file itself, and openssl pkey -outform DER gives the bytes",
	version: "this tool has the version of the package it is in",
};

const inspect: CommandSpec = {
	name: "inspect",
	summary:
		"Print the contents of an image file or of a whole slot, and check the hash. The exit code is 1 if something is wrong.",
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
		"Check the hash and the signature of FILE. The exit code is 0 if both are right and one of the keys made the signature, else 1. Without a key only the hash counts.",
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
		{ name: "password", short: "p", absent: "keys are written unencrypted, readable by their owner alone", help: "" },
	],
};

const COMMANDS: readonly Command[] = [
	{ ...signCommand("create"), run: (args) => runSign("create", args) },
	{ ...signCommand("sign"), run: (args) => runSign("sign", args) },
	{ ...inspect, run: (args) => runInspect(parseArguments(inspect, args)) },
	{ ...verify, run: (args) => runVerify(parseArguments(verify, args)) },
	{ ...keygen, run: (args) => runKeygen(parseArguments(keygen, args)) },
	...KEY_COMMANDS,
];

const HELP = `Usage: ${PROGRAM} COMMAND [OPTIONS]

Make and examine MCUboot images.

Commands:
  create, sign  make an image from a binary file, as imgtool sign does
  inspect       print the contents of an image file or of a slot
  verify        check hash and signature
  keygen        make a key pair
  getpub        print a public key for a boot loader's source
  getpubhash    print the SHA-256 of a public key
  keyinfo       print whether a key is private or public

${PROGRAM} COMMAND --help prints the options of a command.
`;

function runSign(name: "sign" | "create", args: readonly string[]): number {
	const files = { signer: readSigner, bytes: readBytes, encrypter: readEncryptionKey, fixed: fixedSigner };
	const request = parseSignArguments(args, files, name);
	const { options, vectorToSign: vector, signatureOut } = request;
	const [input = "", output = ""] = request.operands;
	const { bytes, address } = readBinary(input);
	if (vector !== undefined) {
		if (options.pad) throw new ImageError("--vector-to-sign writes no image, so that there is nothing to pad.");
		if (signatureOut !== undefined)
			throw new ImageError("--sig-out needs a signature, and --vector-to-sign makes none.");
		writeAtomically(output, vectorToSign(bytes, options, vector));
		return 0;
	}
	const { image, signature } = signImage(bytes, options);
	if (signatureOut !== undefined && !signature) throw new ImageError("--sig-out needs a signature: give --key.");
	writeAtomically(
		output,
		isHexName(output)
			? encodeIntelHex(slotSegments(image, hexAddress(output, request, address), options))
			: fillSlot(image, options),
	);
	if (signatureOut !== undefined && signature) {
		writeAtomically(signatureOut, Buffer.from(signature).toString("base64"));
	}
	return 0;
}

/** Where the image begins: the header that is put in front of an input lies below its address. */
function hexAddress(output: string, { hexAddress: wanted, options }: SignRequest, input: number | undefined): number {
	if (wanted !== undefined) return wanted;
	if (input === undefined) throw new ImageError(`${output} is Intel HEX and needs an address: give --hex-addr.`);
	// imgtool leaves an input at 0 there.
	const address = input === 0 || !options.padHeader ? input : input - options.headerSize;
	if (address >= 0) return address;
	throw new ImageError(`The header does not fit below the input's address ${hex(input)}: give --hex-addr.`);
}

/** A signature made elsewhere, which is refused if it is not one of this image. */
function fixedSigner(path: string, keyPath: string, pure: boolean): Signer {
	const { type, publicKey } = readKey(keyPath);
	const signature = fromText(path, (text) => {
		const digits = text.replace(/\s/g, "");
		if (!/^[A-Za-z0-9+/]+={0,2}$/.test(digits)) throw new ImageError("The signature is not in base64.");
		return new Uint8Array(Buffer.from(digits, "base64"));
	});
	return {
		type,
		publicKey,
		sign(message) {
			if (verifyImage({ type, publicKey }, message, signature, pure)) return signature;
			throw new ImageError(`${path}: The signature is not one of this image by ${keyPath}.`);
		},
	};
}

function runInspect(args: Arguments): number {
	const [path = ""] = args.operands;
	const { report, address } = examine(path, args, readKeys(args));
	const name = address === undefined ? path : `${path} (Intel HEX from ${hex(address)})`;
	print(args.has("json") ? `${JSON.stringify(report, null, "\t")}\n` : formatReport(name, report));
	return report.problems.length > 0 ? 1 : 0;
}

function runVerify(args: Arguments): number {
	const [path = ""] = args.operands;
	const { report } = examine(path, args, readKeys(args));
	const reason = refusal(report);
	if (reason !== undefined) {
		print(`${reason}\n`);
		return 1;
	}
	print(`${[...verdict(report), ""].join("\n")}`);
	return 0;
}

function verdict({ signatures, digest, header, encryption }: ImageReport): string[] {
	const by = signatures.filter((signature) => signature.result === "good").at(-1)?.key;
	const [first] = signatures;
	const lines = [
		by
			? `The image is valid, signed by ${by}.`
			: first
				? `The image's hash is right; its signature was not checked: ${first.reason}.`
				: "The image's hash is right; it is not signed.",
		`Image version: ${header.version}`,
		digest ? `Image digest: ${digest.value}` : "Image digest: none, the signature is over the image",
	];
	for (const { name, meaning } of encryption) lines.push(`Image key: ${name}, ${meaning}`);
	if (header.endian === "big")
		lines.push("Byte order: big-endian; MCUboot on a little-endian processor does not take it");
	return lines;
}

function runKeygen(args: Arguments): number {
	const path = args.text("key")!;
	const pem = generateKey(args.text("type") as (typeof PAIR_TYPES)[number]);
	attempt(path, "be written", () => writeFileSync(path, pem, { mode: 0o600, flag: "wx" }));
	return 0;
}

function examine(
	path: string,
	args: Arguments,
	keys: readonly NamedKey[],
): { report: ImageReport; address: number | undefined } {
	const { bytes: file, address } = readBinary(path);
	const offset = args.integer("offset") ?? 0;
	if (offset > file.length) throw new ImageError(`${path} has only ${file.length} bytes.`);
	const decrypt = args.text("decrypt");
	const report = inspectImage(file, {
		keys,
		offset,
		erasedValue: args.integer("erased-val") ?? 0xff,
		...(decrypt !== undefined && { decrypter: readDecrypter(decrypt) }),
	});
	return { report, address };
}

const readKeys = (args: Arguments): NamedKey[] =>
	args.all("key").map(([path = ""]) => ({ name: basename(path), key: readKey(path) }));

const readKey = (path: string): ImageKey => fromText(path, parseImageKey);

const readEncryptionKey = (path: string, hmacSha: "256" | "512"): EncryptionKey =>
	fromText(path, (text) => parseEncryptionKey(text, hmacSha));

const readDecrypter = (path: string): Decrypter => ({
	...fromText(path, (text) => decrypterOf(parseEncryptionKey(text))),
	name: basename(path),
});

function readSigner(path: string): Signer {
	const { type, publicKey, sign } = readKey(path);
	if (!sign) throw new ImageError(`${path} is a public key; signing needs the private one.`);
	return { type, publicKey, sign };
}

const print = (text: string): void => void process.stdout.write(text);

function main(args: readonly string[]): number {
	const [name, ...rest] = args;
	if (name === undefined || name === "--help" || name === "-h") {
		print(HELP);
		return name === undefined ? 2 : 0;
	}
	const command = COMMANDS.find((one) => one.name === name);
	if (!command) {
		const instead = INSTEAD[name];
		if (instead !== undefined) throw new ImageError(`${name} is not supported: ${instead}.`);
		const names = COMMANDS.map((one) => one.name);
		throw new ImageError(`There is no command "${name}"; the commands are ${names.join(", ")}.`);
	}
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
