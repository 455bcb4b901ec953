import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKey } from "../../image/keys.js";
import { payloadOf, readKey } from "./support.js";

const P384 = generateKey("ecdsa-p384");

const program = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

describe("image tool, command line", () => {
	let directory = "";
	const file = (name: string): string => join(directory, name);
	const image = (...args: string[]) =>
		spawnSync(process.execPath, [program, "image", ...args], { encoding: "utf8", cwd: directory });
	const sign = (...args: string[]) => image("sign", "-v", "1.2", "-H", "64", "-S", "0x2000", "--pad-header", ...args);

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "image-"));
		writeFileSync(file("app.bin"), payloadOf(500));
		writeFileSync(file("ec1.pem"), readKey("ec1"));
		writeFileSync(file("ec2.pem"), readKey("ec2"));
		writeFileSync(file("ed.pem"), readKey("ed1"));
		writeFileSync(file("fake.hex"), "no record\n");
		writeFileSync(file("sig.txt"), "AAAA\n");
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

	it("takes Intel HEX wherever it takes an image, and writes it by the name of the output", () => {
		sign("--key", "ec1.pem", "--confirm", "app.bin", "app.img");
		sign("--key", "ec1.pem", "--confirm", "-x", "0x8000", "app.bin", "app.hex");
		assert.equal(image("verify", "-k", "ec1.pem", "app.hex").status, 0);
		const text = image("inspect", "-k", "ec1.pem", "app.hex");
		assert.match(
			text.stdout,
			/^app\.hex \(Intel HEX from 0x8000\): MCUboot image, version 1\.2\.0\n[\s\S]*image_ok set/,
		);
		const [binary, hex] = ["app.img", "app.hex"].map((name) => image("inspect", "--json", name).stdout);
		assert.equal(hex, binary);
		// Signed once more, as a payload that has an address: the header goes below it.
		assert.equal(sign("app.hex", "again.hex").status, 2);
		assert.equal(sign("-S", "0x8000", "app.hex", "again.hex").status, 0);
		assert.match(image("inspect", "again.hex").stdout, /^again\.hex \(Intel HEX from 0x7fc0\)/);
	});

	it("signs with a signature that was made elsewhere", () => {
		const vector = sign("--vector-to-sign", "digest", "app.bin", "digest");
		assert.deepEqual([vector.status, statSync(file("digest")).size], [0, 32]);
		assert.equal(sign("-k", "ec1.pem", "--sig-out", "sig.txt", "app.bin", "app.img").status, 0);
		assert.equal(sign("--fix-sig", "sig.txt", "--fix-sig-pubkey", "ec1.pem", "app.bin", "two.img").status, 0);
		assert.deepEqual(readFileSync(file("two.img")), readFileSync(file("app.img")));
	});

	it("takes short options with their values attached", () => {
		sign("app.bin", "app.img");
		image("sign", "-v1.2", "-H64", "-S0x2_000", "--pad-header", "-celittle", "app.bin", "two.img");
		assert.deepEqual(readFileSync(file("two.img")), readFileSync(file("app.img")));
	});

	it("tells private keys from public ones", () => {
		assert.deepEqual(
			[image("keyinfo", "-k", "ec1.pem").stdout, image("keyinfo", "-k", "ec1.pem").status],
			["private\n", 0],
		);
		const wrong = image("keyinfo", "-k", "ec1.pem", "--require", "public");
		assert.deepEqual([wrong.status, wrong.stderr], [2, "ec1.pem is a private key, not a public one.\n"]);
	});

	const judged: readonly (readonly [string, readonly string[], readonly string[], number, RegExp])[] = [
		["no key", ["-k", "ec1.pem"], [], 0, /not checked: no key was given/],
		["the key", ["-k", "ec1.pem"], ["-k", "ec1.pem"], 0, /ec1\.pem/],
		["another key", ["-k", "ec1.pem"], ["-k", "ec2.pem"], 1, /it is by another key than ec2\.pem/],
		[
			"another key, whole",
			["-k", "ec1.pem", "--public-key-format", "full"],
			["-k", "ec2.pem"],
			1,
			/by another key than ec2\.pem/,
		],
		[
			"a key of another type",
			["-k", "ec1.pem"],
			["-k", "ed.pem"],
			1,
			/it is by ECDSA P-256, and ed\.pem is an Ed25519 key/,
		],
		["no signature", [], ["-k", "ec1.pem"], 1, /The image is not signed\./],
		["no signature, no key", [], [], 0, /not signed|signature none/],
		["pure", ["-k", "ed.pem", "--pure"], ["-k", "ed.pem"], 0, /ed\.pem/],
		["SHA-512", ["-k", "ed.pem", "--sha", "512"], ["-k", "ed.pem"], 0, /ed\.pem/],
		["P-384", ["-k", "p384.pem"], ["-k", "p384.pem"], 0, /p384\.pem/],
		[
			"P-256 for P-384",
			["-k", "p384.pem"],
			["-k", "ec1.pem"],
			1,
			/it is by ECDSA P-384, and ec1\.pem is an ECDSA P-256 key/,
		],
		["padded P-384", ["-k", "p384.pem", "--pad-sig"], ["-k", "p384.pem"], 0, /p384\.pem/],
		["big-endian", ["-k", "ec1.pem", "-e", "big", "-s", "7"], ["-k", "ec1.pem"], 0, /big-endian/],
		[
			"encrypted, with both keys",
			["-k", "ed.pem", "-E", "x.pem"],
			["-k", "ed.pem", "--decrypt", "x.pem"],
			0,
			/ENC_X25519,? encrypted for x\.pem/,
		],
		[
			"encrypted, SHA-512",
			["-k", "ed.pem", "-E", "x.pem", "--hmac-sha", "512"],
			["-k", "ed.pem", "--decrypt", "x.pem"],
			0,
			/ENC_X25519_SHA512,? encrypted for x\.pem/,
		],
		[
			"encrypted, key to decrypt not given",
			["-k", "ed.pem", "-E", "x.pem"],
			["-k", "ed.pem"],
			1,
			/it names ed\.pem, but it covers the payload before encryption/,
		],
		[
			"encrypted for another key",
			["-E", "x.pem"],
			["--decrypt", "x2.pem"],
			1,
			/ENC_X25519 is encrypted for another key of this type than x2\.pem/,
		],
		[
			"encrypted for another key, SHA-512",
			["-E", "x.pem", "--hmac-sha", "512"],
			["--decrypt", "x2.pem"],
			1,
			/ENC_X25519_SHA512 is encrypted for another key/,
		],
		[
			"encrypted for another type",
			["-E", "x.pem"],
			["--decrypt", "ec1.pem"],
			1,
			/is encrypted for an X25519 key, and ec1\.pem is a P-256 key/,
		],
	];
	for (const [name, how, keys, status, words] of judged) {
		it(`inspect and verify say so, and exit with ${status}: ${name}`, () => {
			writeFileSync(file("p384.pem"), P384);
			writeFileSync(file("x.pem"), generateKey("x25519"));
			writeFileSync(file("x2.pem"), generateKey("x25519"));
			assert.deepEqual([sign(...how, "app.bin", "app.img").stderr], [""]);
			for (const command of ["verify", "inspect"]) {
				const result = image(command, ...keys, "app.img");
				assert.match(result.stdout, words, command);
				assert.deepEqual([result.status, result.stderr], [status, ""], command);
			}
		});
	}

	for (const [name, start, words] of [
		["an ELF file", "\x7fELF", /^The file is an ELF file \(.*\), not an MCUboot image\.$/],
		["a PEM file", "-----BEGIN X", /is a PEM file/],
		["a ZIP archive", "PK\x03\x04", /is a ZIP archive/],
		["Intel HEX that is damaged", ":0100000001FF\n", /Line 1 of the Intel HEX file has a wrong checksum/],
	] as const) {
		it(`names what is no image: ${name}`, () => {
			writeFileSync(file("foreign"), `${start}${"x".repeat(64)}`, "latin1");
			const { status, stderr } = image("verify", "foreign");
			assert.match(stderr.trimEnd(), words);
			assert.equal(status, 2);
		});
	}

	it("verify ends with 1 for an image that is not right", () => {
		sign("-k", "ec1.pem", "app.bin", "app.img");
		const other = image("verify", "-k", "ec2.pem", "app.img");
		assert.deepEqual(
			[other.status, other.stdout],
			[1, "The signature was not checked: it is by another key than ec2.pem.\n"],
		);
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
		assert.match(
			image("--help").stdout,
			/^ {2}sign .*\n(.*\n)* {2}create .*\n {2}inspect .*\n {2}verify .*\n {2}keygen /m,
		);
		const help = image("sign", "--help");
		assert.equal(help.status, 0);
		for (const option of [
			"-H, --header-size <BYTES>",
			"(8, 16 or 32; default 8, or",
			"--custom-tlv <TYPE> <VALUE>",
			"(required)",
		]) {
			assert.ok(help.stdout.replace(/\s+/g, " ").includes(option), option);
		}
	});

	const SIGN = ["sign", "-v", "1", "-H", "64", "-S", "0", "--pad-header"];
	const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
		["unknown command", ["burn"], /^There is no command "image burn"; --help lists them\.$/],
		["unknown option", ["sign", "--aline", "4"], /^There is no option "--aline"; did you mean --align\?$/],
		["compression", ["sign", "--compression", "lzma2"], /^--compression lzma2 is not supported: .* LZMA2 encoder; /],
		["imgtool's dumpinfo", ["dumpinfo", "app.bin"], /^dumpinfo is not supported: inspect prints the same, /],
		[
			"imgtool's getpriv",
			["getpriv", "-k", "ec1.pem"],
			/^getpriv is not supported: boot loaders here take the PEM file/,
		],
		["a password for a key", ["keygen", "-p"], /^-p is not supported: keys are written unencrypted, /],
		[
			"a signature without its key",
			[...SIGN, "--fix-sig", "ec1.pem", "app.bin", "o.img"],
			/^--fix-sig needs --fix-sig-pubkey/,
		],
		[
			"a key without its signature",
			[...SIGN, "--fix-sig-pubkey", "ec1.pem", "app.bin", "o.img"],
			/^--fix-sig-pubkey needs --fix-sig\.$/,
		],
		[
			"a signature of something else",
			[...SIGN, "--fix-sig", "sig.txt", "--fix-sig-pubkey", "ec1.pem", "app.bin", "o.img"],
			/^sig\.txt: The signature is not one of this image by ec1\.pem\.$/,
		],
		[
			"a signature to write without a key",
			[...SIGN, "--sig-out", "s", "app.bin", "o.img"],
			/^--sig-out needs a signature/,
		],
		[
			"a padded vector",
			[...SIGN, "--vector-to-sign", "digest", "--pad", "app.bin", "o.img"],
			/^--vector-to-sign writes no image/,
		],
		[
			"Intel HEX without an address",
			[...SIGN, "app.bin", "o.hex"],
			/^o\.hex is Intel HEX and needs an address: give --hex-addr\.$/,
		],
		[
			"Intel HEX by its name alone",
			[...SIGN, "fake.hex", "o.img"],
			/^fake\.hex: Line 1 of the Intel HEX file does not begin/,
		],
		["a name that is none in C", ["getpub", "-k", "ec1.pem", "--name-suffix", "-2"], /^"-2" cannot be part of a name/],
		["a key of the other kind", ["keyinfo", "-k", "app.bin"], /^app\.bin: The key is not a PEM file\.$/],
		[
			"encryption for a key to sign with",
			["sign", "-v", "1", "-H", "64", "-S", "0", "-E", "ed.pem", "app.bin", "o.img"],
			/^ed\.pem: The key is not one that images are encrypted with: /,
		],
		["option without its value", ["sign", "--version"], /^--version needs VERSION\.$/],
		["flag with a value", ["sign", "--pad=1"], /^--pad takes no value\.$/],
		["choice that is none", ["sign", "--align", "3"], /^--align is 1, 2, 4, 8, 16 or 32, not "3"\.$/],
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
		[
			"required option missing",
			["sign", "-H", "64", "-S", "0", "app.bin", "o.img"],
			/^image sign needs --version VERSION\.$/,
		],
		[
			"no output file",
			["sign", "-v", "1", "-H", "64", "-S", "0", "app.bin"],
			/^image sign needs INFILE and OUTFILE; --help tells more\.$/,
		],
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
		["custom TLV without a value", ["sign", "--custom-tlv", "0xa0"], /^--custom-tlv needs TYPE and VALUE\.$/],
		[
			"odd custom TLV",
			["sign", "-v", "1", "-H", "64", "-S", "0", "--custom-tlv", "0xa0", "0x123", "app.bin", "o.img"],
			/even number/,
		],
		["not an image", ["inspect", "app.bin"], /^The file does not begin with an image header\.$/],
		["offset behind the end", ["inspect", "--offset", "501", "app.bin"], /has only 500 bytes/],
		["key type", ["keygen", "-k", "x.pem", "-t", "dsa"], /^--type is ecdsa-p256, .* or x25519, not "dsa"\.$/],
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
		assert.deepEqual(readdirSync(directory), [
			"app.bin",
			"app.img",
			"ec1.pem",
			"ec2.pem",
			"ed.pem",
			"fake.hex",
			"public.pem",
			"sig.txt",
		]);
	});
});
