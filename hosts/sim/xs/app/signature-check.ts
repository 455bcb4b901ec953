import "../text-encoder.js";
import { signatureFault, type Trust } from "../../../../modules/bootutil/signature/image-signature.js";
import type { SignatureCheck } from "../../../../modules/smp/group/image-verify.js";
import { bytesOf, type SimConfig } from "../config.js";
import { simDigest } from "../digest.js";

/** Checks signatures as the simulated board's boot loader does, with its keys. */
export function signatureCheck({ signature, keys }: SimConfig): SignatureCheck {
	const trust: Trust = { signature, keys: keys.map(bytesOf), digest: simDigest };
	return (...image) => signatureFault(trust, ...image);
}
