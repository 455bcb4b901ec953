import { OtpCounters } from "../../../../modules/bootutil/otp-counter.js";
import type { ImageOptions } from "../../../../modules/smp/group/image/image.js";
import type { SimConfig } from "../../../desk/xs/config.js";

/** What the simulated board can check of an image besides what every board can. */
export type ImageChecks = Pick<ImageOptions, "signature" | "downgrade">;

/**
 * Starts an application with the checks that the command line asks for. Signatures take 200 KB of curves, which every
 * collection of garbage would have to pass; they are loaded only if they are needed.
 */
export function withImageChecks(config: SimConfig, start: (checks: ImageChecks) => void): void {
	const chip = new OtpCounters({ read: (word) => simulator.otpRead(word), program: () => {} });
	const checks: ImageChecks =
		config.guards && config.downgradePrevention === "hardware"
			? { downgrade: { counter: (image) => chip.get(image), limit: chip.limit } }
			: {};
	if (config.verify !== "signature") start(checks);
	else
		void import("./signature-check.js").then(({ signatureCheck }) =>
			start({ ...checks, signature: signatureCheck(config) }),
		);
}
