import assert from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSignArguments } from "../../cli/sign-options.js";
import { createImage } from "../../image/create.js";
import { inspectImage, refusal } from "../../image/inspect.js";
import { generateKey } from "../../image/keys.js";
import { openProgram, type Program } from "../support/console-script.js";
import { describeWith } from "../support/tools.js";
import { ALL_KEY_TYPES, payloadOf, signerOf } from "./support.js";

const BASIC = [
	"--version",
	"1.2.3+4",
	"--header-size",
	"0x100",
	"--pad-header",
	"--slot-size",
	"0x8000",
	"--align",
	"4",
];

describeWith("imgtool", "images in both directions", () => {
	const payload = payloadOf(1500);
	let directory = "";
	const file = (name: string): string => join(directory, name);
	let program: Program;
	const imgtool = async (...args: string[]) => {
		const { status, output } = await program.run(args);
		return { status, output: output.toString() };
	};
	/** What imgtool makes of the payload. */
	const theirs = async (args: readonly string[]): Promise<Uint8Array> => {
		const { status, output } = await imgtool("sign", ...args, file("app.bin"), file("theirs.img"));
		assert.equal(status, 0, output);
		return new Uint8Array(readFileSync(file("theirs.img")));
	};
	const ours = (args: readonly string[]): Uint8Array =>
		createImage(
			payload,
			parseSignArguments([...args, "in", "out"], {
				signer: (path) => signerOf(readFileSync(path, "utf8")),
				bytes: (path) => new Uint8Array(readFileSync(path)),
			}).options,
		);

	before(() => {
		program = openProgram("imgtool");
		directory = mkdtempSync(join(tmpdir(), "imgtool-"));
		writeFileSync(file("app.bin"), payload);
		for (const type of ALL_KEY_TYPES) writeFileSync(file(type), generateKey(type));
	});

	after(async () => {
		await program.stop();
		rmSync(directory, { recursive: true, force: true });
	});

	const reproducible: readonly (readonly string[])[] = [
		[],
		["--pad", "--max-align", "32"],
		["--confirm", "--max-align", "16", "-R", "0"],
		["--test", "--overwrite-only"],
		["--confirm", "-M", "64"],
		["-s", "0xffffffff"],
		["-s", "auto", "--boot-record", "App", "-d", "(0,1.0), (3,2.0.1+9)"],
		["--boot-record", "größe", "--sha", "384"],
		["--vid", "example.org", "--cid", "prüfstand"],
		["--vid", "00112233445566778899aabbccddeeff"],
		["--custom-tlv", "0xfffe", "0x", "--custom-tlv", "0x1a0", "tëxt 🙂", "--custom-tlv", "0xa0", "0xCAFE"],
		["--load-addr", "0x20000000", "--non-bootable"],
		["--rom-fixed", "0x08010000", "--sha", "512"],
		["--load-addr", "0", "--rom-fixed", "0"],
	];
	for (const args of reproducible) {
		it(`the same bytes without a key: ${args.join(" ")}`, async () => {
			assert.deepEqual(ours([...BASIC, ...args]), await theirs([...BASIC, ...args]));
		});
	}

	for (const args of [[], ["--sha", "512"], ["--pure"], ["--public-key-format", "full", "-s", "5"]]) {
		it(`the same bytes with Ed25519: ${args.join(" ")}`, async () => {
			const all = [...BASIC, "-k", file("ed25519"), ...args];
			assert.deepEqual(ours(all), await theirs(all));
		});
	}

	it("the same bytes of a custom TLV from a file, and of input with room for the header", async () => {
		const room = new Uint8Array(0x120).fill(5, 0x100);
		writeFileSync(file("room.bin"), room);
		const args = [
			"--version",
			"1",
			"--header-size",
			"0x100",
			"--slot-size",
			"0x8000",
			"--custom-tlv-file",
			"0xa5",
			file("room.bin"),
		];
		const { status, output } = await imgtool("sign", ...args, file("room.bin"), file("theirs.img"));
		assert.equal(status, 0, output);
		const { options } = parseSignArguments([...args, "in", "out"], {
			signer: (path) => signerOf(readFileSync(path, "utf8")),
			bytes: (path) => new Uint8Array(readFileSync(path)),
		});
		assert.deepEqual(createImage(room, options), new Uint8Array(readFileSync(file("theirs.img"))));
	});

	for (const type of ALL_KEY_TYPES) {
		for (const padding of [[], ["--confirm"]]) {
			const name = `${type} ${padding.join(" ")}`;
			it(`accepts ours: ${name}`, async () => {
				writeFileSync(file("ours.img"), ours([...BASIC, "-k", file(type), ...padding]));
				const { status, output } = await imgtool("verify", "-k", file(type), file("ours.img"));
				assert.equal(status, 0, output);
				assert.match(output, /correctly validated/);
			});

			it(`is accepted: ${name}`, async () => {
				const keys = [{ name: type, key: signerOf(readFileSync(file(type), "utf8")) }];
				const report = inspectImage(await theirs([...BASIC, "-k", file(type), ...padding]), { keys });
				assert.equal(refusal(report), undefined);
				assert.equal(report.signatures[0]?.result, "good");
			});
		}

		it(`keys of type ${type} are read from imgtool, and by it`, async () => {
			const made = await imgtool("keygen", "-k", file("made.pem"), "-t", type);
			assert.equal(made.status, 0, made.output);
			const signer = signerOf(readFileSync(file("made.pem"), "utf8"));
			assert.equal(signer.type, type);
			const shown = await imgtool("getpub", "-k", file(type), "-e", "raw");
			assert.equal(shown.status, 0, shown.output);
		});
	}
});
