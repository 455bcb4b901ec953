import { bytesOf } from "../../../../modules/bytes/hex.js";
import "../../../desk/xs/text-encoder.js";
import { SignatureRule, type Trust } from "../../../../modules/bootutil/signature/image-signature.js";
import type { SignatureVerdict } from "../../../../modules/bootutil/validation.js";
import type { SimConfig } from "../../../desk/xs/config.js";
import { longDigest } from "../../../desk/xs/long-digest.js";

/** Checks signatures as the simulated board's boot loader does, with its keys. */
export function signatureCheck({ signature, keys, hwKey, boot }: SimConfig): () => SignatureVerdict {
	const { hash, pure } = boot;
	const trust: Trust = {
		signature,
		keys: keys.map(bytesOf),
		digest: longDigest,
		...(hash && { hash }),
		...(pure && { pure }),
		...(hwKey && { hwKey }),
	};
	return () => new SignatureRule(trust);
}
