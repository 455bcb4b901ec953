import type { FlashArea } from "../../../flash/area.js";
import { decodeHeader, IMAGE_HEADER_SIZE, IMAGE_MAGIC, isEncrypted } from "../../header.js";
import { TlvIterator } from "../../tlv.js";
import { headerFault } from "../../validation.js";
import type { LoaderConfig } from "../config.js";
import { imageKey, NO_READABLE_KEY } from "../encryption-swap.js";

/**
 * Decrypts an image where it is to run (MCUboot boot_serial_encryption.c, `boot_handle_enc_fw`): each of its sectors is read,
 * decrypted, erased and written again. Its header goes on saying that it is encrypted, and so do the bytes that were signed.
 * A power cut leaves an image that no boot takes: it has to be uploaded again. Throws a `FlashError`.
 *
 * @returns why an encrypted image stays as it is, in words; undefined if it is plain now, or there is none
 */
export function decryptInPlace(config: LoaderConfig, area: FlashArea): string | undefined {
	const header = decodeHeader(area.bytes(0, IMAGE_HEADER_SIZE));
	if (header.magic !== IMAGE_MAGIC || !isEncrypted(header)) return undefined;
	const fault = headerFault(header, area, config.encryption);
	if (fault !== undefined) return fault;
	const tlvs = TlvIterator.begin(area, header);
	if (!tlvs || tlvs.end > area.size) return "malformed TLV area";
	const key = imageKey(config, area, header, 0);
	const { decryption } = config;
	if (!key || !decryption) return NO_READABLE_KEY;
	const { sectorSize } = area;
	for (let at = 0; at < tlvs.end; at += sectorSize) {
		const sector = area.bytes(at, sectorSize);
		decryption.crypt(key, header, sector, at);
		area.erase(at, sectorSize);
		area.write(sector, at);
	}
	return undefined;
}
