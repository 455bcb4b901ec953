import { type Command, Option } from "commander";
import type { Encrypter, HashName, ImageOptions, Signer } from "../image/create.js";
import { ImageError } from "../image/error.js";
import { type Endian, type ImageVersion, parseVersion } from "../image/format.js";
import { fromHex } from "../image/tlv-area.js";
import type { Align, MaxAlign } from "../image/trailer.js";
import { utf8Bytes } from "../modules/bytes/utf8.js";
import {
	choiceOption,
	newProgram,
	numberOption,
	parsed,
	parseInteger,
	quote,
	readLine,
	repeated,
	required,
} from "./command-line.js";
import { UsageError } from "./usage-error.js";

/** The option or its value is one that imgtool has and this tool deliberately has not. */
export class UnsupportedOption extends UsageError {}

const NO_LZMA = "this tool has no LZMA2 encoder; compress the image with imgtool";

/** The options of `sign`, which are those of imgtool sign. */
const signOptions = (): readonly Option[] => [
	required(new Option("-v, --version <VERSION>", "major[.minor[.revision[+build]]]")),
	required(numberOption("-H, --header-size <BYTES>", "size of the header, at least 32; the payload begins there")),
	new Option(
		"--pad-header",
		"put the header before INFILE; without this option INFILE must begin with as many zero bytes",
	),
	required(numberOption("-S, --slot-size <BYTES>", "size of the slot; 0: do not check whether the image fits")),
	new Option("-k, --key <PEM>", "private key to sign with; without one the image has only a hash"),
	choiceOption("--public-key-format <FORMAT>", "how the image names its key: KEYHASH (default) or PUBKEY", [
		"hash",
		"full",
	]),
	choiceOption("--sha <HASH>", "hash; auto (default) goes by the key", ["auto", "256", "384", "512"]),
	new Option("--pure", "sign the image itself with Ed25519, not its digest"),
	choiceOption("--align <BYTES>", "write size of the flash (default 1)", ["1", "2", "4", "8", "16", "32"]),
	choiceOption("--max-align <BYTES>", "alignment of the trailer's fields (default 8, or --align if that is more)", [
		"8",
		"16",
		"32",
	]),
	numberOption("-M, --max-sectors <N>", "sectors that the trailer can track (default 128)"),
	new Option("--overwrite-only", "for a boot loader that overwrites instead of swapping"),
	new Option("--pad", "fill the slot and request the upgrade"),
	new Option("--test", "the same as --pad"),
	new Option("--confirm", "as --pad, and mark the image as confirmed"),
	choiceOption("-R, --erased-val <BYTE>", "value of an erased byte of flash (default 0xff)", ["0", "0xff"]),
	parsed("-s, --security-counter <N>", "security counter; auto makes it from the version", parseCounter),
	new Option("-d, --dependencies <LIST>", 'least versions of other images: "(image,version), (image,version)"'),
	new Option("--boot-record <TYPE>", "add a measured-boot record of this software type"),
	new Option("--vid <VENDOR>", "vendor: a UUID or a domain name"),
	new Option("--cid <CLASS>", "image class: a UUID or a name within the vendor"),
	pairOption(
		"--custom-tlv <TYPE> <VALUE>",
		"protected TLV of type 0xa0 to 0xfffe: text, or bytes after 0x; may be repeated",
	),
	pairOption("--custom-tlv-file <TYPE> <FILE>", "the same with the content of a file"),
	numberOption("-L, --load-addr <ADDRESS>", "RAM address to load the image to"),
	numberOption("-F, --rom-fixed <ADDRESS>", "flash address that the image is linked for"),
	new Option("--non-bootable", "mark the image as one that the boot loader does not start"),
	new Option(
		"-E, --encrypt <KEY>",
		"encrypt the payload for this key: PEM with RSA-2048, P-256 or X25519, public or private, or an AES key in base64",
	),
	choiceOption("--encrypt-keylen <BITS>", "size of the image's AES key (default 128)", ["128", "256"]),
	new Option(
		"-c, --clear",
		"with --encrypt: leave the payload plain. Such an image is for the primary slot; a swap encrypts it on its way out",
	),
	choiceOption("--hmac-sha <HASH>", "with --encrypt: hash in HKDF and HMAC; 512 for X25519 alone (default 256)", [
		"auto",
		"256",
		"512",
	]),
	new Option("--save-enctlv", "with --encrypt: leave room in the trailer for the whole TLV of the key"),
	choiceOption(
		"-e, --endian <ORDER>",
		"byte order of numbers in the image: that of the device's processor (default little)",
		["little", "big"],
	),
	compressionOption("--compression <KIND>", "this tool makes images without compression"),
	new Option("--pad-sig", "pad ECDSA signatures with zeros to one length, for MCUboot before 1.5"),
	numberOption("-x, --hex-addr <ADDRESS>", "address of an OUTFILE that ends in .hex (default that of INFILE)"),
	choiceOption(
		"--vector-to-sign <WHAT>",
		"write to OUTFILE the bytes that an external signer has to sign, not the image",
		["payload", "digest"],
	),
	new Option("--fix-sig <FILE>", "signature of an external signer, in base64, instead of --key"),
	new Option("--fix-sig-pubkey <PEM>", "public key of that signature"),
	new Option("--sig-out <FILE>", "also write the signature to this file, in base64"),
];

