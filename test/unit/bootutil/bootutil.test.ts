import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import { BootFlag, BootMagic, SwapType } from "../../../modules/bootutil/trailer.js";
import { bootConfig, makeFlash, makeImage, SECTOR, SLOT } from "./support.js";

const BAD_MAGIC = new Uint8Array(16);

/** Two images, and the calls on them. */
function setUp(mode: "swap-move" | "swap-offset" = "swap-move", operation?: () => void) {
	const { map, bytes } = makeFlash(2, operation);
	return { map, bytes, api: new BootUtil(map, bootConfig({ mode, images: 2 })) };
}

const failing = () => {
	throw new Error("worn out");
};

describe("application API", () => {
	it("requests a test upgrade", () => {
		const { api } = setUp();
		assert.equal(api.boot_request_upgrade(false), 0);
		assert.equal(api.mcuboot_swap_type(), SwapType.TEST);
		assert.equal(api.mcuboot_swap_type_multi(1), SwapType.NONE);
	});

	it("requests a permanent upgrade of the second image, and names it in swap_info", () => {
		const { api, map } = setUp();
		assert.equal(api.boot_request_upgrade_multi(1, true), 0);
		assert.equal(api.boot_swap_type_multi(1), SwapType.PERM);
		assert.deepStrictEqual(api.trailer(map.area(4)).read(), {
			magic: BootMagic.GOOD,
			swapType: SwapType.PERM,
			imageNumber: 1,
			copyDone: BootFlag.UNSET,
			imageOk: BootFlag.SET,
		});
	});

	it("does not turn a test request into a permanent one", () => {
		const { api } = setUp();
		assert.equal(api.boot_set_pending(false), 0);
		assert.equal(api.boot_set_pending(true), 0);
		assert.equal(api.boot_swap_type(), SwapType.TEST);
	});

	it("confirms a test image, once", () => {
		const { api, map } = setUp();
		const trailer = api.trailer(map.area(1));
		trailer.writeMagic();
		trailer.writeCopyDone();
		assert.equal(api.boot_is_img_confirmed(), false);
		assert.equal(api.boot_swap_type(), SwapType.REVERT);
		assert.equal(api.boot_write_img_confirmed(), 0);
		assert.equal(api.boot_write_img_confirmed(), 0);
		assert.equal(api.boot_is_img_confirmed(), true);
		assert.equal(api.boot_swap_type(), SwapType.NONE);
	});

	it("counts an image that was never swapped in as confirmed, and writes nothing", () => {
		const { api } = setUp("swap-move", failing);
		assert.equal(api.boot_is_img_confirmed(), true);
		assert.equal(api.boot_set_confirmed(), 0);
		assert.equal(api.boot_write_img_confirmed_multi(1), 0);
	});

	const codes: [string, number, (api: BootUtil) => number][] = [
		["boot_set_pending", 3, (api) => api.boot_set_pending(false)],
		["boot_set_confirmed", 4, (api) => api.boot_set_confirmed()],
		["boot_write_img_confirmed", 4, (api) => api.boot_write_img_confirmed()],
		["boot_write_img_confirmed_multi", -5, (api) => api.boot_write_img_confirmed_multi(0)],
		["boot_request_upgrade", -14, (api) => api.boot_request_upgrade(true)],
		["boot_request_upgrade_multi", -14, (api) => api.boot_request_upgrade_multi(0, true)],
	];
	for (const [name, code, call] of codes)
		it(`${name} returns ${code} on a bad magic`, () => {
			const { api, bytes } = setUp();
			bytes(1).set(BAD_MAGIC, SLOT - 16);
			bytes(2).set(BAD_MAGIC, SLOT - 16);
			assert.equal(call(api), code);
		});

	it("returns EFLASH when the flash fails, EFAULT and EIO in Zephyr's layer", () => {
		const { api } = setUp("swap-move", failing);
		assert.equal(api.boot_set_pending(true), 1);
		assert.equal(api.boot_request_upgrade(true), -14);
		assert.equal(api.boot_erase_img_bank(2), -5);
	});

	it("erases a slot", () => {
		const { api, map, bytes } = setUp();
		bytes(2).fill(0, 100, 200);
		assert.equal(api.boot_erase_img_bank(2), 0);
		assert.ok(map.area(2).isErased(0, SLOT));
	});

	const image = makeImage({ version: [1, 2, 3, 4], length: 64 });
	it("finds the image of a secondary slot at the second sector by offset, at the first by move", () => {
		for (const [mode, start] of [
			["swap-move", 0],
			["swap-offset", SECTOR],
		] as const) {
			const { api, bytes } = setUp(mode);
			bytes(2).set(image, start);
			assert.equal(api.boot_get_image_start_offset(2), start);
			assert.equal(api.boot_get_image_start_offset(1), 0);
			assert.equal(api.boot_read_bank_header(2).rc, 0);
			assert.deepStrictEqual(api.boot_read_bank_header(2).header?.version, {
				major: 1,
				minor: 2,
				revision: 3,
				build: 4,
			});
			assert.equal(api.boot_read_bank_header(4).rc, -5);
			assert.throws(() => api.boot_read_bank_header(99), RangeError);
		}
	});

	it("finds the image that a revert brings back at the first sector", () => {
		const { api, map, bytes } = setUp("swap-offset");
		bytes(2).set(image);
		api.trailer(map.area(1)).writeMagic();
		api.trailer(map.area(1)).writeCopyDone();
		assert.equal(api.boot_get_image_start_offset(2), 0);
		assert.equal(api.boot_read_bank_header(2).rc, 0);
	});

	const headers: [string, number, (bytes: Uint8Array) => void][] = [
		["good image", 0, (bytes) => bytes.set(image)],
		["erased slot", 3, () => {}],
		[
			"image that must not be booted",
			3,
			(bytes) => bytes.set(makeImage({ version: [1, 0, 0, 0], length: 9, flags: 0x10 })),
		],
		[
			"image of the slot's size",
			3,
			(bytes) => bytes.set(makeImage({ version: [1, 0, 0, 0], length: 9 }).fill(0xff, 12, 16)),
		],
	];
	for (const [what, code, put] of headers)
		it(`boot_image_load_header returns ${code} for ${what}`, () => {
			const { api, map, bytes } = setUp();
			put(bytes(1));
			assert.equal(api.boot_image_load_header(map.area(1)).rc, code);
		});

	it("says where the flags are, and how large an image may be", () => {
		const { api } = setUp();
		assert.equal(api.boot_get_trailer_status_offset(SLOT), SLOT - 32);
		assert.equal(api.boot_app_max_size(0), SLOT - 2 * SECTOR);
	});
});
