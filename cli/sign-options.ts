import type { Encrypter, HashName, ImageOptions, Signer } from "../image/create.js";
import { ImageError } from "../image/error.js";
import { type Endian, type ImageVersion, parseVersion } from "../image/format.js";
import { fromHex } from "../image/tlv-area.js";
import type { Align, MaxAlign } from "../image/trailer.js";
import { utf8Bytes } from "../modules/bytes/utf8.js";
import { type Arguments, type CommandSpec, parseArguments, parseInteger, UnsupportedOption } from "./args.js";

const NO_LZMA = "this tool has no LZMA2 encoder; compress the image with imgtool";

const SIGN: Omit<CommandSpec, "name"> = {
	summary: "Make an MCUboot image of INFILE and sign it if there is a key. The options are those of imgtool sign.",
	operands: ["INFILE", "OUTFILE"],
	options: [
		{ name: "version", short: "v", values: ["VERSION"], required: true, help: "major[.minor[.revision[+build]]]" },
		{
			name: "header-size",
			short: "H",
			values: ["BYTES"],
			required: true,
			help: "size of the header, at least 32; the payload begins there",
		},
		{
			name: "pad-header",
			help: "put the header before INFILE; without this option INFILE must begin with as many zero bytes",
		},
		{
			name: "slot-size",
			short: "S",
			values: ["BYTES"],
			required: true,
			help: "size of the slot; 0: do not check whether the image fits",
		},
		{
			name: "key",
			short: "k",
			values: ["PEM"],
			help: "private key to sign with; without one the image has only a hash",
		},
		{
			name: "public-key-format",
			values: ["FORMAT"],
			choices: ["hash", "full"],
			help: "how the image names its key: KEYHASH (default) or PUBKEY",
		},
		{
			name: "sha",
			values: ["HASH"],
			choices: ["auto", "256", "384", "512"],
			help: "hash; auto (default) goes by the key",
		},
		{ name: "pure", help: "sign the image itself with Ed25519, not its digest" },
		{
			name: "align",
			values: ["BYTES"],
			choices: ["1", "2", "4", "8", "16", "32"],
			help: "write size of the flash (default 1)",
		},
		{
			name: "max-align",
			values: ["BYTES"],
			choices: ["8", "16", "32"],
			help: "alignment of the trailer's fields (default 8, or --align if that is more)",
		},
		{ name: "max-sectors", short: "M", values: ["N"], help: "sectors that the trailer can track (default 128)" },
		{ name: "overwrite-only", help: "for a boot loader that overwrites instead of swapping" },
		{ name: "pad", help: "fill the slot and request the upgrade" },
		{ name: "test", help: "the same as --pad" },
		{ name: "confirm", help: "as --pad, and mark the image as confirmed" },
		{
			name: "erased-val",
			short: "R",
			values: ["BYTE"],
			choices: ["0", "0xff"],
			help: "value of an erased byte of flash (default 0xff)",
		},
		{
			name: "security-counter",
			short: "s",
			values: ["N"],
			help: "security counter; auto makes it from the version",
		},
		{
			name: "dependencies",
			short: "d",
			values: ["LIST"],
			help: 'least versions of other images: "(image,version), (image,version)"',
		},
		{ name: "boot-record", values: ["TYPE"], help: "add a measured-boot record of this software type" },
		{ name: "vid", values: ["VENDOR"], help: "vendor: a UUID or a domain name" },
		{ name: "cid", values: ["CLASS"], help: "image class: a UUID or a name within the vendor" },
		{
			name: "custom-tlv",
			values: ["TYPE", "VALUE"],
			help: "protected TLV of type 0xa0 to 0xfffe: text, or bytes after 0x; may be repeated",
		},
		{ name: "custom-tlv-file", values: ["TYPE", "FILE"], help: "the same with the content of a file" },
		{ name: "load-addr", short: "L", values: ["ADDRESS"], help: "RAM address to load the image to" },
		{ name: "rom-fixed", short: "F", values: ["ADDRESS"], help: "flash address that the image is linked for" },
		{ name: "non-bootable", help: "mark the image as one that the boot loader does not start" },
		{
			name: "encrypt",
			short: "E",
			values: ["KEY"],
			help: "encrypt the payload for this key: PEM with RSA-2048, P-256 or X25519, public or private, or an AES key in base64",
		},
		{
			name: "encrypt-keylen",
			values: ["BITS"],
			choices: ["128", "256"],
			help: "size of the image's AES key (default 128)",
		},
		{
			name: "clear",
			short: "c",
			help: "with --encrypt: leave the payload plain. Such an image is for the primary slot; a swap encrypts it on its way out",
		},
		{
			name: "hmac-sha",
			values: ["HASH"],
			choices: ["auto", "256", "512"],
			help: "with --encrypt: hash in HKDF and HMAC; 512 for X25519 alone (default 256)",
		},
		{ name: "save-enctlv", help: "with --encrypt: leave room in the trailer for the whole TLV of the key" },
		{
			name: "endian",
			short: "e",
			values: ["ORDER"],
			choices: ["little", "big"],
			help: "byte order of numbers in the image: that of the device's processor (default little)",
		},
		{
			name: "compression",
			values: ["KIND"],
			choices: ["disabled"],
			refused: { lzma2: NO_LZMA, lzma2armthumb: NO_LZMA },
			help: "this tool makes images without compression",
		},
		{ name: "pad-sig", help: "pad ECDSA signatures with zeros to one length, for MCUboot before 1.5" },
		{
			name: "hex-addr",
			short: "x",
			values: ["ADDRESS"],
			help: "address of an OUTFILE that ends in .hex (default that of INFILE)",
		},
		{
			name: "vector-to-sign",
			values: ["WHAT"],
			choices: ["payload", "digest"],
			help: "write to OUTFILE the bytes that an external signer has to sign, not the image",
		},
		{ name: "fix-sig", values: ["FILE"], help: "signature of an external signer, in base64, instead of --key" },
		{ name: "fix-sig-pubkey", values: ["PEM"], help: "public key of that signature" },
		{ name: "sig-out", values: ["FILE"], help: "also write the signature to this file, in base64" },
	],
};

