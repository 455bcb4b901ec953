import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { payloadOf, readKey } from "./support.js";

const program = fileURLToPath(new URL("../../tools/image/cli.js", import.meta.url));

describe("image tool, command line", () => {
	let directory = "";
	const file = (name: string): string => join(directory, name);
	const image = (...args: string[]) =>
		spawnSync(process.execPath, [program, ...args], { encoding: "utf8", cwd: directory });
	const sign = (...args: string[]) => image("sign", "-v", "1.2", "-H", "64", "-S", "0x2000", "--pad-header", ...args);

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "image-"));
		writeFileSync(file("app.bin"), payloadOf(500));
		writeFileSync(file("ec1.pem"), readKey("ec1"));
		writeFileSync(file("ec2.pem"), readKey("ec2"));
		writeFileSync(file("ed.pem"), readKey("ed1"));
	});

	afterEach(() => rmSync(directory, { recursive: true, force: true }));

	it("signs, verifies and inspects", () => {
		assert.deepEqual(sign("--key", "ec1.pem", "--confirm", "app.bin", "app.img").status, 0);
		assert.equal(statSync(file("app.img")).size, 0x2000);
		const verified = image("verify", "-k", "ec2.pem", "-k", "ec1.pem", "app.img");
		assert.match(
			verified.stdout,
			/^The image is valid, signed by ec1\.pem\.\nImage version: 1\.2\.0\nImage digest: [0-9a-f]{64}\n$/,
		);
		assert.equal(verified.status, 0);
		const inspected = image("inspect", "--json", "--key=ec1.pem", "app.img");
		assert.equal(JSON.parse(inspected.stdout).signatures[0].result, "good");
		assert.equal(image("inspect", "app.img").stdout.split("\n")[0], "app.img: MCUboot image, version 1.2.0");
	});

	it("create is sign by another name", () => {
		sign("-k", "ec1.pem", "app.bin", "one.img");
		image("create", "-v", "1.2", "-H", "64", "-S", "0x2000", "--pad-header", "-k", "ec1.pem", "app.bin", "two.img");
		assert.deepEqual(readFileSync(file("one.img")), readFileSync(file("two.img")));
	});

	it("examines a slot of flash that erases to 0, and an image at an offset", () => {
		sign("-R", "0", "--confirm", "app.bin", "app.img");
		const { trailer } = JSON.parse(image("inspect", "--json", "-R", "0", "app.img").stdout);
		assert.deepEqual([trailer.imageOk, trailer.copyDone], ["set", "unset"]);
		writeFileSync(file("slot.img"), Buffer.concat([Buffer.alloc(0x1000, 0xff), readFileSync(file("app.img"))]));
		assert.equal(image("verify", "--offset", "0x1000", "slot.img").status, 0);
		assert.match(image("verify", "slot.img").stderr, /there is one at 0x1000/);
	});

	it("writes to a device without replacing it", () => {
		assert.equal(sign("app.bin", "/dev/null").status, 0);
		assert.ok(statSync("/dev/null").isCharacterDevice());
		assert.deepEqual(
			[sign("app.bin", ".").status, sign("app.bin", ".").stderr],
			[2, ". cannot be written: it is a directory.\n"],
		);
	});

	it("verify ends with 1 for an image that is not right", () => {
		sign("-k", "ec1.pem", "app.bin", "app.img");
		const other = image("verify", "-k", "ec2.pem", "app.img");
		assert.deepEqual([other.status, other.stdout], [1, "The image is signed with another key.\n"]);
		const bytes = readFileSync(file("app.img"));
		bytes[100]! ^= 1;
		writeFileSync(file("app.img"), bytes);
		assert.equal(image("verify", "app.img").status, 1);
		assert.equal(image("inspect", "app.img").status, 1);
	});

	for (const type of ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072"]) {
		it(`keygen makes a key of type ${type} that signs, for its owner only, and never overwrites one`, () => {
			assert.equal(image("keygen", "-t", type, "-k", "new.pem").status, 0);
			assert.equal(statSync(file("new.pem")).mode & 0o777, 0o600);
			assert.equal(sign("-k", "new.pem", "app.bin", "app.img").status, 0);
			assert.equal(image("verify", "-k", "new.pem", "app.img").status, 0);
			const again = image("keygen", "-t", type, "-k", "new.pem");
			assert.deepEqual([again.status, again.stderr], [2, "new.pem cannot be written: it exists already.\n"]);
		});
	}

	it("prints every option in --help of its command", () => {
		assert.match(image("--help").stdout, /create, sign .*\n.*inspect .*\n.*verify .*\n.*keygen /);
		const help = image("sign", "--help");
		assert.equal(help.status, 0);
		for (const option of [
			"-H, --header-size BYTES",
			"--max-align [8|16|32]",
			"--custom-tlv TYPE VALUE",
			"(required)",
		]) {
			assert.ok(help.stdout.includes(option), option);
		}
	});

	const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
		["unknown command", ["burn"], /^There is no command "burn"/],
		["unknown option", ["sign", "--fast"], /^sign has no option --fast\.$/],
		["imgtool's encrypted keys in the trailer", ["sign", "--save-enctlv"], /^--save-enctlv is not supported: /],
		[
			"encryption without a key",
			["sign", "-v", "1", "-H", "64", "-S", "0", "--clear", "app.bin", "o.img"],
			/^--clear needs --encrypt\.$/,
		],
		[
			"encryption for a key to sign with",
			["sign", "-v", "1", "-H", "64", "-S", "0", "-E", "ed.pem", "app.bin", "o.img"],
			/^ed\.pem: The key is not one that images are encrypted with: /,
		],
		["option without its value", ["sign", "--version"], /^--version needs VERSION\.$/],
		["flag with a value", ["sign", "--pad=1"], /^--pad takes no value\.$/],
		["choice that is none", ["sign", "--align", "3"], /^--align is one of 1, 2, 4, 8, 16, 32, not "3"\.$/],
		[
			"no number",
			["sign", "-v", "1", "-H", "many", "-S", "0", "app.bin", "o.img"],
			/^--header-size needs a number, not "many"\.$/,
		],
		[
			"negative number",
			["sign", "-v", "1", "-H", "-1", "-S", "0", "app.bin", "o.img"],
			/^--header-size needs a number/,
		],
		["required option missing", ["sign", "-H", "64", "-S", "0", "app.bin", "o.img"], /^sign needs --version\.$/],
		["no output file", ["sign", "-v", "1", "-H", "64", "-S", "0", "app.bin"], /^sign needs INFILE and OUTFILE\.$/],
		[
			"three files",
			["sign", "-v", "1", "-H", "64", "-S", "0", "app.bin", "o.img", "x"],
			/^"x" is one argument too many\.$/,
		],
		[
			"input that is missing",
			["sign", "-v", "1", "-H", "64", "-S", "0", "no.bin", "o.img"],
			/^no\.bin cannot be read: it does not exist\.$/,
		],
		["Intel HEX", ["sign", "-v", "1", "-H", "64", "-S", "0", "app.hex", "o.img"], /Intel HEX/],
		[
			"image too large",
			["sign", "-v", "1", "-H", "64", "-S", "900", "--pad-header", "app.bin", "o.img"],
			/exceed the slot/,
		],
		[
			"output folder missing",
			["sign", "-v", "1", "-H", "64", "-S", "0", "--pad-header", "app.bin", "no/o.img"],
			/^no\/o\.img cannot be written: its folder/,
		],
		[
			"no key",
			["sign", "-v", "1", "-H", "64", "-S", "0", "--pad-header", "-k", "app.bin", "app.bin", "o.img"],
			/^app\.bin: The key is not a PEM/,
		],
		[
			"dependencies",
			["sign", "-v", "1", "-H", "64", "-S", "0", "-d", "1:2.0", "app.bin", "o.img"],
			/^"1:2\.0" is no list of dependencies/,
		],
		[
			"odd custom TLV",
			["sign", "-v", "1", "-H", "64", "-S", "0", "--custom-tlv", "0xa0", "0x123", "app.bin", "o.img"],
			/even number/,
		],
		["not an image", ["inspect", "app.bin"], /^The file does not begin with an image header\.$/],
		["offset behind the end", ["inspect", "--offset", "501", "app.bin"], /has only 500 bytes/],
		["key type", ["keygen", "-k", "x.pem", "-t", "dsa"], /^-t is one of ecdsa-p256/],
	];
	for (const [name, args, message] of refused) {
		it(`exits with 2 and one sentence, writing nothing: ${name}`, () => {
			const before = readdirSync(directory);
			const { status, stdout, stderr } = image(...args);
			assert.match(stderr.trimEnd(), message);
			assert.deepEqual([status, stdout, stderr.trimEnd().split("\n").length], [2, "", 1]);
			assert.deepEqual(readdirSync(directory), before);
		});
	}

	it("refuses to sign with a public key, and leaves an older output alone", () => {
		writeFileSync(file("public.pem"), createPublicKey(readKey("ec1")).export({ format: "pem", type: "spki" }));
		writeFileSync(file("app.img"), "old");
		const result = sign("-k", "public.pem", "app.bin", "app.img");
		assert.deepEqual(
			[result.status, result.stderr],
			[2, "public.pem is a public key; signing needs the private one.\n"],
		);
		assert.equal(readFileSync(file("app.img"), "utf8"), "old");
		assert.deepEqual(readdirSync(directory), ["app.bin", "app.img", "ec1.pem", "ec2.pem", "ed.pem", "public.pem"]);
	});
});
