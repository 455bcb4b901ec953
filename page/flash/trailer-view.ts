import { flagName, magicName, typeName } from "../../image/trailer-words.js";
import type { BootConfig } from "../../modules/bootutil/config.js";
import { SwapTrailer } from "../../modules/bootutil/loader/swap-trailer.js";
import { lastRecord } from "../../modules/bootutil/status.js";
import { encryptionKeySize } from "../../modules/bootutil/trailer.js";
import { hexOf } from "../../modules/bytes/hex.js";
import type { FlashArea } from "../../modules/flash/area.js";

/** One field of a trailer: where it is, its bytes, and what they say. */
export interface TrailerField {
	readonly name: string;
	/** From the start of the slot, bytes. */
	readonly offset: number;
	/** Hexadecimal. */
	readonly bytes: string;
	readonly meaning: string;
	/** Whether it is as erased. */
	readonly unset: boolean;
}

/** What a magic or a flag that is wrong means. */
const REMARKS: Readonly<Record<string, string>> = { good: ": this trailer counts", bad: ": neither set nor erased" };
const remarked = (state: string): string => `${state}${REMARKS[state] ?? ""}`;

/** The fields of a slot's trailer, from the end of the slot down, as MCUboot's design.md draws them. */
export function trailerFields(config: BootConfig, area: FlashArea): TrailerField[] {
	const trailer = new SwapTrailer(config, area);
	const { layout } = trailer;
	const { magic, imageOk, copyDone, swapType, imageNumber } = trailer.read();
	const field = (name: string, offset: number, length: number, meaning: string): TrailerField => {
		const bytes = area.bytes(offset, length);
		const unset = bytes.every((byte) => byte === area.erasedValue);
		return { name, offset, bytes: hexOf(bytes), meaning: unset ? "unset" : meaning, unset };
	};
	const [primary, secondary] = trailer.tlvSizes();
	const type = `${typeName(swapType)}, image ${imageNumber}`;
	const records = lastRecord(trailer);
	const all = layout.statusSize / area.writeAlign;
	return [
		field("magic", layout.magic, 16, remarked(magicName(magic))),
		field("image_ok", layout.imageOk, 1, remarked(flagName(imageOk))),
		field("copy_done", layout.copyDone, 1, remarked(flagName(copyDone))),
		field("swap_info", layout.swapInfo, 1, type),
		...(layout.tlvSizes === undefined
			? []
			: [
					field(
						"tlv_sizes",
						layout.tlvSizes,
						4,
						`${primary} bytes of the primary, ${secondary} of the secondary image`,
					),
				]),
		field("swap_size", layout.swapSize, 4, `${trailer.swapSize()} bytes`),
		...(layout.encryptionKeys ?? []).map((offset, slot) =>
			field(`enc_key${slot}`, offset, encryptionKeySize(config), `the AES key of slot ${slot}`),
		),
		{
			name: "swap_status",
			offset: layout.status,
			bytes: records === 0 ? "" : hexOf(area.bytes(layout.status, Math.min(records * area.writeAlign, 16))),
			meaning: records === 0 ? "unset" : `record ${records} of ${all} is the last`,
			unset: records === 0,
		},
	];
}
