import assert from "node:assert";
import { SwapTrailer } from "../../../modules/bootutil/loader/swap-trailer.js";
import { appMaxSize, BootFlag, BootMagic, SwapType, trailerLayout } from "../../../modules/bootutil/trailer.js";
import { bootConfig, makeFlash, SECTOR, SLOT } from "./support.js";

const offset = bootConfig({ mode: "swap-offset" });
const before23 = bootConfig({ mode: "swap-offset", trailer: "2.2" });

describe("trailer", () => {
	const rows: [
		string,
		ReturnType<typeof trailerLayout>,
		Partial<Record<keyof ReturnType<typeof trailerLayout>, number>>,
	][] = [
		[
			"move",
			trailerLayout(bootConfig(), SLOT, 4),
			{ imageOk: -24, copyDone: -32, swapInfo: -40, swapSize: -48, status: -1584 },
		],
		["offset", trailerLayout(offset, SLOT, 4), { swapInfo: -40, tlvSizes: -48, swapSize: -56, status: -1080 }],
		["offset, 2.2", trailerLayout(before23, SLOT, 4), { swapInfo: -40, swapSize: -48, status: -1072 }],
		[
			"move, 16",
			trailerLayout(bootConfig({ maxAlign: 16 }), SLOT, 8),
			{ imageOk: -32, copyDone: -48, swapInfo: -64, swapSize: -80 },
		],
		[
			"offset, 32",
			trailerLayout({ ...offset, maxAlign: 32 }, SLOT, 4),
			{ imageOk: -64, swapInfo: -128, tlvSizes: -160, swapSize: -192 },
		],
	];
	for (const [name, layout, fromEnd] of rows)
		it(`has its fields where they belong: ${name}`, () => {
			for (const [field, value] of Object.entries(fromEnd))
				assert.equal(layout[field as keyof typeof layout], SLOT + value, field);
			assert.equal(layout.size, SLOT - layout.status);
		});

	it("has no TLV sizes in move mode and before MCUboot 2.3", () => {
		assert.equal(trailerLayout(bootConfig(), SLOT, 4).tlvSizes, undefined);
		assert.equal(trailerLayout(before23, SLOT, 4).tlvSizes, undefined);
	});

	it("reads what it writes", () => {
		const { map } = makeFlash();
		const trailer = new SwapTrailer(offset, map.area(1));
		assert.deepStrictEqual(trailer.read(), {
			magic: BootMagic.UNSET,
			swapType: SwapType.NONE,
			imageNumber: 0,
			copyDone: BootFlag.UNSET,
			imageOk: BootFlag.UNSET,
		});
		trailer.writeMagic();
		trailer.writeImageOk();
		trailer.writeCopyDone();
		trailer.writeSwapInfo(SwapType.PERM, 1);
		trailer.writeSwapSize(0xfedcba98);
		trailer.writeTlvSizes(0x1234, 0xfedc);
		trailer.writeStatus(0, 2);
		assert.deepStrictEqual(trailer.read(), {
			magic: BootMagic.GOOD,
			swapType: SwapType.PERM,
			imageNumber: 1,
			copyDone: BootFlag.SET,
			imageOk: BootFlag.SET,
		});
		assert.equal(trailer.swapSize(), 0xfedcba98);
		assert.deepStrictEqual(trailer.tlvSizes(), [0x1234, 0xfedc]);
		assert.deepStrictEqual([...map.area(1).bytes(trailer.layout.status, 5)], [2, 0xff, 0xff, 0xff, 0xff]);
	});

	const info: [number, number, number][] = [
		[0xff, SwapType.NONE, 0],
		[0x00, 0, 0],
		[0x12, SwapType.TEST, 1],
		[0x34, SwapType.REVERT, 3],
		[0x15, SwapType.NONE, 0],
		[0xfe, SwapType.NONE, 0],
	];
	for (const [byte, type, image] of info)
		it(`decodes swap_info 0x${byte.toString(16)}`, () => {
			const { map, bytes } = makeFlash();
			const trailer = new SwapTrailer(bootConfig(), map.area(1));
			bytes(1)[trailer.layout.swapInfo] = byte;
			assert.equal(trailer.read().swapType, type);
			assert.equal(trailer.read().imageNumber, image);
		});

	it("takes a magic for another alignment, or a part of one, for bad", () => {
		for (const maxAlign of [16, 32] as const) {
			const { map } = makeFlash();
			new SwapTrailer(bootConfig({ maxAlign }), map.area(1)).writeMagic();
			assert.equal(new SwapTrailer(bootConfig({ maxAlign }), map.area(1)).read().magic, BootMagic.GOOD);
			assert.equal(new SwapTrailer(bootConfig(), map.area(1)).read().magic, BootMagic.BAD);
		}
		const { map, bytes } = makeFlash();
		new SwapTrailer(bootConfig(), map.area(1)).writeMagic();
		bytes(1)[SLOT - 1] = 0xff;
		assert.equal(new SwapTrailer(bootConfig(), map.area(1)).read().magic, BootMagic.BAD);
	});

	it("leaves both modes one sector and the trailer's less than the slot", () => {
		const { map } = makeFlash();
		for (const config of [bootConfig(), offset, before23])
			assert.equal(appMaxSize(config, map.area(1), map.area(2)), SLOT - 2 * SECTOR);
	});
});
