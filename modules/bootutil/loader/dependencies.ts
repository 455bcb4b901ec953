import { readU16, readU32 } from "../../bytes/little-endian.js";
import { compareVersions, formatVersion } from "../header.js";
import { TlvIterator, TlvType, tlvContent } from "../tlv.js";
import { SwapType } from "../trailer.js";
import { type Boot, type ImageState, PRIMARY, SECONDARY, type SlotIndex } from "./state.js";

/** Length of a DEPENDENCY TLV: image number, three bytes of padding, version (MCUboot `struct image_dependency`). */
const DEPENDENCY_SIZE = 12;

/** True of the types that bring the secondary image into the primary slot. */
export const isUpgrade = (type: number): boolean =>
	type === SwapType.TEST || type === SwapType.PERM || type === SwapType.REVERT;

/**
 * Gives up all swaps of this boot if they would leave an image whose dependencies are not met (MCUboot
 * `boot_verify_dependencies`). The requests stay in the trailers, so every boot tries again.
 */
export function checkDependencies(boot: Boot): void {
	for (const image of boot.images) {
		const stays = image.swapType === SwapType.NONE || image.swapType === SwapType.FAIL;
		const fault = dependencyFault(boot, image, stays ? PRIMARY : SECONDARY, (other) =>
			isUpgrade(other.swapType) ? SECONDARY : PRIMARY,
		);
		if (fault === undefined) continue;
		boot.services.log(`image ${image.index}: ${fault}: no image is swapped`);
		for (const other of boot.images) other.swapType = SwapType.NONE;
		return;
	}
}

/**
 * Which dependency of the image in a slot is not met, in words; undefined if all are.
 *
 * @param slotOf - where the image is that would run after this boot
 */
export function dependencyFault(
	boot: Boot,
	image: ImageState,
	slot: SlotIndex,
	slotOf: (image: ImageState) => SlotIndex,
): string | undefined {
	const { area, header } = image.slots[slot];
	const start = image.imageStart(slot);
	const tlvs = TlvIterator.begin(area, header, { type: TlvType.DEPENDENCY, protectedOnly: true, start });
	if (!tlvs) return "dependencies cannot be read";
	for (let tlv = tlvs.next(); tlv !== "end"; tlv = tlvs.next()) {
		if (tlv === "invalid" || tlv.length !== DEPENDENCY_SIZE) return "malformed dependency";
		const bytes = tlvContent(area, tlv);
		if (!bytes) return "dependencies cannot be read";
		const other = boot.images[bytes[0]!];
		if (!other) return `depends on image ${bytes[0]}, which does not exist`;
		const minimum = {
			major: bytes[4]!,
			minor: bytes[5]!,
			revision: readU16(bytes, 6),
			build: readU32(bytes, 8),
		};
		const { version } = other.slots[slotOf(other)].header;
		if (compareVersions(version, minimum, boot.config.versionCmpBuildNumber) < 0)
			return `needs image ${other.index} in version ${formatVersion(minimum)} or later, not ${formatVersion(version)}`;
	}
	return undefined;
}
