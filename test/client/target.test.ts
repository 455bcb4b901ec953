import assert from "node:assert";
import type { SlotInfo } from "../../client/image-state.js";
import { findTarget } from "../../client/target.js";

/** The slots of two images, with the numbers that a device tells for uploads. */
const slots = (numberOf: (image: number, slot: number) => number | undefined): SlotInfo[] =>
	[0, 1].flatMap((image) =>
		[0, 1].map((slot) => ({
			image,
			slot,
			size: 0x80000,
			uploadImage: numberOf(image, slot),
			maxImageSize: undefined,
		})),
	);

describe("client: where an upload goes", () => {
	const places = (told: readonly SlotInfo[], numbers: readonly number[]): unknown[] =>
		numbers.map((number) => {
			const { image, slot } = findTarget(number, told, []);
			return [image, slot];
		});

	it("to the slot that tells the number", () => {
		const zephyr = slots((image, slot) => (slot === 1 ? image : undefined));
		assert.deepEqual(places(zephyr, [0, 1]), [
			[0, 1],
			[1, 1],
		]);
	});

	it("with direct upload to any slot", () => {
		const direct = slots((image, slot) => 2 * image + slot + 1);
		assert.deepEqual(places(direct, [1, 2, 3, 4]), [
			[0, 0],
			[0, 1],
			[1, 0],
			[1, 1],
		]);
	});

	it("to the image of the number where MCUboot's recovery tells numbers that it does not take", () => {
		const recovery = slots((image, slot) => (slot === 1 ? 2 * image + 1 : undefined));
		assert.deepEqual(places(recovery, [0, 1]), [
			[0, undefined],
			[1, undefined],
		]);
	});

	it("nowhere if there is no such image", () => {
		const zephyr = slots((image, slot) => (slot === 1 ? image : undefined));
		assert.throws(() => findTarget(2, zephyr, []), /the device has no image 2; it has images 0, 1/);
	});
});
