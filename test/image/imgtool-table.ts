import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../cli/program.js";
import { factoryFlash } from "../../hosts/desk/node/factory.js";
import { parseOptions } from "../../hosts/desk/node/options.js";
import { prepare } from "../../hosts/desk/node/setup.js";
import { loaderConfig } from "../../hosts/desk/xs/loader-config.js";
import { type ImageReport, inspectImage } from "../../image/inspect.js";
import { decodeIntelHex, isIntelHex } from "../../image/intel-hex.js";
import { generateKey } from "../../image/keys.js";
import { nodeDigest } from "../../image/node-digest.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { decryptionWith } from "../../modules/bootutil/loader/encryption.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import { MODES } from "../../modules/bootutil/modes.js";
import { bytesOf } from "../../modules/bytes/hex.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { openProgram, type Program } from "../support/console-script.js";
import { BASIC, OTHER_CASES, type OtherCase, SIGN_CASES, type SignCase } from "./imgtool-cases.js";
import { payloadOf } from "./support.js";

// The table of docs/IMAGE.md: what becomes of each option of imgtool, found out by running it.

/** What a tool did. */
interface Outcome {
	readonly status: number | null;
	/** What it printed for programs, and what for people: imgtool uses both for both. */
	readonly output: string;
	readonly message: string;
	/** By name, those that are there. */
	readonly files: ReadonlyMap<string, Buffer>;
}

/** Files that command lines write. */
const WRITTEN = ["out.bin", "sig.out", "new.pem", "new.bin", "new.txt"];
const KEYS = {
	"ed25519.pem": "ed25519",
	"p256.pem": "ecdsa-p256",
	"p384.pem": "ecdsa-p384",
	"rsa2048.pem": "rsa-2048",
	"rsa3072.pem": "rsa-3072",
	"x25519.pem": "x25519",
} as const;
/** TLVs whose content is random, or follows from something random. */
const RANDOM = /^(ECDSA_SIG|RSA\d+_PSS|ENC_)/;

export const START = "<!-- Made by test/image/imgtool-table.test.ts: `npm run imgtool-table` writes it anew. -->";
export const END = "<!-- Up to here. -->";

/** Puts the table where it belongs in a page. */
export function withTable(page: string, table: string): string {
	const [before, rest] = page.split(START);
	const after = rest?.split(END)[1];
	if (before === undefined || after === undefined) throw new Error("the page has no place for the table");
	return `${before}${START}\n\n${table}\n${END}${after}`;
}

/** Runs both tools on every case. */
export class Comparison {
	readonly #directory = mkdtempSync(join(tmpdir(), "imgtool-table-"));
	readonly #imgtool: Program;

	private constructor(imgtool: Program) {
		this.#imgtool = imgtool;
	}

