import "../text-encoder.js";
import { OtpCounters } from "../../../../modules/bootutil/otp-counter.js";
import { signatureFault, type Trust } from "../../../../modules/bootutil/signature/image-signature.js";
import type { ImageOptions } from "../../../../modules/smp/group/image.js";
import { bytesOf, type SimConfig } from "../config.js";
import { simDigest } from "../digest.js";

/** What the simulated board can check of an image, besides what every board can: its signature, and the chip's counter. */
export function imageChecks(config: SimConfig): Pick<ImageOptions, "signature" | "downgrade"> {
	const trust: Trust = { signature: config.signature, keys: config.keys.map(bytesOf), digest: simDigest };
	const chip = new OtpCounters({ read: (word) => simulator.otpRead(word), program: () => {} });
	return {
		...(config.verify === "signature" && { signature: (...image) => signatureFault(trust, ...image) }),
		...(config.guards &&
			config.downgradePrevention === "hardware" && {
				downgrade: { counter: (image) => chip.get(image), limit: chip.limit },
			}),
	};
}
