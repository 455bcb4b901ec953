import { type Explanation, explain } from "../image/explain.js";
import { TYPICAL_NOR } from "../modules/flash/timing.js";
import type { Answer, Question } from "./device/engine.js";
import { pageDigest } from "./flash/digest.js";
import { openMap } from "./flash/open-map.js";
import { countersOf, keylessConfig, rehearse } from "./flash/rehearse.js";
import { tryImage } from "./flash/try-image.js";

// What takes longer than a frame: it runs the boot loader on copies of the flash.

function work({ ask, build, flash, otp, timing, file, image }: Question): NonNullable<Answer["result"]> {
	switch (ask) {
		case "explain": {
			const options = { digest: pageDigest, config: keylessConfig(build), securityCounters: countersOf(otp) };
			const explanation: Explanation = explain(openMap(build.layout, flash), {
				...options,
				timing: timing ?? TYPICAL_NOR,
			});
			return explanation;
		}
		case "rehearse":
			return rehearse(build, flash, otp);
		case "try":
			return tryImage(build, flash, otp, file ?? new Uint8Array(0), image ?? 0);
	}
}

addEventListener("message", ({ data }: MessageEvent<Question>) => {
	let answer: Answer;
	try {
		answer = { id: data.id, result: work(data) };
	} catch (error) {
		answer = { id: data.id, error: error instanceof Error ? error.message : String(error) };
	}
	postMessage(answer);
});
