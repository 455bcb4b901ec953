import { type Agent, type AgentOptions, onTrial, runningVersion } from "../../../modules/agent/agent.js";
import { type Application, type Extend, starter } from "../../../modules/agent/application.js";
import { crashBudget } from "../../../modules/agent/boots.js";
import type { DeviceApplication, DeviceRoom } from "../../../modules/agent/device.js";
import { ApplicationDevice } from "../../../modules/agent/device-application.js";
import type { Host } from "../../../modules/agent/host.js";
import { type Policy, parsePolicy } from "../../../modules/agent/policy.js";
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

/**
 * Runs the application that the command line names on a board on a desk, and reports the start. `more` has the agent's options
 * that only this board knows.
 */
export function runApplication(
	host: Host,
	config: SimConfig,
	room: DeviceRoom,
	extend: Extend,
	more: Partial<AgentOptions> = {},
): void {
	const { layout, boot, downgradePrevention, confirm, guards, verify, erasePending, trial, application: name } = config;
	const results = JSON.parse(simulator.retained()) as readonly ImageResult[];
	const archive = simulator.application();
	const policy = archive?.policy ? readPolicy(host, archive.policy, trial) : undefined;
	const options: AgentOptions = {
		layout,
		boot,
		activeSlots: results.map(({ slot }) => slot),
		noDowngrade: downgradePrevention === "version",
		confirm: policy ?? confirm,
		guards,
		verify: verify !== "none",
		erasePending,
		...(guards && DOWNGRADES[downgradePrevention]),
		archiveFault: (address, length) => simulator.archiveFault(address, length),
		...(archive && archive.fault === undefined && { budget: crashBudget(policy) }),
		buildTime: simulator.buildTime(),
		...more,
	};
	const watchdog = 1000 * config.watchdog;
	if (watchdog > 0) host.watchdog?.(Math.min(policy?.watchdog ?? watchdog, watchdog));
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
		if (running && archive) runArchive(host, running, room, archive, config);
	});
}

/** The confirm policy of the application in the image; undefined if it is nonsense. This board allows `deadline` seconds at most. */
function readPolicy(host: Host, text: string, deadline: number): Policy | undefined {
	try {
		return parsePolicy(text, { network: host.reach !== undefined, deadline });
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		host.log(`<err> confirm: the policy of the application does not count: ${error.message}`);
		return undefined;
	}
}

/** Runs the application in the image, unless it is held back; the agent answers already. */
function runArchive(
	host: Host,
	agent: Agent,
	room: DeviceRoom,
	archive: NonNullable<ReturnType<typeof simulator.application>>,
	{ signature }: SimConfig,
): void {
	if (archive.fault !== undefined) {
		host.log(`<err> app: ${archive.fault}; the agent runs without it`);
		agent.confirmation?.fail(`the application does not run: ${archive.fault}`);
		return;
	}
	if (agent.journal?.safe) return;
	if (signature === "none") host.log("<wrn> app: NO KEY: the application in this image may be anybody's");
	// Outside of the promise, a failure ends the device as what it is: in its own words, with its line.
	const later = (action: () => void): void => void host.after(0, action);
	void import(archive.main).then(
		({ default: run }: { default: DeviceApplication }) =>
			later(() => void run(new ApplicationDevice(host, agent, room))),
		(error: unknown) =>
			later(() => {
				throw error;
			}),
	);
}
