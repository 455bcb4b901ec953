import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { type Signer, signImage, vectorToSign } from "../image/create.js";
import { decrypterOf, type EncryptionKey, parseEncryptionKey } from "../image/encryption.js";
import { ImageError } from "../image/error.js";
import { type Decrypter, type ImageReport, inspectImage, type NamedKey, refusal } from "../image/inspect.js";
import { encodeIntelHex } from "../image/intel-hex.js";
import { generateKey, type Key, PAIR_TYPES, parseKey } from "../image/keys.js";
import { formatReport } from "../image/report.js";
import { fillSlot, slotSegments } from "../image/slot.js";
import { verifyImage } from "../image/verify.js";
import { hex } from "../modules/bytes/hex.js";
import { defineApp } from "./app-command.js";
import { type Context, choiceOption, numberOption, repeated, required } from "./command-line.js";
import { attempt, fromText, isHexName, readBinary, readBytes, writeAtomically } from "./files.js";
import { defineKeyCommands } from "./key-commands.js";
import {
	defineSign,
	joinPairs,
	type OptionFiles,
	type SignRequest,
	signRequest,
	UnsupportedOption,
} from "./sign-options.js";

const keyOption = (): Option =>
	repeated(new Option("-k, --key <PEM>", "public or private key to check signatures with; may be repeated"));
const offsetOption = (): Option =>
	numberOption("--offset <BYTES>", "offset of the image in FILE, for slots of swap using offset (default 0)");
const decryptOption = (): Option =>
	new Option(
		"--decrypt <KEY>",
		"private key, or AES key in base64, that decrypts the image before its hash is checked",
	);

/** Commands that imgtool has and this tool has not, and what does the same. */
const INSTEAD: Readonly<Record<string, string>> = {
	dumpinfo: "inspect prints the same, and inspect --json as data",
	getpriv: "boot loaders here take the PEM file itself, and openssl pkey -outform DER gives the bytes",
	version: "xs-smp --version prints it",
};

/** The values of the options of `inspect` and `verify`. */
interface ExamineOptions {
	readonly key?: readonly string[];
	readonly decrypt?: string;
	readonly offset?: number;
	readonly erasedVal?: string;
	readonly json?: boolean;
}

/** Gives the command `image` its commands. */
export function defineImage(image: Command, context: Context): void {
	image.description("Make and examine MCUboot images.");
	for (const name of ["sign", "create"] as const) {
		const command = defineSign(image.command(name));
		command
			.summary(name === "sign" ? "make an image from a binary file, as imgtool sign does" : "the same as sign")
			.action(() => runSign(command));
	}
	image
		.command("inspect")
		.summary("print the contents of an image file or of a slot")
		.description(
			"Print the contents of an image file or of a whole slot, and check the hash. The exit code is 1 if something is wrong.",
		)
		.argument("<FILE>")
		.addOption(keyOption())
		.addOption(decryptOption())
		.addOption(offsetOption())
		.addOption(
			choiceOption("-R, --erased-val <BYTE>", "value of an erased byte of flash (default 0xff)", ["0", "0xff"]),
		)
		.option("--json", "print JSON instead of text")
		.action((path: string, options: ExamineOptions) => runInspect(path, options, context));
	image
		.command("verify")
		.summary("check hash and signature")
		.description(
			"Check the hash and the signature of FILE. The exit code is 0 if both are right and one of the keys made the signature, else 1. Without a key only the hash counts.",
		)
		.argument("<FILE>")
		.addOption(keyOption())
		.addOption(decryptOption())
		.addOption(offsetOption())
		.action((path: string, options: ExamineOptions) => runVerify(path, options, context));
	image
		.command("keygen")
		.summary("make a key pair")
		.description("Make a key pair and write the private key as PEM (PKCS#8). An existing file is never overwritten.")
		.addOption(required(new Option("-k, --key <PEM>", "file to write")))
		.addOption(required(choiceOption("-t, --type <TYPE>", "kind of key", PAIR_TYPES)))
		.addOption(new Option("-p, --password").hideHelp())
		.on("option:password", () => {
			throw new UnsupportedOption("-p is not supported: keys are written unencrypted, readable by their owner alone.");
		})
		.action(({ key, type }: { key: string; type: (typeof PAIR_TYPES)[number] }) => runKeygen(key, type));
	defineKeyCommands(image, context);
	defineApp(image.command("app"), { files: FILES, stderr: context.stderr, write: writeSigned });
	for (const [name, instead] of Object.entries(INSTEAD))
		image
			.command(name, { hidden: true })
			.allowUnknownOption()
			.allowExcessArguments()
			.action(() => {
				throw new UnsupportedOption(`${name} is not supported: ${instead}.`);
			});
}

