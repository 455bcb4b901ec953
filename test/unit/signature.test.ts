import assert from "node:assert";
import { DER_INTEGER, DER_SEQUENCE, DerReader } from "../../modules/bootutil/signature/der.js";
import {
	type SignatureType,
	signatureLengthOk,
	signatureTlv,
	verifyPure,
	verifySignature,
} from "../../modules/bootutil/signature/signature.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";

// Made with OpenSSL 3: keys by genpkey, signatures by pkeyutl over the digests of "signature test".
const DIGEST = "e5f2012c301e6ead640a06d51cb0b7825ac4f2933441d09ad832946a7de2c2b7";
const DIGEST_512 =
	"03c6779bc9f05b326d06f2c6ca00fad4b4f08b5d3085562dc31aa50211a9665e2234e42ad00aa047af1b06715341e64f7f2d" +
	"4eceb7b1fbd3a680a30a55a5ebbc";
const EC_KEY =
	"3059301306072a8648ce3d020106082a8648ce3d030107034200049849f4d9af0998ce804f61ec880d476566e80d8d4ed6f5" +
	"e278fa1d34ab9519a13f6d4cd1457f5c70f8ddb3af794a6b7927bb3feba7746e7cff201bdb9c29d87b";
const EC_SIGNATURE =
	"3045022100b3d0ec1b53381a6c6063ff7711d2a63a9df7e48a16295d495be35d35818991b402202b02549e6b2ffa9cac609d" +
	"2609bfc7e9c83388444cfc0db7414254907dc656de";
const DIGEST_384 = "c99e549758fc870464543bafe39566a263dd1ac37919ac364ad8caf215ca33537e1db8f7fc91b7ce32345ce72eca2f70";
const EC384_KEY =
	"3076301006072a8648ce3d020106052b81040022036200045382e27125dc19cc467a3312a6df0111fe1db1cd73d4859ab57daa" +
	"36b7d45603604d49478fa51a1583af4694406ac943fd860bd8a7c7f5a43d12d172de525b802447c839b50b92d29b7a138ed69c" +
	"cc8f2a10336ab1131fcc23582bfca6e0fec7";
const EC384_SIGNATURE =
	"306402306eb08d034864317c693c2780cf96b80e9e16149c56f14efb4f2482a9971d0237d9b97363480d09d6d1ad09250502f4" +
	"c502301441d3bf13a5fc9aec22a180a2f80ad0221c19ebe702f2a5543d645d5220a36b26ca03d2994fbbd0529f15c0635e9b77";
const ED_KEY = "302a300506032b657003210076713ebd09745386c565109543f6b4aa06b45db4f57e1b5928cefac70587c08c";
const ED_SIGNATURE =
	"2b4cfb52c0cfc86a86389089dff0ba4e6adf09270a96e8177153ab0c641b3cf17ef520fec2ee8e5fb70c28bf871707594f75" +
	"09e3d907c3aff2848c6e34673705";
const ED_SIGNATURE_512 =
	"5a0de4752730aac3beec37dca71203e9a10efc0f599fc3834f6910fd1965cae3839bd0ad16531ee5eed06e7f4c13f4c62ee6" +
	"af29e6600732008d3a8c90e5a509";
const RSA2048_KEY =
	"3082010a0282010100b8b060f52fbcefd66461b254550335c66a8cff1d74971a057b80bbcfbaf4bba5fcebcd87d821728cbb" +
	"1572dc611ecc1882c15c0801151735d19f4d00d3af0b24783868cb0ed4ba40372c34bd7dec8c28e8392661fe91a8b337bf42" +
	"99265cdf21cfb65f48a400907bf639c32de0bbbb08c9d28eea2e04b9883adc7d34b64d6cc94b3f40baf9720bb9ea981b2e2d" +
	"c3bfe7e3e2386230b272603a00c150942ec035cc228af264f3fe50c835aed5e37ced18d9024c804003029e9247a80d299234" +
	"a910cf8fdaac9055bae3d18252c14a47246eeefdcfd3a273b2ed96ed3b4a45705f1428d4959daa06a7ecfacd4e535bb4a742" +
	"aea343e60ae1a7ba9f4c7a254977b10203010001";
