import assert from "node:assert";
import { createPublicKey } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeIntelHex } from "../../image/intel-hex.js";
import { generateKey } from "../../image/keys.js";
import { openProgram, type Program } from "../support/console-script.js";
import { describeWith } from "../support/tools.js";
import { payloadOf } from "./support.js";

const program = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

const BASIC = ["-v", "1.2.3+4", "-H", "0x100", "--pad-header", "-S", "0x8000", "--align", "4"];

/**
 * Options of imgtool's `sign` together, in their short forms, with numbers in every notation, and with Intel HEX files: the table
 * of docs/IMAGE.md has each option alone. Words in capitals are files. The output is `out.bin` unless named.
 */
const SAME: readonly string[] = [
	"-e big -s 7 -d (1,2.3.4+5) --custom-tlv 0x1a0 text --custom-tlv 0xa1 0x01 --vid a.example --cid b",
	"-e big --confirm --max-align 16 -k ED",
	"-e big --confirm --max-align 8 --boot-record AP",
	"--endian little --compression disabled --hmac-sha auto --encrypt-keylen 128",
	"--hmac-sha 512",
	"--encrypt-keylen 256 --clear",
	"-c",
	"--save-enctlv",
	"--pad-sig -k ED",
	"--pure --sha auto -k ED",
	"--vector-to-sign payload --pure",
	"--vector-to-sign payload -s 3 --boot-record X",
	"--pad --test --confirm",
	"-M 64 --pad",
	"-R 0 --pad",
	"-R 0xff --confirm",
	"-s 0",
	"-s AUTO",
	"-s 0x1F",
	"-L 0",
	"-F 0",
	"-S32768 -v2",
	"-S 0b1000000000000000",
	"-S 0o100000",
	"-S 0x8_000",
	"-S 0",
	"-x 0x8000 out.hex",
	"-x 0x800fe00 out.hex",
	"-x 0 --pad out.hex",
	"-x 0x10000 --test out.hex",
	"-x 0x10000 --confirm --max-align 32 out.hex",
	"-x 0x10000 --confirm --max-align 16 -R 0 out.hex",
	"-x 0x10000 --confirm --overwrite-only out.hex",
	"HEX",
	"HEX out.hex",
	"HEX out.hex --confirm",
	"HEX -x 0x4000 out.hex",
];

/** What both refuse. */
const REFUSED: readonly string[] = [
	"-e middle",
	"--compression zip",
	"--hmac-sha 384",
	"--encrypt-keylen 192",
	"--align 3",
	"--max-align 64",
	"-R 1",
	"--sha 1",
	"-v 1.02",
	"-v 1.2.3.4",
	"-v 1+2",
	"-H 31",
	"-H many",
	"-s many",
	"-d 1:2",
	"-L 1 -F 1",
	"--cid sensor",
	"--custom-tlv 0x9f 0x00",
	"--custom-tlv 0xa0 0x123",
	"--custom-tlv 0xa0 a --custom-tlv 0xa0 b",
	"--boot-record thirteen-long",
	"--sha 384 -k ED",
	"--pure --sha 512 -k ED",
	"-S 900",
	"--fix-sig SIG",
	"--fix-sig SIG --fix-sig-pubkey ED -k ED",
	"-k PUB",
	"-E X --hmac-sha 512 -E P256 -k P256",
	"out.hex",
];