/** The words of a command line that begins with `image`, ready to be read. */
export const prepareImage = (words: readonly string[]): string[] =>
	["sign", "create", "app"].includes(words[1] ?? "") ? joinPairs(words) : [...words];

/** Where the files come from that options name. */
const FILES: OptionFiles = {
	signer: (path) => readSigner(path),
	bytes: readBytes,
	encrypter: (path, hmacSha) => readEncryptionKey(path, hmacSha),
	fixed: fixedSigner,
};

function runSign(command: Command): void {
	const request = signRequest(command, FILES);
	const { bytes, address } = readBinary(request.operands[0] ?? "");
	writeSigned(bytes, request, address);
}

/** Makes an image of a payload and writes what was asked for; `address` is that of the payload, if it has one. */
function writeSigned(bytes: Uint8Array, request: SignRequest, address?: number): void {
	const { options, vectorToSign: vector, signatureOut } = request;
	const [, output = ""] = request.operands;
	if (vector !== undefined) {
		if (options.pad) throw new ImageError("--vector-to-sign writes no image, so that there is nothing to pad.");
		if (signatureOut !== undefined)
			throw new ImageError("--sig-out needs a signature, and --vector-to-sign makes none.");
		writeAtomically(output, vectorToSign(bytes, options, vector));
		return;
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

function runInspect(path: string, options: ExamineOptions, context: Context): void {
	const { report, address } = examine(path, options);
	const name = address === undefined ? path : `${path} (Intel HEX from ${hex(address)})`;
	context.stdout.write(options.json ? `${JSON.stringify(report, null, "\t")}\n` : formatReport(name, report));
	if (report.problems.length > 0) context.status = 1;
}

function runVerify(path: string, options: ExamineOptions, context: Context): void {
	const { report } = examine(path, options);
	const reason = refusal(report);
	context.stdout.write(reason === undefined ? `${verdict(report).join("\n")}\n` : `${reason}\n`);
	if (reason !== undefined) context.status = 1;
}

function verdict({ signatures, digest, header, encryption, compression }: ImageReport): string[] {
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
	if (compression)
		lines.push(
			`Compression: ${compression.method}; what it decompresses to was not checked, because this tool decompresses nothing`,
		);
	if (header.endian === "big")
		lines.push("Byte order: big-endian; MCUboot on a little-endian processor does not take it");
	return lines;
}

function runKeygen(path: string, type: (typeof PAIR_TYPES)[number]): void {
	const pem = generateKey(type);
	attempt(path, "be written", () => writeFileSync(path, pem, { mode: 0o600, flag: "wx" }));
}

function examine(
	path: string,
	{ key: keys = [], decrypt, offset = 0, erasedVal }: ExamineOptions,
): { report: ImageReport; address: number | undefined } {
	const named = keys.map((key): NamedKey => ({ name: basename(key), key: readKey(key) }));
	const { bytes: file, address } = readBinary(path);
	if (offset > file.length) throw new ImageError(`${path} has only ${file.length} bytes.`);
	const report = inspectImage(file, {
		keys: named,
		offset,
		erasedValue: Number(erasedVal ?? 0xff),
		...(decrypt !== undefined && { decrypter: readDecrypter(decrypt) }),
	});
	return { report, address };
}

const readKey = (path: string): Key => fromText(path, parseKey);

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