const compressionOption = (flags: string, help: string): Option =>
	choiceOption(flags, help, ["disabled"]).argParser((text) => {
		if (text.startsWith("lzma2")) throw new UnsupportedOption(`--compression ${text} is not supported: ${NO_LZMA}.`);
		if (text !== "disabled") throw new UsageError(`--compression is disabled, not ${quote(text)}.`);
		return text;
	});

/** Between the two values of an option in one word; no word of a command line has it. */
const SEAM = "\0";

/** An option with two values, as click has them and commander has not: `joinPairs` makes one word of them. */
const pairOption = (flags: string, help: string): Option =>
	repeated(
		parsed(flags, help, (text, name) => {
			const [type, value] = text.split(SEAM);
			if (value === undefined)
				throw new UsageError(`${name} needs ${flags.replace(/^\S+ |[<>]/g, "").replace(" ", " and ")}.`);
			return [type, value];
		}),
	);

/** The words of a command line of `sign`, where an option with two values has them in one. */
export function joinPairs(words: readonly string[]): string[] {
	const joined: string[] = [];
	for (let i = 0; i < words.length; i++) {
		const word = words[i]!;
		if (word === "--") return [...joined, ...words.slice(i)];
		const [, name, inline] = /^(--custom-tlv(?:-file)?)(?:=(.*))?$/s.exec(word) ?? [];
		if (name === undefined) {
			joined.push(word);
			continue;
		}
		const type = inline ?? words[++i];
		const value = words[++i];
		joined.push(`${name}=${[type, value].filter((each) => each !== undefined).join(SEAM)}`);
	}
	return joined;
}

/** Gives `sign`, or `create`, its other name, its options. */
export function defineSign(command: Command): Command {
	command
		.description(
			"Make an MCUboot image of INFILE and sign it if there is a key. The options are those of imgtool sign.",
		)
		.arguments("<INFILE> <OUTFILE>");
	for (const option of signOptions()) command.addOption(option);
	return command;
}

/** Gives a command the options of `sign` but for those that the command has itself, by their names. */
export function addSignOptions(command: Command): void {
	for (const option of signOptions())
		if (!command.options.some(({ long }) => long === option.long)) command.addOption(option);
}

/** Where the options' files come from. */
export interface OptionFiles {
	signer(path: string): Signer;
	bytes(path: string): Uint8Array;
	/** Where there is none, images cannot be encrypted. `hmacSha` is of ECIES. */
	encrypter?(path: string, hmacSha: "256" | "512"): Encrypter;
	/** A signer that gives a signature made elsewhere; where there is none, `--fix-sig` is refused. */
	fixed?(signature: string, publicKey: string, pure: boolean): Signer;
}

/** What a command line of `sign` asks for. */
export interface SignRequest {
	readonly options: ImageOptions;
	readonly operands: readonly string[];
	readonly hexAddress: number | undefined;
	readonly vectorToSign: "payload" | "digest" | undefined;
	/** File for the signature. */
	readonly signatureOut: string | undefined;
}

/** The values of the options; those that were not given are undefined. */
interface SignOptions {
	readonly version: string;
	readonly headerSize: number;
	readonly slotSize: number;
	readonly padHeader?: boolean;
	readonly overwriteOnly?: boolean;
	readonly nonBootable?: boolean;
	readonly pure?: boolean;
	readonly align?: string;
	readonly maxAlign?: string;
	readonly maxSectors?: number;
	readonly pad?: boolean;
	readonly test?: boolean;
	readonly confirm?: boolean;
	readonly erasedVal?: string;
	readonly securityCounter?: number | "auto";
	readonly dependencies?: string;
	readonly customTlv?: readonly Pair[];
	readonly customTlvFile?: readonly Pair[];
	readonly bootRecord?: string;
	readonly vid?: string;
	readonly cid?: string;
	readonly loadAddr?: number;
	readonly romFixed?: number;
	readonly sha?: HashName | "auto";
	readonly key?: string;
	readonly endian?: Endian;
	readonly padSig?: boolean;
	readonly publicKeyFormat?: "hash" | "full";
	readonly encrypt?: string;
	readonly encryptKeylen?: string;
	readonly clear?: boolean;
	readonly hmacSha?: string;
	readonly saveEnctlv?: boolean;
	readonly hexAddr?: number;
	readonly vectorToSign?: "payload" | "digest";
	readonly fixSig?: string;
	readonly fixSigPubkey?: string;
	readonly sigOut?: string;
}

type Pair = readonly [type: string, value: string];

