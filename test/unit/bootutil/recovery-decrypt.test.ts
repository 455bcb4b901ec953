import assert from "node:assert";
import type { LoaderConfig } from "../../../modules/bootutil/loader/config.js";
import { decryptionWith } from "../../../modules/bootutil/loader/encryption.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import { Recovery } from "../../../modules/bootutil/loader/recovery/recovery.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { request } from "../smp/support.js";
import { encrypted, KEK } from "./encrypted-image.js";
import { loaderConfig, makeFlash } from "./support.js";

const RAM = { start: 0x20000000, size: 0x10000 };
/** Bytes of a file in a packet. */
const CHUNK = 512;

/** A device in serial recovery whose boot loader is built for encrypted images. */
class Device {
	readonly log: string[] = [];
	/** Flash operations until power fails. */
	left = Number.POSITIVE_INFINITY;
	readonly flash = makeFlash(1, () => {
		if (this.left-- <= 0) throw new Error("no power");
	});
	readonly #config: LoaderConfig;
	readonly #services = {
		digest: nobleDigest,
		log: (line: string) => void this.log.push(line),
		securityCounters: { get: () => 0, set: () => {} },
	};

	constructor(mode: UpgradeMode, change: Partial<LoaderConfig> = {}) {
		const decryption = decryptionWith(KEK.subarray(0, 16));
		this.#config = loaderConfig({ mode, ram: RAM, encryption: "aes-kw", encryptionKeySize: 16, decryption, ...change });
	}

	/** Uploads a file to the primary slot, from the start. */
	upload(file: Uint8Array): void {
		const recovery = new Recovery(
			{ eraseProgressively: true },
			{ map: this.flash.map, config: this.#config, services: this.#services, reset: () => {} },
		);
		for (let off = 0; off < file.length; off += CHUNK) {
			const data = file.subarray(off, off + CHUNK);
			recovery.handle(request(1, 1, off === 0 ? { off, data, len: file.length } : { off, data }, 0), () => {});
		}
	}

	/** Version of what a boot starts; undefined if it is nothing. */
	boot(): string | undefined {
		const { ok, images } = new Loader(this.flash.map, this.#config, this.#services).boot();
		return ok ? images[0]!.version : undefined;
	}

	holds(file: Uint8Array): boolean {
		const bytes = this.flash.bytes(1);
		return file.every((byte, i) => byte === bytes[i]);
	}
}

/** Of an image within one sector, and of one in several: header and TLVs are in others. */
const LENGTHS = [500, 9001];
const image = (length: number, more = {}) => encrypted({ version: [2, 0, 0, 0], length, ...more }, 16);

describe("an encrypted image in serial recovery", () => {
	for (const mode of ["swap-move", "swap-offset", "overwrite", "single-slot"] as const)
		for (const length of LENGTHS)
			it(`is decrypted where it runs: ${mode}, ${length} bytes`, () => {
				const { plain, sealed } = image(length);
				const it = new Device(mode);
				it.upload(sealed);
				assert.ok(it.holds(plain));
				assert.equal(it.boot(), "2.0.0");
			});

	it("is uploaded again after a power cut, wherever that was", () => {
		const { plain, sealed } = image(LENGTHS[1]!);
		let cut = 0;
		for (; ; cut++) {
			const it = new Device("single-slot");
			it.left = cut;
			it.upload(sealed);
			if (it.left >= 0) break;
			it.left = Number.POSITIVE_INFINITY;
			assert.equal(it.boot(), undefined, `cut ${cut}`);
			it.upload(sealed);
			assert.ok(it.holds(plain), `cut ${cut}`);
			assert.equal(it.boot(), "2.0.0", `cut ${cut}`);
		}
		// The packets, of which the last also writes a unit that it does not fill; three sectors that are erased for them; and these
		// sectors once more, each erased and written.
		assert.equal(cut, Math.ceil(sealed.length / CHUNK) + 1 + 3 + 6);
	});

	it("stays as it is, and does not run, if its key cannot be read", () => {
		const { sealed } = image(3000);
		const it = new Device("swap-move", { decryption: decryptionWith(KEK.subarray(16)) });
		it.upload(sealed);
		assert.ok(it.holds(sealed));
		assert.match(it.log.at(-1)!, /stays as it is: encrypted, without a key that this loader can read/);
		assert.equal(it.boot(), undefined);
	});

	for (const mode of ["ram-load", "single-slot-ram-load"] as const)
		it(`stays as it is where it is loaded to RAM, and is decrypted there: ${mode}`, () => {
			const { sealed } = image(3000, { flags: 0x20, loadAddress: RAM.start });
			const it = new Device(mode);
			it.upload(sealed);
			assert.ok(it.holds(sealed));
			assert.equal(it.boot(), "2.0.0");
			const other = new Device(mode, { decryption: decryptionWith(KEK.subarray(16)) });
			other.upload(sealed);
			assert.equal(other.boot(), undefined);
			assert.match(other.log.join("\n"), /without a key that this loader can read/);
		});
});
