import { equalBytes } from "../../../bytes/equal.js";
import type { FlashArea } from "../../../flash/area.js";
import { FlashError } from "../../../flash/error.js";
import type { ResponseMap } from "../../../smp/cbor.js";
import { Rc, SmpError } from "../../../smp/errors.js";
import { bool, bytes, decodeFields } from "../../../smp/fields.js";
import { BootError, BootUtil } from "../../bootutil.js";
import {
	decodeHeader,
	formatVersion,
	IMAGE_HEADER_SIZE,
	IMAGE_MAGIC,
	type ImageHeader,
	isEncrypted,
} from "../../header.js";
import { runsFromRam } from "../../modes.js";
import { findTlv, TlvType, tlvContent } from "../../tlv.js";
import { maxImageSize, SwapType } from "../../trailer.js";
import { bootableFault } from "../../validation.js";
import { imageKey } from "../encryption-swap.js";
import { PRIMARY, SECONDARY, type SlotIndex } from "../state.js";
import { imageFault } from "../validate-image.js";
import type { RecoveryBuild, RecoveryHost } from "./build.js";

/** Length of the hash that names an image. */
const HASH_SIZE = 32;

const MARK_SCHEMA = Object.freeze({ confirm: bool, hash: bytes });
const MARK_FIRST_SCHEMA = Object.freeze({ confirm: bool });

/** An image that a boot would take. */
interface Found {
	readonly image: number;
	readonly slot: SlotIndex;
	readonly header: ImageHeader;
	/** Undefined if it carries none that can be read. */
	readonly hash: Uint8Array | undefined;
}

/** What serial recovery tells of images, and marks (MCUboot boot_serial.c: `bs_list`, `bs_set`, `bs_slot_info`). */
export class RecoveryImages {
	readonly #build: RecoveryBuild;
	readonly #host: RecoveryHost;
	readonly #boot: BootUtil;

	constructor(build: RecoveryBuild, host: RecoveryHost) {
		this.#build = build;
		this.#host = host;
		this.#boot = new BootUtil(host.map, host.config);
	}

	/** The images that are valid; others are left out. Flags are there only if they are set. */
	list(): ResponseMap {
		const { config } = this.#host;
		const images: ResponseMap[] = [];
		for (let image = 0; image < config.images; image++) {
			const type = this.#boot.boot_swap_type_multi(image);
			for (const slot of this.#slots) {
				const found = this.#find(image, slot, type);
				if (!found) continue;
				images.push({
					image: config.images > 1 ? image : undefined,
					...(this.#build.state && flags(found, type)),
					slot,
					hash: this.#build.hash ? found.hash : undefined,
					version: formatVersion(found.header.version),
				});
			}
		}
		return { images };
	}

	/**
	 * Asks for the image in a secondary slot, and lists. As in MCUboot the hash names the image, of which the secondary slot is
	 * marked even if it is the primary slot that has this hash.
	 */
	mark(payload: Uint8Array): ResponseMap {
		const { state, hash: named } = this.#build;
		if (!state) throw new SmpError(Rc.NOT_SUPPORTED, "images cannot be marked");
		const fields: { readonly confirm?: boolean; readonly hash?: Uint8Array } = decodeFields(
			payload,
			named ? MARK_SCHEMA : MARK_FIRST_SCHEMA,
		);
		const { confirm = false, hash } = fields;
		let image = 0;
		if (named) {
			const length = hash?.length ?? 0;
			if (length !== HASH_SIZE && (length !== 0 || this.#host.config.images > 1))
				throw new SmpError(Rc.INVALID, "a hash has 32 bytes; only a single image needs none");
			if (hash && length !== 0) image = this.#imageOf(hash);
		}
		const rc = this.#boot.boot_set_pending_multi(image, confirm);
		return rc === BootError.OK ? this.list() : { rc };
	}

	/** Without direct upload MCUboot names the secondary slot as the one for uploads, although they go to the primary slot. */
	slotInfo(): ResponseMap {
		const { map, config } = this.#host;
		const { directUpload } = this.#build;
		// A single slot that is loaded to RAM is named for no upload at all.
		const named = this.#boot.mode.singleSlot === "slot" ? PRIMARY : SECONDARY;
		const images: ResponseMap[] = [];
		for (let image = 0; image < config.images; image++) {
			const primary = map.slot(image, "primary");
			const secondary = map.slot(image, "secondary");
			images.push({
				image,
				slots: this.#slots.map((slot) => ({
					slot,
					size: (slot === PRIMARY ? primary : secondary).size,
					upload_image_id: directUpload ? 2 * image + slot + 1 : slot === named ? image : undefined,
				})),
				max_image_size: maxImageSize(config, primary, secondary, primary),
			});
		}
		return { images };
	}

	get #slots(): readonly SlotIndex[] {
		return this.#boot.mode.singleSlot ? [PRIMARY] : [PRIMARY, SECONDARY];
	}

	#imageOf(hash: Uint8Array): number {
		for (let image = 0; image < this.#host.config.images; image++) {
			const type = this.#boot.boot_swap_type_multi(image);
			for (const slot of this.#slots) {
				const found = this.#find(image, slot, type);
				if (found?.hash && equalBytes(found.hash, hash)) return image;
			}
		}
		throw new SmpError(Rc.NO_ENTRY, "no slot holds an image with this hash");
	}

	#find(image: number, slot: SlotIndex, type: number): Found | undefined {
		const { map, config, services } = this.#host;
		const primary = map.slot(image, "primary");
		const secondary = map.slot(image, "secondary");
		const area = slot === PRIMARY ? primary : secondary;
		const { updateSector = 0 } = this.#boot.mode;
		const start = slot === SECONDARY && type !== SwapType.REVERT ? updateSector * area.sectorSize : 0;
		const header = headerAt(area, start);
		if (header?.magic !== IMAGE_MAGIC) return undefined;
		// In the primary slot it is plain, whatever its flags say, unless it is loaded from there.
		const encrypted = (slot === SECONDARY || runsFromRam(this.#boot.mode)) && isEncrypted(header);
		const key = encrypted ? imageKey(config, area, header, start) : undefined;
		if (encrypted && !key) return undefined;
		const maxSize = maxImageSize(config, primary, secondary, area);
		const place = { image, area, header, start, maxSize, ...(key && { key }) };
		if (imageFault(config, services, place) !== undefined) return undefined;
		const tlv = findTlv(area, header, { type: TlvType.SHA256, start });
		return { image, slot, header, hash: tlv?.length === HASH_SIZE ? tlvContent(area, tlv) : undefined };
	}
}

function headerAt(area: FlashArea, start: number): ImageHeader | undefined {
	try {
		return decodeHeader(area.bytes(start, IMAGE_HEADER_SIZE));
	} catch (error) {
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}

/** The flags of a slot that are set, in the order in which MCUboot writes them. */
function flags({ slot, header }: Found, type: number): ResponseMap {
	const primary = slot === PRIMARY;
	const test = type === SwapType.TEST;
	const permanent = type === SwapType.PERM;
	const revert = type === SwapType.REVERT;
	const none = type === SwapType.NONE;
	const set = (flag: boolean): true | undefined => (flag ? true : undefined);
	return {
		bootable: set(bootableFault(header) === undefined),
		confirmed: set(primary ? none || test || permanent : revert),
		active: set(primary && (none || revert)),
		pending: set(!primary && (test || permanent)),
		permanent: set(!primary && permanent),
	};
}
