import type { BootAction, BootedImage } from "../../hosts/sim/xs/event.js";
import { readConfig, report, SimHost } from "../../hosts/sim/xs/host.js";
import type { ImageResult } from "../../modules/bootutil/loader/config.js";
import { runningVersion, smpSvr } from "./smp-svr.js";

// The application on the simulated board.

const { layout, boot: bootConfig, downgradePrevention, confirm, guards } = readConfig();
const results = JSON.parse(simulator.retained()) as ImageResult[];
const { boot } = smpSvr(new SimHost(layout), {
	layout,
	boot: bootConfig,
	noDowngrade: downgradePrevention === "version",
	confirm,
	guards,
	buildTime: simulator.buildTime(),
});
report({
	event: "boot",
	images: results.map(
		({ image, action, resumed }): BootedImage => ({
			image,
			version: runningVersion(boot, image),
			action: action satisfies BootAction,
			resumed,
			confirmed: boot.boot_is_img_confirmed(image),
		}),
	),
});
