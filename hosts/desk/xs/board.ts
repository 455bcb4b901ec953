import { type Agent, type AgentOptions, onTrial, runningVersion } from "../../../modules/agent/agent.js";
import { type Application, type Extend, starter } from "../../../modules/agent/application.js";
import type { Host } from "../../../modules/agent/host.js";
import type { ImageResult } from "../../../modules/bootutil/loader/config.js";
import type { DowngradePrevention, SimConfig } from "./config.js";
import { type BootAction, type BootedImage, report } from "./event.js";

/** What the boot loader refuses, in terms of the image group. The chip's counter is known to the chip's host only. */
export const DOWNGRADES: Readonly<Record<DowngradePrevention, Pick<AgentOptions, "downgrade">>> = Object.freeze({
	none: {},
	version: { downgrade: { version: true } },
	counter: { downgrade: { counter: "running" } },
	hardware: {},
});

/** What a board does with the application that is in an image (archive.ts). A board without leaves images alone. */
export interface ImageApplication {
	/** What the application, and its confirm policy, change in the agent. */
	readonly options: Partial<AgentOptions>;
	/** The longest time that it may take to come back to the event loop, milliseconds. Missing: what the board allows. */
	readonly watchdog?: number | undefined;
	/** Runs it. Called once, when the agent answers. */
	run(agent: Agent): void;
}

/**
 * Runs the application that the command line names on a board on a desk, and reports the start. `more` has the agent's options
 * that only this board knows.
 */
export function runApplication(
	host: Host,
	config: SimConfig,
	extend: Extend,
	more: Partial<AgentOptions>,
	inImage?: ImageApplication,
): void {
	const { layout, boot, downgradePrevention, confirm, guards, verify, erasePending, trial, application: name } = config;
	const results = JSON.parse(simulator.retained()) as readonly ImageResult[];
	const options: AgentOptions = {
		layout,
		boot,
		activeSlots: results.map(({ slot }) => slot),
		noDowngrade: downgradePrevention === "version",
		confirm,
		guards,
		verify: verify !== "none",
		erasePending,
		...(guards && DOWNGRADES[downgradePrevention]),
		buildTime: simulator.buildTime(),
		...more,
		...inImage?.options,
	};
	const watchdog = 1000 * config.watchdog;
	if (watchdog > 0) host.watchdog?.(Math.min(inImage?.watchdog ?? watchdog, watchdog));
	let images: readonly BootedImage[] = [];
	let running: Agent | undefined;
	const started = (agent: Agent): void => {
		running = agent;
		images = results.map(({ image, action, resumed }) => ({
			image,
			version: runningVersion(agent.boot, image),
			action: action satisfies BootAction,
			resumed,
			confirmed: !onTrial(agent.boot, image),
		}));
	};
	void import(name).then(({ application }: { application: Application }) => {
		application({ host, options, trial: trial * 1000, start: starter(host, options, extend, started) });
		report({ event: "boot", images });
		if (running) inImage?.run(running);
	});
}
