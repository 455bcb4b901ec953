import type { Host } from "../../hosts/host.js";
import type { SimConfig } from "../../hosts/sim/xs/config.js";
import type { BootAction, BootedImage, DeviceEvent } from "../../hosts/sim/xs/event.js";
import type { ImageResult } from "../../modules/bootutil/loader/config.js";
import type { Layout } from "../../modules/flash/layout.js";
import { onTrial, runningVersion, type SmpSvr, type SmpSvrOptions, smpSvr } from "./smp-svr.js";

/** Runs an application on a board that a command line describes and that reports what it does. */
export function smpSvrEmulated(
	host: (layout: Layout) => Host,
	application: (host: Host, options: SmpSvrOptions) => SmpSvr = smpSvr,
): void {
	const config = JSON.parse(simulator.config()) as SimConfig;
	const results = JSON.parse(simulator.retained()) as ImageResult[];
	const { layout, downgradePrevention, confirm, guards } = config;
	const { boot } = application(host(layout), {
		layout,
		boot: config.boot,
		activeSlots: results.map(({ slot }) => slot),
		noDowngrade: downgradePrevention === "version",
		confirm,
		guards,
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
