import type { DigestProvider } from "../../bytes/digest.js";
import { signedSize } from "../header.js";
import { storedCounterFault } from "../security-counter.js";
import { SignatureRule } from "../signature/image-signature.js";
import { contentFault, type ImagePlace } from "../validation.js";
import type { LoaderConfig, LoaderServices } from "./config.js";

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
	const { securityCounters } = services;
	const { image } = place;
	return contentFault(
		{
			config,
			signature: config.signature === "none" ? undefined : new SignatureRule({ ...config, ...services }),
			counterFault: config.hwRollback
				? (counter) => storedCounterFault(counter, securityCounters.get(image), securityCounters.limit)
				: undefined,
		},
		place,
		config.pure ? undefined : () => digestOf(services.digest, config, place),
	);
}

function digestOf(
	digest: DigestProvider,
	{ hash = 256, decryption }: LoaderConfig,
	{ area, header, start, key }: LoaderPlace,
): Uint8Array {
	const hasher = digest[`sha${hash}`]?.();
	if (!hasher) throw new RangeError(`this boot loader has no SHA-${hash}`);
	const length = signedSize(header);
	const buffer = new Uint8Array(Math.min(HASH_CHUNK, length));
	for (let done = 0; done < length; done += buffer.length) {
		const chunk = done + buffer.length <= length ? buffer : buffer.subarray(0, length - done);
		area.read(chunk, start + done);
		if (key) decryption?.crypt(key, header, chunk, done);
		hasher.update(chunk);
	}
	return hasher.digest();
}
