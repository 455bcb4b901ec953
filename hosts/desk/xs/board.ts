import { onTrial, runningVersion, type SmpSvr, type SmpSvrOptions, smpSvr } from "../../../modules/agent/agent.js";
import type { Host } from "../../../modules/agent/host.js";
import type { ImageResult } from "../../../modules/bootutil/loader/config.js";
import type { Layout } from "../../../modules/flash/layout.js";
import type { DowngradePrevention, SimConfig } from "./config.js";
import type { BootAction, BootedImage, DeviceEvent } from "./event.js";

/** What the boot loader refuses, in terms of the image group. The chip's counter is known to the chip's host only. */
const DOWNGRADES: Readonly<Record<DowngradePrevention, Pick<SmpSvrOptions, "downgrade">>> = Object.freeze({
	none: {},
	version: { downgrade: { version: true } },
	counter: { downgrade: { counter: "running" } },
	hardware: {},
});

/** Runs an application on a board that a command line describes and that reports what it does. */
export function smpSvrEmulated(
	host: (layout: Layout) => Host,
	application: (host: Host, options: SmpSvrOptions) => SmpSvr = smpSvr,
): void {
	const config = JSON.parse(simulator.config()) as SimConfig;
	const results = JSON.parse(simulator.retained()) as ImageResult[];
	const { layout, downgradePrevention, confirm, guards, verify, erasePending } = config;
	const { boot } = application(host(layout), {
		layout,
		boot: config.boot,
		activeSlots: results.map(({ slot }) => slot),
		noDowngrade: downgradePrevention === "version",
		confirm,
		guards,
		verify: verify !== "none",
		erasePending,
		...(guards && DOWNGRADES[downgradePrevention]),
		buildTime: simulator.buildTime(),
	});
	const event: DeviceEvent = {
		event: "boot",
		images: results.map(
			({ image, action, resumed }): BootedImage => ({
				image,
				version: runningVersion(boot, image),
				action: action satisfies BootAction,
				resumed,
				confirmed: !onTrial(boot, image),
			}),
		),
	};
	simulator.event(JSON.stringify(event));
}