const RSA2048_SIGNATURE =
	"9c3b4e0c3dfe99424dbb3987fd4aba8d5cc5c2919c64715d2a8adee4f0cc550562fd1e08a17f5a476e026d9fb5a9c2e88227" +
	"8c4f391221d440737ef4c1538afda3265065fc4e9e13df6e3a15da5837e131d7c7b741348ad98ce84b28e4084ce185380423" +
	"2359a917316bed6a3e2c31f784648945dd900e19f5a8b6c2b93e58a40b19eab51951689515333a6cd14ce8723652a731b9e0" +
	"d6eb8588c1f4b34d56b6953aadeb976cc8e02e5c53505c79f3eae2d4cee909ae659a20b9e15febcb4d57e03ba497dc94bce8" +
	"04fb40200970370e18d844aca5725bce8d5ee4af0199b49a711597e8d0d4b4d34c14ee7d05a89de63e266e3e4707c21ba03b" +
	"cc43889d75b6";
const RSA2048_SALT_20 =
	"47efdf61b5d5263fddf48896033ea6f88e47c4fb2a608508490d4d81384b3dfbdc26117b27015b4a514bf3d5fb7eb468fda3" +
	"0bd5288b4a3de482fe179fc112ce5428fa240ad4dd9fa7a0ea6f8a8c665f62886af175bcaf9bb9f5bcb204b11b83b67e1a01" +
	"66d7dbeb31e8e1f42902b23a87225b02e19238a61c6ec79f616485fb5613df8188473645754d616b4d99e1ecce6e942d527f" +
	"241691eab15985b33cd2d9812b23ad881f41cb730a471a14b17d29ac7c0eb34b8d79cacae01e0d8bbb6c96a894bf5bbf2f7f" +
	"4cc11bf3de0c6f35b7440c502f797f2c9ac1b011adb77b5d6400db5fb25f95c5ff45c05845b3f9d086dace8c7c676608be34" +
	"38e586dcdc26";
const RSA3072_KEY =
	"3082018a0282018100d1c23ab2b6dcf660cbaa2fe6fd71c173883341f2efed3d1cc35953c0f0bd6db45ea99249e28c55e321" +
	"83a9cba7955c9a0cfa17808f52b34b292deffb805e972bfbbe727340ff1565227878bab3a17f99ab2d9a4ae031348f083138" +
	"9a521b78f40b46748b73796c2de88179b4ab4857688c0634bf039b6b279296247ca4c2730ec54f92c83ea17371f104a4aa76" +
	"b4f47981235d2eb81d35f3c18b6aa2f83ae0f533faa91db5ace4294626e032f8f8db3158beddaea33950713b36c924b45246" +
	"431f1f83a2a6afb949fc422a5b2f512d9bb22614a7692c51dbc7f14e376f088669829a733de1b8dc843c5d312286a3a4a5e4" +
	"a2df69d96b441afafbac4f4fd9223f12faf242a4f06e74053567fb4e759947624892ea1d417511debc6d35ad63e90d86a2da" +
	"78eadd06fa1cc8cb65ef62db6eca0d706096eb6cbdb524971d38a63a2e338c663a812ebc188e75c4a5635d9671f07f112c02" +
	"5b48aa47bf5967dded276a724e521fa3c1bdd00aea5d026a2e49b371699c0f853db65cccbcdb347f6f8a5d0203010001";
const RSA3072_SIGNATURE =
	"219e6595e02e521e75d872e2e84fa99416689356cc5a53c857161ca570187e25ab19c42c0f8f014a0121683c93f2a79049ee" +
	"6094cdd1e4146614128d41e18ded6815d346af7de3f5efac1962aa3d9ce8a2f08411aedb0f870ed27ca0b8691ceb35818516" +
	"93448833ed90f5bdeb9742ee89f4c278d0cff231d95155ad1d8a3a3e6bad5e3a6e4987f4c77332cc8f23e8fa61b461554aa3" +
	"19dd232477b3eb216fd758d3d64acb035df43610f334a2cb6511a985443acd356efde41ae6ab7b849e69d6e64082ba04fb89" +
	"d5e88d97f517fa539bdf5dcca3fef451f7b705c22ed240c7d0321736571887aa4e3ab9f08021fc130569b2010a05289d8afb" +
	"028343307cee9b95316c740359f88b1ff93aada1f2409c4cb0840ae472344cd09a84f6fff260f479784014766c9fdb9b0174" +
	"69b065775ad092f474a712682a08a3aaf75f174d9fe0394275a8a1caeedc76acaeace2f2f69cc33ac86ef462ff56841c9b9c" +
	"5651b29e0f4568d22a78bda8767e9f947fd2257338d8f73e6af8b2306bf38854b318";

/** Order of the group of P-256 (SP 800-186, 3.2.1.3). */
const P256_ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

const bytes = (hex: string): Uint8Array =>
	Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));