describeWith("imgtool", "options of sign, and commands on keys", () => {
	let directory = "";
	const file = (name: string): string => join(directory, name);
	const words: Readonly<Record<string, string>> = {
		ED: "ed.pem",
		X: "x.pem",
		P256: "p256.pem",
		PUB: "pub.pem",
		SIG: "sig.txt",
	};
	let node: Program;
	let imgtool: Program;
	const ours = (args: readonly string[]) => node.run([program, "image", ...args], directory);
	const theirs = (args: readonly string[]) => imgtool.run(args, directory);
	const commandLine = (text: string): string[] => {
		const given = text.split(" ").filter((word) => word !== "" && word !== "HEX" && word !== "out.hex");
		const [input, output] = [
			text.includes("HEX") ? "app.hex" : "app.bin",
			text.includes("out.hex") ? "out.hex" : "out.bin",
		];
		return ["sign", ...BASIC, ...given.map((word) => words[word] ?? word), input, output];
	};
	/** What a tool writes; undefined for a file that it did not. */
	const made = async (tool: typeof ours, args: readonly string[]) => {
		const names = [args.at(-1)!, "sig.out"];
		for (const name of names) rmSync(file(name), { force: true });
		const { status, stderr } = await tool(args);
		const files = names.map((name) => (existsSync(file(name)) ? readFileSync(file(name)) : undefined));
		return { status, files, message: stderr.toString() };
	};

	before(async () => {
		node = openProgram(process.execPath);
		imgtool = openProgram("imgtool");
		directory = mkdtempSync(join(tmpdir(), "imgtool-options-"));
		writeFileSync(file("app.bin"), payloadOf(1501));
		const halves = [payloadOf(700), payloadOf(301)];
		const hex = encodeIntelHex(halves.map((bytes, i) => ({ address: 0x10100 + 0x400 * i, bytes })));
		writeFileSync(file("app.hex"), hex);
		writeFileSync(file("ed.pem"), generateKey("ed25519"));
		writeFileSync(file("x.pem"), generateKey("x25519"));
		writeFileSync(file("p256.pem"), generateKey("ecdsa-p256"));
		const pub = createPublicKey(readFileSync(file("ed.pem"))).export({ format: "pem", type: "spki" });
		writeFileSync(file("pub.pem"), pub);
		const signed = await theirs(["sign", ...BASIC, "-k", "ed.pem", "--sig-out", "sig.txt", "app.bin", "signed.bin"]);
		assert.equal(signed.status, 0, signed.stderr.toString());
	});

	after(async () => {
		await imgtool.stop();
		rmSync(directory, { recursive: true, force: true });
	});

	for (const text of SAME) {
		it(`the same bytes: ${text || "no option"}`, async () => {
			const [mine, other] = [await made(ours, commandLine(text)), await made(theirs, commandLine(text))];
			assert.deepEqual([mine.status, other.status], [0, 0], `${mine.message}${other.message}`);
			assert.ok(mine.files[0]);
			assert.deepEqual(mine.files, other.files);
		});
	}

	for (const text of REFUSED) {
		it(`both refuse, ours in a sentence: ${text}`, async () => {
			const [mine, other] = [await made(ours, commandLine(text)), await made(theirs, commandLine(text))];
			assert.notEqual(other.status, 0);
			assert.equal(mine.status, 2, mine.message);
			assert.match(mine.message, /^[^\n]+\.\n$/);
			assert.deepEqual(mine.files, [undefined, undefined]);
		});
	}

	for (const type of ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072", "x25519"] as const) {
		it(`the same public key of type ${type} in every encoding`, async () => {
			writeFileSync(file("key.pem"), generateKey(type));
			for (const args of [
				["getpub"],
				["getpub", "-e", "lang-c"],
				["getpub", "-e", "lang-rust", "--name-suffix", "_2"],
				["getpub", "-e", "pem"],
				["getpub", "-e", "raw"],
				["getpub", "-l", "c", "--name-suffix", "_b"],
				["getpub", "-l", "rust"],
				["getpubhash"],
				["getpubhash", "-e", "lang-c", "--name-suffix", "_2"],
				["getpubhash", "-e", "raw"],
			]) {
				for (const output of [[], ["-o", "out"]]) {
					const all = [...args, "-k", "key.pem", ...output];
					const shown = async (tool: typeof ours) => {
						rmSync(file("out"), { force: true });
						const { status, stdout } = await tool(all);
						return { status, stdout, file: output.length > 0 ? readFileSync(file("out")) : undefined };
					};
					const [mine, other] = [await shown(ours), await shown(theirs)];
					assert.equal(mine.status, 0);
					assert.deepEqual(mine, other, all.join(" "));
				}
			}
		});
	}
});