/** Reads `imgtool sign` arguments (imgtool.md, sign). Throws a UsageError or ImageError if one is wrong. */
export function parseSignArguments(args: readonly string[], files: OptionFiles): SignRequest {
	const silent = { write: () => {} };
	const command = defineSign(newProgram("sign", { stdout: silent, stderr: silent }));
	return signRequest(readLine(command, joinPairs(args)), files);
}

/** What a command line of `sign` that was read asks for. Throws a UsageError or an ImageError. */
export function signRequest(command: Command, files: OptionFiles): SignRequest {
	const given = command.opts<SignOptions>();
	const pad = (["confirm", "test", "pad"] as const).find((option) => given[option]);
	const options: ImageOptions = {
		version: parseVersion(given.version),
		headerSize: given.headerSize,
		slotSize: given.slotSize,
		padHeader: given.padHeader ?? false,
		overwriteOnly: given.overwriteOnly ?? false,
		nonBootable: given.nonBootable ?? false,
		pure: given.pure ?? false,
		align: numberOf(given.align) as Align | undefined,
		maxAlign: numberOf(given.maxAlign) as MaxAlign | undefined,
		maxSectors: given.maxSectors,
		pad: pad === "pad" ? "plain" : pad,
		erasedValue: numberOf(given.erasedVal) as 0 | 0xff | undefined,
		securityCounter: given.securityCounter,
		dependencies: parseDependencies(given.dependencies),
		customTlvs: customTlvs(given, files),
		bootRecord: given.bootRecord,
		vid: given.vid,
		cid: given.cid,
		loadAddress: given.loadAddr,
		romFixed: given.romFixed,
		sha: given.sha,
		signer: signerOf(given, files),
		endian: given.endian,
		padSignature: given.padSig ?? false,
		publicKeyFormat: given.publicKeyFormat,
		...encryptOptions(given, files),
	};
	return {
		options,
		operands: command.args,
		hexAddress: given.hexAddr,
		vectorToSign: given.vectorToSign,
		signatureOut: given.sigOut,
	};
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

function signerOf({ key, fixSig, fixSigPubkey, pure }: SignOptions, files: OptionFiles): Signer | undefined {
	if (fixSig === undefined) {
		if (fixSigPubkey !== undefined) throw new UsageError("--fix-sig-pubkey needs --fix-sig.");
		return key === undefined ? undefined : files.signer(key);
	}
	if (key !== undefined) throw new UsageError("An image is signed with --key or carries --fix-sig, not both.");
	if (fixSigPubkey === undefined)
		throw new UsageError("--fix-sig needs --fix-sig-pubkey, the key that it was made with.");
	if (!files.fixed) throw new UnsupportedOption("--fix-sig is not supported: there are no files.");
	return files.fixed(fixSig, fixSigPubkey, pure ?? false);
}

function encryptOptions(
	{ encrypt, hmacSha, encryptKeylen, clear, saveEnctlv }: SignOptions,
	files: OptionFiles,
): Pick<ImageOptions, "encrypt" | "encryptKeyLength" | "clear" | "saveEncryptionTlv"> {
	// As with imgtool, what is not encrypted is plain, and has no key whose length or place would matter.
	if (encrypt === undefined) return {};
	if (!files.encrypter) throw new UnsupportedOption("--encrypt is not supported: there is no source of random keys.");
	return {
		encrypt: files.encrypter(encrypt, hmacSha === "512" ? "512" : "256"),
		encryptKeyLength: numberOf(encryptKeylen) as 128 | 256 | undefined,
		clear: clear ?? false,
		saveEncryptionTlv: saveEnctlv ?? false,
	};
}

const parseCounter = (text: string, name: string): number | "auto" =>
	text.toLowerCase() === "auto" ? "auto" : parseInteger(text, name);

function parseDependencies(text: string | undefined): { image: number; version: ImageVersion }[] {
	if (text === undefined) return [];
	if (!/^\s*\(\d+\s*,\s*[0-9.+]+\)(\s*,?\s*\(\d+\s*,\s*[0-9.+]+\))*\s*$/.test(text)) {
		throw new ImageError(`"${text}" is no list of dependencies: write "(image,version), (image,version)".`);
	}
	return [...text.matchAll(/\((\d+)\s*,\s*([0-9.+]+)\)/g)].map((match) => ({
		image: Number(match[1]),
		version: parseVersion(match[2]!),
	}));
}

function customTlvs(
	{ customTlv = [], customTlvFile = [] }: SignOptions,
	files: OptionFiles,
): { type: number; value: Uint8Array }[] {
	const type = (text: string): number => parseInteger(text, "The type of a custom TLV");
	return [
		...customTlv.map(([tag, value]) => ({ type: type(tag), value: customValue(value) })),
		...customTlvFile.map(([tag, path]) => ({ type: type(tag), value: files.bytes(path) })),
	];
}

function customValue(text: string): Uint8Array {
	if (!text.startsWith("0x")) return utf8Bytes(text);
	if (!/^0x([0-9a-f]{2})*$/i.test(text))
		throw new ImageError(`The custom TLV value ${text} is no even number of hexadecimal digits.`);
	return fromHex(text.slice(2));
}
