import assert from "node:assert";
import { createHash } from "node:crypto";
import { trailerMagic } from "../../../modules/bootutil/trailer.js";
import { makeImage } from "../../unit/bootutil/support.js";
import { Device } from "./device.js";
import { withForecast } from "./forecast.js";
import type { VectorConfig } from "./format.js";
import { Mismatch } from "./report.js";

const SLOT = 0x10000;

const CONFIG: VectorConfig = {
	algorithm: "swap-move",
	images: 1,
	signature: "none",
	boot_max_align: 8,
	max_img_sectors: 16,
	validate_primary: true,
	downgrade_prevention: "none",
	hw_rollback: false,
	bootstrap: false,
	tlv_allow_list: true,
	version_cmp_build_number: false,
	flash: { size: 2 * SLOT, sector_size: 4096, write_size: 4, erased: 0xff, strict_nor: true },
	areas: [
		{ id: 1, name: "primary", off: 0, size: SLOT },
		{ id: 2, name: "secondary", off: SLOT, size: SLOT },
	],
};

describe("comparison of boots with their forecasts", () => {
	const platform = { digest: { sha256: () => createHash("sha256") } };

	/** A device with a request for an image that is not there, whose trailer the boot loader erases. */
	function device(interfere: (device: Device) => void): Device {
		const { beforeBoot } = withForecast(platform);
		const made: Device = new Device(CONFIG, [], {
			...platform,
			beforeBoot: (it) => {
				const after = beforeBoot?.(it);
				return (result) => {
					interfere(it);
					after?.(result);
				};
			},
		});
		made.flash.bytes(1).set(makeImage({ version: [1, 0, 0, 0], length: 5000 }));
		made.bootutil.boot_set_pending(false);
		return made;
	}

	it("passes where they agree", () => {
		const it = device(() => {});
		for (let boot = 0; boot < 3; boot++) assert.equal(it.boot()?.ok, true);
	});

	const differences: [string, RegExp, (device: Device) => void][] = [
		["an operation more", /operations/, ({ flash }) => flash.ops.push("W1:0+4=00000000")],
		["a write for an erase", /erases/, ({ flash }) => flash.ops.splice(0, 1, "W2:f000+4=00000000")],
		["another byte of flash", /area 2/, ({ flash }) => (flash.bytes(2)[0] = 0)],
		["another word of the loader", /log/, ({ log }) => log.push("…")],
		["the image confirmed or not", /confirmed/, ({ flash }) => flash.bytes(1).set(trailerMagic(8), SLOT - 16)],
	];
	for (const [what, message, interfere] of differences)
		it(`fails on ${what}`, () => {
			assert.throws(
				() => device(interfere).boot(),
				(error) => error instanceof Mismatch && message.test(error.message),
			);
		});
});