	static async open(): Promise<Comparison> {
		const it = new Comparison(openProgram("imgtool"));
		for (const [name, type] of Object.entries(KEYS)) it.#write(name, generateKey(type));
		it.#write("app.bin", payloadOf(2001));
		it.#write("tlv.bin", payloadOf(9));
		for (const writeAlign of [8, 16, 32])
			it.#write(`align${writeAlign}.json`, JSON.stringify({ ...guideLayout, name: `align${writeAlign}`, writeAlign }));
		const sign = ["sign", ...BASIC.split(" ")];
		await it.#theirs([...sign, "--key", "ed25519.pem", "--sig-out", "sig.txt", "app.bin", "signed.bin"]);
		await it.#theirs([...sign, "--key", "p256.pem", "app.bin", "good.img"]);
		const damaged = readFileSync(it.#path("good.img"));
		damaged[1000]! ^= 1;
		it.#write("damaged.img", damaged);
		return it;
	}

	async close(): Promise<void> {
		await this.#imgtool.stop();
		rmSync(this.#directory, { recursive: true, force: true });
	}

	/** The options and values that imgtool's help of a command names: `--sha 256`, `--pure`, `--key`. */
	async optionsOf(command: string): Promise<string[]> {
		const { output } = await this.#theirs([command, "--help"]);
		return [...output.matchAll(/^ {2}(?:-\w, )?(--[\w-]+) ?(\[[\w|]+\](?! \[)|.*)/gm)].flatMap(
			([, name, value = ""]) => {
				if (name === "--help") return [];
				const choices = /^\[([\w|]+)\]/.exec(value)?.[1];
				return choices?.includes("|") ? choices.split("|").map((choice) => `${name} ${choice}`) : [name!];
			},
		);
	}

	/** The whole text of the table. */
	async table(): Promise<string> {
		const rows: string[][] = [];
		for (const each of SIGN_CASES) rows.push(await this.signRow(each));
		const others: string[][] = [];
		for (const each of OTHER_CASES) others.push(await this.otherRow(each));
		return [
			markdown(["`sign`, `create`", "bytes", "each verifies the other's", "boots"], rows),
			markdown(["other commands", "here"], others),
		].join("\n");
	}

	async signRow(each: SignCase): Promise<string[]> {
		const { args, loader = "" } = each;
		const words = ["sign", ...BASIC.split(" "), ...split(args), "app.bin", "out.bin"];
		const [mine, other] = [await this.#ours(words), await this.#theirs(words)];
		const name = args === "" ? "no option" : code(args);
		if (mine.status !== 0) {
			const also = other.status === 0 ? "" : "; so does imgtool";
			return [name, `refused: ${mine.message.trim()}${also}`, "", ""];
		}
		if (other.status !== 0) throw new Error(`${args}: imgtool refuses: ${other.message}`);
		const bytes = sameBytes(mine, other);
		if (args.includes("--vector-to-sign")) return [name, bytes, "no image", ""];
		const key = /--(?:key|fix-sig-pubkey) (\S+)/.exec(args)?.[1];
		const secret = /--encrypt (\S+)/.exec(args)?.[1];
		const verified = await this.#verified(mine, other, key, secret);
		const boots = this.#boots(mine.files.get("out.bin")!, each, key);
		const other_ = this.#boots(other.files.get("out.bin")!, each, key);
		if (boots !== other_) throw new Error(`${args}: our image: ${boots}; imgtool's: ${other_}`);
		return [name, bytes, verified, boots === "yes" && loader !== "" ? `with ${code(loader)}` : boots];
	}

	async otherRow({ args, same }: OtherCase): Promise<string[]> {
		const [mine, other] = [await this.#ours(split(args)), await this.#theirs(split(args))];
		const name = code(args);
		if (mine.status === 2) return [name, `refused: ${mine.message.trim()}`];
		if (mine.status !== other.status) throw new Error(`${args}: ${mine.status}, and imgtool ${other.status}`);
		const made = mine.files.get("new.pem");
		if (made) {
			this.#write("made.pem", made);
			if ((await this.#theirs(["getpub", "--key", "made.pem"])).status === 0) return [name, "a key that imgtool reads"];
		} else if (same === "status") return [name, `${mine.status === 0 ? "good" : "not good"}, as imgtool says`];
		else if (mine.output === other.output && sameBytes(mine, other) === "the same") return [name, "the same output"];
		throw new Error(`${args}: another output: ${mine.output}`);
	}

	/** Whether each tool takes the other's image for good. */
	async #verified(mine: Outcome, other: Outcome, key: string | undefined, secret: string | undefined): Promise<string> {
		const verify = ["verify", ...(key ? ["--key", key] : []), "check.img"];
		this.#write("check.img", mine.files.get("out.bin")!);
		const theirs = await this.#theirs(verify);
		this.#write("check.img", other.files.get("out.bin")!);
		const ours = await this.#ours([...verify, ...(secret ? ["--decrypt", secret] : [])]);
		if (ours.status !== 0) throw new Error(`imgtool's image is not good here: ${ours.output}`);
		if (theirs.status === 0) return "yes";
		if (secret) return "here; imgtool cannot decrypt";
		if (inspectImage(binaryOf(mine)).header.endian === "big") return "here; imgtool reads little-endian images alone";
		throw new Error(`our image is not good to imgtool: ${theirs.output}`);
	}

	/** What the simulator's boot loader, with these options, does with an image. */
	#boots(file: Buffer, { loader = "", args, primary }: SignCase, key: string | undefined): string {
		const keyWords = loader.includes("--key ") ? [] : ["--key", key ?? "none"];
		const words = this.#absolute([...keyWords, ...split(loader)]);
		const own = ["--flash", this.#path("flash.bin"), "--serial", this.#path("uart")];
		let setup: ReturnType<typeof prepare>;
		try {
			setup = prepare(parseOptions([...own, ...words]));
		} catch (error) {
			return `no: ${this.#strip((error as Error).message)}`;
		}
		const { config } = setup;
		const { layout } = config;
		const flash = factoryFlash(setup);
		const map = FlashMap.open(layout, (label) => {
			const { offset, size } = layout.areas.find((area) => area.label === label)!;
			return new NorPartition(flash.subarray(offset, offset + size), layout);
		});
		const image = isIntelHex(file) ? decodeIntelHex(file).bytes : file;
		const slot = map.slot(0, primary ? "primary" : "secondary");
		flash.fill(0xff, slot.offset, slot.offset + slot.size);
		flash.set(image, slot.offset);
		const api = new BootUtil(map, config.boot);
		const padded = /--(pad|test|confirm)( |$)/.test(args);
		if (!padded && !primary && !MODES[config.boot.mode].newest) api.boot_set_pending(false);
		const log: string[] = [];
		const { encryptionKey: secret } = config;
		const decryption = secret === undefined ? undefined : decryptionWith(bytesOf(secret));
		const { images, ok } = new Loader(map, loaderConfig(config, decryption), {
			digest: nodeDigest,
			log: (line) => log.push(line),
			securityCounters: { get: () => 0, set: () => {} },
		}).boot();
		if (ok && images[0]?.version === "1.2.3.4") return "yes";
		const why = log.map((line) =>
			/secondary slot: (?:refused and erased: )?((?!empty|trailer).*)|image 0: (needs .*)/.exec(line),
		);
		const reason = why.find((match) => match !== null);
		if (!reason) throw new Error(`${args}: not booted, and no reason: ${log.join("; ")}`);
		return `no: ${reason[1] ?? reason[2]}`;
	}

	async #ours(words: readonly string[]): Promise<Outcome> {
		this.#clear();
		const [stdout, stderr] = [new Text(), new Text()];
		const status = await runProgram(["image", ...this.#absolute(words)], { stdout, stderr });
		return { status, output: stdout.text, message: this.#strip(stderr.text), files: this.#files() };
	}

	async #theirs(words: readonly string[]): Promise<Outcome> {
		this.#clear();
		const { status, stdout, stderr } = await this.#imgtool.run(words, this.#directory);
		const [output, message] = [stdout, stderr].map((bytes) => bytes.toString("latin1"));
		return { status, output: output!, message: message!, files: this.#files() };
	}

	#clear(): void {
		for (const name of WRITTEN) rmSync(this.#path(name), { force: true });
	}

	#files(): Map<string, Buffer> {
		return new Map(
			WRITTEN.filter((name) => existsSync(this.#path(name))).map((name) => [name, readFileSync(this.#path(name))]),
		);
	}

	#path(name: string): string {
		return join(this.#directory, name);
	}

	#absolute(words: readonly string[]): string[] {
		return words.map((word) => (/^\w+\.(pem|txt|bin|img|out|json)$/.test(word) ? this.#path(word) : word));
	}

	#strip(text: string): string {
		return text.replaceAll(`${this.#directory}/`, "");
	}

	#write(name: string, content: Uint8Array | string): void {
		writeFileSync(this.#path(name), content);
	}
}

class Text {
	text = "";

	write(part: string | Uint8Array): void {
		this.text += typeof part === "string" ? part : Buffer.from(part).toString("latin1");
	}
}

const split = (text: string): string[] => text.split(" ").filter((word) => word !== "");

const code = (text: string): string => `\`${text}\``;

const binaryOf = ({ files }: Outcome): Uint8Array => files.get("out.bin")!;

/** Whether two tools wrote the same, but for what is random. */
function sameBytes(mine: Outcome, other: Outcome): string {
	const names = [...new Set([...mine.files.keys(), ...other.files.keys()])];
	if (names.every((name) => mine.files.get(name)?.equals(other.files.get(name) ?? Buffer.of()))) return "the same";
	const [a, b] = [inspectImage(binaryOf(mine)), inspectImage(binaryOf(other))];
	const random = new Set<string>();
	const same = plainFacts(a, random) === plainFacts(b, random);
	if (!same) throw new Error(`different images: ${JSON.stringify([a, b], null, 1)}`);
	const what = [...random].map((name) => (name.startsWith("ENC_") ? "the AES key" : "the signature"));
	return `the same but for ${what.join(" and ")}`;
}

/** All of an image that is not random: header, TLVs, and, unless it is encrypted, the payload. */
function plainFacts(report: ImageReport, random: Set<string>): string {
	const tlvs = report.tlvs.map(({ type, name, value }) => {
		if (!RANDOM.test(name)) return [type, value];
		random.add(name);
		return [type];
	});
	return JSON.stringify([report.header, tlvs]);
}

/** A table whose lines are as long as they are. */
function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
	return `${[line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}