const SIGNED: readonly (readonly [SignatureType, string, string, string])[] = [
	["ecdsa-p256", EC_KEY, DIGEST, EC_SIGNATURE],
	["ecdsa-p384", EC384_KEY, DIGEST_384, EC384_SIGNATURE],
	["ed25519", ED_KEY, DIGEST, ED_SIGNATURE],
	["ed25519", ED_KEY, DIGEST_512, ED_SIGNATURE_512],
	["rsa-2048", RSA2048_KEY, DIGEST, RSA2048_SIGNATURE],
	["rsa-3072", RSA3072_KEY, DIGEST, RSA3072_SIGNATURE],
];

/** r and s as hex, of the signature above. */
function rs(): [string, string] {
	const reader = new DerReader(bytes(EC_SIGNATURE)).enter(DER_SEQUENCE);
	const next = () =>
		Array.from(reader?.read(DER_INTEGER) ?? [], (byte) => byte.toString(16).padStart(2, "0"))
			.join("")
			.slice(-64);
	return [next(), next()];
}

const element = (tag: string, content: string): string =>
	tag + (content.length / 2).toString(16).padStart(2, "0") + content;
const der = (r: string, s: string): string => element("30", element("02", r) + element("02", s));
const highS = (s: string): string => (BigInt(`0x${P256_ORDER}`) - BigInt(`0x${s}`)).toString(16).padStart(64, "0");