/** `sign`, and `create`, its other name. */
export const signCommand = (name: "sign" | "create"): CommandSpec => ({ name, ...SIGN });

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

/** Reads `imgtool sign` arguments (imgtool.md, sign). Throws an ImageError with one sentence if one is wrong. */
export function parseSignArguments(
	args: readonly string[],
	files: OptionFiles,
	name: "sign" | "create" = "sign",
): SignRequest {
	const parsed = parseArguments(signCommand(name), args);
	const counter = parsed.text("security-counter");
	const pad = (["confirm", "test", "pad"] as const).find((option) => parsed.has(option));
	const options: ImageOptions = {
		version: parseVersion(parsed.text("version")!),
		headerSize: parsed.integer("header-size")!,
		slotSize: parsed.integer("slot-size")!,
		padHeader: parsed.has("pad-header"),
		overwriteOnly: parsed.has("overwrite-only"),
		nonBootable: parsed.has("non-bootable"),
		pure: parsed.has("pure"),
		align: parsed.integer("align") as Align | undefined,
		maxAlign: parsed.integer("max-align") as MaxAlign | undefined,
		maxSectors: parsed.integer("max-sectors"),
		pad: pad === "pad" ? "plain" : pad,
		erasedValue: parsed.integer("erased-val") as 0 | 0xff | undefined,
		securityCounter: counter === undefined ? undefined : parseCounter(counter),
		dependencies: parseDependencies(parsed.text("dependencies")),
		customTlvs: customTlvs(parsed, files),
		bootRecord: parsed.text("boot-record"),
		vid: parsed.text("vid"),
		cid: parsed.text("cid"),
		loadAddress: parsed.integer("load-addr"),
		romFixed: parsed.integer("rom-fixed"),
		sha: parsed.text("sha") as HashName | "auto" | undefined,
		signer: signerOf(parsed, files),
		endian: parsed.text("endian") as Endian | undefined,
		padSignature: parsed.has("pad-sig"),
		publicKeyFormat: parsed.text("public-key-format") as "hash" | "full" | undefined,
		...encryptOptions(parsed, files),
	};
	return {
		options,
		operands: parsed.operands,
		hexAddress: parsed.integer("hex-addr"),
		vectorToSign: parsed.text("vector-to-sign") as "payload" | "digest" | undefined,
		signatureOut: parsed.text("sig-out"),
	};
}

function signerOf(parsed: Arguments, files: OptionFiles): Signer | undefined {
	const key = parsed.text("key");
	const signature = parsed.text("fix-sig");
	const publicKey = parsed.text("fix-sig-pubkey");
	if (signature === undefined) {
		if (publicKey !== undefined) throw new ImageError("--fix-sig-pubkey needs --fix-sig.");
		return key === undefined ? undefined : files.signer(key);
	}
	if (key !== undefined) throw new ImageError("An image is signed with --key or carries --fix-sig, not both.");
	if (publicKey === undefined) throw new ImageError("--fix-sig needs --fix-sig-pubkey, the key that it was made with.");
	if (!files.fixed) throw new UnsupportedOption("--fix-sig is not supported: there are no files.");
	return files.fixed(signature, publicKey, parsed.has("pure"));
}

function encryptOptions(
	parsed: Arguments,
	files: OptionFiles,
): Pick<ImageOptions, "encrypt" | "encryptKeyLength" | "clear" | "saveEncryptionTlv"> {
	const path = parsed.text("encrypt");
	// As with imgtool, what is not encrypted is plain, and has no key whose length or place would matter.
	if (path === undefined) return {};
	if (!files.encrypter) throw new UnsupportedOption("--encrypt is not supported: there is no source of random keys.");
	return {
		encrypt: files.encrypter(path, parsed.text("hmac-sha") === "512" ? "512" : "256"),
		encryptKeyLength: parsed.integer("encrypt-keylen") as 128 | 256 | undefined,
		clear: parsed.has("clear"),
		saveEncryptionTlv: parsed.has("save-enctlv"),
	};
}

const parseCounter = (text: string): number | "auto" =>
	text.toLowerCase() === "auto" ? "auto" : parseInteger(text, "--security-counter");

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

function customTlvs(parsed: Arguments, files: OptionFiles): { type: number; value: Uint8Array }[] {
	const type = (text: string | undefined): number => parseInteger(text ?? "", "The type of a custom TLV");
	return [
		...parsed.all("custom-tlv").map(([tag, value]) => ({ type: type(tag), value: customValue(value!) })),
		...parsed.all("custom-tlv-file").map(([tag, path]) => ({ type: type(tag), value: files.bytes(path!) })),
	];
}

function customValue(text: string): Uint8Array {
	if (!text.startsWith("0x")) return utf8Bytes(text);
	if (!/^0x([0-9a-f]{2})*$/i.test(text))
		throw new ImageError(`The custom TLV value ${text} is no even number of hexadecimal digits.`);
	return fromHex(text.slice(2));
}
