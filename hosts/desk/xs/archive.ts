import type { Agent } from "../../../modules/agent/agent.js";
import { crashBudget } from "../../../modules/agent/boots.js";
import { decideByPolicy } from "../../../modules/agent/confirm.js";
import type { DeviceApplication, DeviceRoom } from "../../../modules/agent/device.js";
import { ApplicationDevice } from "../../../modules/agent/device-application.js";
import type { Host } from "../../../modules/agent/host.js";
import { type Policy, parsePolicy } from "../../../modules/agent/policy.js";
import type { ImageApplication } from "./board.js";
import type { SimConfig } from "./config.js";

// Applications in images, for the boards on a desk.

/** Seconds that an application without a policy has for its start before the log says that it has not started. */
const START = 30;

/** The application in the image that this boot runs, with the room that the agent has for what it adds. */
export function imageApplication(host: Host, config: SimConfig, room: DeviceRoom): ImageApplication {
	const archive = simulator.application();
	const policy = archive?.policy ? readPolicy(host, archive.policy, config.trial) : undefined;
	return {
		options: {
			decide: decideByPolicy,
			...(policy && { confirm: policy }),
			archiveFault: (address, length) => simulator.archiveFault(address, length),
			...(archive && archive.fault === undefined && { budget: crashBudget(policy) }),
		},
		watchdog: policy?.watchdog,
		run: (agent) => {
			if (archive) runArchive(host, agent, room, archive, config, policy?.deadline ?? START);
		},
	};
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

/**
 * Runs the application in the image, unless it is held back; the agent answers already. `limit`: seconds after which the log says that
 * the application has not started.
 */
function runArchive(
	host: Host,
	agent: Agent,
	room: DeviceRoom,
	archive: NonNullable<ReturnType<typeof simulator.application>>,
	{ signature }: SimConfig,
	limit: number,
): void {
	const { confirmation } = agent;
	const refuse = (fault: string): void => {
		host.log(`<err> app: ${fault}; the agent runs without it`);
		confirmation?.fail(`the application does not run: ${fault}`);
	};
	if (archive.fault !== undefined) {
		refuse(archive.fault);
		return;
	}
	if (agent.journal?.safe) return;
	if (signature === "none") host.log("<wrn> app: NO KEY: the application in this image may be anybody's");
	const { main } = archive;
	confirmation?.starting(true);
	const slow = host.after(1000 * limit, () => host.log(`<err> app: ${main} did not start within ${limit} s`));
	// Outside of the promise, a failure ends the device as what it is: in its own words, with its line.
	const later = (action: () => void): void => void host.after(0, action);
	const failed = (error: unknown): void =>
		later(() => {
			throw error;
		});
	void import(main).then(
		({ default: run }: { default?: DeviceApplication }) =>
			later(() => {
				if (typeof run !== "function") {
					slow.cancel();
					refuse(`${main} exports no function as its default`);
					return;
				}
				void Promise.resolve(run(new ApplicationDevice(host, agent, room))).then(() => {
					slow.cancel();
					confirmation?.starting(false);
				}, failed);
			}),
		failed,
	);
}
