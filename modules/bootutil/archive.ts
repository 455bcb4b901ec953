import { readU32 } from "../bytes/little-endian.js";
import type { FlashArea } from "../flash/area.js";
import type { ImageHeader } from "./header.js";
import { findTlv } from "./tlv.js";

// An image may hold an application: JavaScript that was compiled for one runtime (docs/SPEC.md, Application archive). MCUboot
// knows nothing of it. Any other image is opaque, just bytes.

/** Type of the protected TLV, in the vendors' range, with the id of that runtime: 32 bytes. */
export const RUNTIME_TLV = 0xa0;

/** "XSAR", the first word of an archive. */
export const ARCHIVE_MAGIC = 0x52415358;

/** Whether the plain image at `start` holds an archive: by the TLV and the magic, since others may use that type too. */
export const holdsArchive = (area: FlashArea, header: ImageHeader, start = 0): boolean =>
	findTlv(area, header, { type: RUNTIME_TLV, protectedOnly: true, start })?.length === 32 &&
	header.imageSize >= 4 &&
	readU32(area.bytes(start + header.headerSize, 4), 0) === ARCHIVE_MAGIC;
