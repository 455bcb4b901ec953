import { storedCounterFault } from "../security-counter.js";
import { SignatureRule } from "../signature/image-signature.js";
import { contentFault, type ImagePlace, imageDigest } from "../validation.js";
import type { LoaderConfig, LoaderServices } from "./config.js";
import { cryptPayload } from "./encryption-payload.js";

const HASH_CHUNK = 4096;

/** An image as the loader validates it. */
export interface LoaderPlace extends ImagePlace {
	readonly image: number;
	/** AES key, if its payload is encrypted in flash. */
	readonly key?: Uint8Array;
}

/**
 * Digest, TLVs and signature of an image (MCUboot `bootutil_img_validate`). The header has passed `headerFault`.
 *
 * @returns why the image is refused, in words; undefined if it is good
 */
export function imageFault(config: LoaderConfig, services: LoaderServices, place: LoaderPlace): string | undefined {
	const { securityCounters, digest } = services;
	const { image, header, key } = place;
	return contentFault(
		{
			tlvAllowList: config.tlvAllowList,
			signature: config.signature === "none" ? undefined : new SignatureRule({ ...config, ...services }),
			counterFault: config.hwRollback
				? (counter) => storedCounterFault(counter, securityCounters.get(image), securityCounters.limit)
				: undefined,
		},
		place,
		() => imageDigest(digest, place, HASH_CHUNK, key && ((chunk, done) => cryptPayload(key, header, chunk, done))),
	);
}