describe("signature", () => {
	for (const [type, key, digest, signature] of SIGNED) {
		describe(`${type} over ${digest.length / 2} bytes`, () => {
			const check = (k: Uint8Array, d: Uint8Array, s: Uint8Array, t = type) => verifySignature(t, k, d, s);

			it("verifies what OpenSSL signed", () => {
				assert.equal(check(bytes(key), bytes(digest), bytes(signature)), true);
			});

			it("rejects another digest, and one of another length", () => {
				const other = bytes(digest);
				other[3]! ^= 0x10;
				assert.equal(check(bytes(key), other, bytes(signature)), false);
				for (const length of [0, 20, 31, 33, 47, 49, 63, 65]) {
					assert.equal(check(bytes(key), new Uint8Array(length), bytes(signature)), false, `${length}`);
				}
			});

			it("rejects a signature with a flipped bit", () => {
				const length = signature.length / 2;
				for (const at of [8, length >> 1, length - 1]) {
					const broken = bytes(signature);
					broken[at]! ^= 1;
					assert.equal(check(bytes(key), bytes(digest), broken), false, `byte ${at}`);
				}
			});

			it("rejects another key's, and every shortened or damaged key, without throwing", () => {
				const whole = bytes(key);
				for (const length of [0, 1, 4, 12, 26, whole.length - 1]) {
					assert.equal(check(whole.subarray(0, length), bytes(digest), bytes(signature)), false, `${length} bytes`);
				}
				for (const at of [0, 1, 3, 30]) {
					const broken = bytes(key);
					broken[at]! ^= 0x40;
					assert.equal(check(broken, bytes(digest), bytes(signature)), false, `byte ${at}`);
				}
			});

			it("rejects lengths out of range", () => {
				for (const length of [0, 1, 63, 65, 129, 255, 257, 383, 385, 4096]) {
					assert.equal(check(bytes(key), bytes(digest), new Uint8Array(length)), false, `${length}`);
				}
			});

			it("does not verify under another type", () => {
				for (const other of ["none", "ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072"] as const) {
					if (other !== type) assert.equal(check(bytes(key), bytes(digest), bytes(signature), other), false, other);
				}
			});
		});
	}

	describe("DER of ECDSA", () => {
		const [r, s] = rs();
		const ok = (signature: string) => verifySignature("ecdsa-p256", bytes(EC_KEY), bytes(DIGEST), bytes(signature));
		const both = element("02", r) + element("02", s);
		const cases: readonly (readonly [string, string, boolean])[] = [
			["plain", der(r, s), true],
			["high s", der(r, highS(s)), true],
			["leading zeros", der(`000000${r}`, `00${s}`), true],
			["trailing bytes", `${der(r, s)}0000`, true],
			["sequence length one too short", `30${(both.length / 2 - 1).toString(16)}${both}`, true],
			["sequence length one too long", `30${(both.length / 2 + 1).toString(16)}${both}`, false],
			["long form of the sequence length", `3081${(both.length / 2).toString(16)}${both}`, true],
			["indefinite sequence length", `3080${both}0000`, false],
			["length of five bytes", `308500000000${(both.length / 2).toString(16)}${both}`, false],
			["r and s exchanged", der(s, r), false],
			["r missing", element("30", element("02", s)), false],
			["r is 0", der("00", s), false],
			["s is 0", der(r, "00"), false],
			["s is the order", der(r, P256_ORDER), false],
			["r and s are 1", der("01", "01"), false],
			["empty integers", "300402000200", false],
			["no sequence", both, false],
			["a set", `31${der(r, s).slice(2)}`, false],
			["integer over the end", `3006020102027f01`, false],
			["tag alone", "30", false],
		];
		for (const [name, signature, verifies] of cases) {
			it(`${verifies ? "accepts" : "rejects"}: ${name}`, () => assert.equal(ok(signature), verifies));
		}
	});

	describe("RSA", () => {
		const check = (key: string, signature: string) =>
			verifySignature("rsa-2048", bytes(key), bytes(DIGEST), bytes(signature));

		it("rejects a salt of another length", () => {
			assert.equal(check(RSA2048_KEY, RSA2048_SALT_20), false);
		});

		it("rejects a signature that is not less than the modulus", () => {
			assert.equal(check(RSA2048_KEY, "ff".repeat(256)), false);
		});

		it("rejects zero and one, whose powers are themselves", () => {
			assert.equal(check(RSA2048_KEY, "00".repeat(256)), false);
			assert.equal(check(RSA2048_KEY, `${"00".repeat(255)}01`), false);
		});

		it("rejects a public exponent of more than four bytes and one of none", () => {
			const modulus = RSA2048_KEY.slice(8, -10);
			assert.equal(check(`3082010a${modulus}0203010001`, RSA2048_SIGNATURE), true);
			assert.equal(check(`3082010c${modulus}02050100010001`, RSA2048_SIGNATURE), false);
			assert.equal(check(`30820107${modulus}0200`, RSA2048_SIGNATURE), false);
		});
	});

	describe("pure signatures of Ed25519", () => {
		const check = (message: string, signature: Uint8Array, key = bytes(ED_KEY)) =>
			verifyPure(key, signature, nobleDigest.sha512!(), (hasher) => {
				// In two parts, as a long message comes.
				hasher.update(bytes(message).subarray(0, 5));
				hasher.update(bytes(message).subarray(5));
			});

		// The signatures above are over digests: to the algorithm a digest is a message like any other.
		for (const [message, signature] of [
			[DIGEST, ED_SIGNATURE],
			[DIGEST_512, ED_SIGNATURE_512],
		] as const) {
			it(`verifies what OpenSSL signed, ${message.length / 2} bytes`, () => {
				assert.equal(check(message, bytes(signature)), true);
			});

			it(`rejects every change of a bit, ${message.length / 2} bytes`, () => {
				assert.equal(check(`00${message.slice(2)}`, bytes(signature)), false);
				assert.equal(check(message.slice(2), bytes(signature)), false);
				for (let at = 0; at < 64; at += 7) {
					const broken = bytes(signature);
					broken[at]! ^= 0x20;
					assert.equal(check(message, broken), false, `${at}`);
				}
			});
		}

		it("rejects lengths out of range, other keys, and numbers that are not below the order", () => {
			for (const length of [0, 63, 65, 128]) assert.equal(check(DIGEST, new Uint8Array(length)), false, `${length}`);
			for (const length of [0, 12, 43, 45])
				assert.equal(check(DIGEST, bytes(ED_SIGNATURE), bytes(`${ED_KEY}00`).subarray(0, length)), false, `${length}`);
			assert.equal(check(DIGEST, bytes(ED_SIGNATURE.slice(0, 64) + "ff".repeat(32))), false);
			// A key of small order would verify signatures that nobody made.
			const small = bytes(`${ED_KEY.slice(0, 24)}01${"00".repeat(31)}`);
			assert.equal(check(DIGEST, bytes(`01${"00".repeat(63)}`), small), false);
		});
	});

	it("knows the TLV of each type (MCUboot design.md, TLV area)", () => {
		const types = ["none", "rsa-2048", "ecdsa-p256", "ecdsa-p384", "rsa-3072", "ed25519"] as const;
		assert.deepEqual(types.map(signatureTlv), [0, 0x20, 0x22, 0x22, 0x23, 0x24]);
	});

	it("knows which lengths a signature may have", () => {
		const lengths = [0, 64, 70, 128, 129, 256, 384];
		const allowed = (type: SignatureType) => lengths.filter((length) => signatureLengthOk(type, length));
		assert.deepEqual(allowed("none"), []);
		assert.deepEqual(allowed("ecdsa-p256"), [0, 64, 70, 128]);
		assert.deepEqual(allowed("ecdsa-p384"), [0, 64, 70, 128]);
		assert.deepEqual(allowed("ed25519"), [64]);
		assert.deepEqual(allowed("rsa-2048"), [256]);
		assert.deepEqual(allowed("rsa-3072"), [384]);
	});
});
