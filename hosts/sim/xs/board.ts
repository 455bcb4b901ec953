import type { AgentOptions } from "../../../modules/agent/agent.js";
import type { Extend } from "../../../modules/agent/application.js";
import { openBootJournal } from "../../../modules/agent/boots.js";
import type { DeviceRoom } from "../../../modules/agent/device.js";
import { furtherGroups, poolsOf, tasksOf } from "../../../modules/agent/groups.js";
import { forecastCommands } from "../../../modules/smp/group/boot-forecast.js";
import { UploadCounters } from "../../../modules/smp/group/counters.js";
import { UploadLock } from "../../../modules/smp/group/image/upload-lock.js";
import { clockCommand, echoCommand, poolCommand, taskCommand } from "../../../modules/smp/group/os-commands.js";
import { joinHooks } from "../../../modules/smp/server.js";
import { type ImageApplication, runApplication } from "../../desk/xs/board.js";
import { readConfig, type SimConfig } from "../../desk/xs/config.js";
import { simFiles } from "./app/files.js";
import { type ImageChecks, withImageChecks } from "./app/image-checks.js";
import { type OpenBluetooth, SimHost } from "./host.js";

// The simulated board, with room for every group.

/** A slot of XS on machines of 64 bits. */
const SLOT_SIZE = 32;

/** Makes what the board does with the application that is in an image. */
export type OpenImage = (host: SimHost, config: SimConfig, room: DeviceRoom) => ImageApplication;

function run(
	config: SimConfig,
	checks: ImageChecks,
	openImage: OpenImage | undefined,
	bluetooth: OpenBluetooth | undefined,
): void {
	const host = new SimHost(config, bluetooth);
	const uploads = new UploadCounters();
	const room: DeviceRoom = {};
	const lock = new UploadLock(() => host.uptime());
	const extend: Extend = (base, { groups: own, hooks: first, shell, audit, trusts }) => {
		const { groups, hooks } = furtherGroups(base, {
			uploads,
			flash: host.counters,
			room,
			...(config.files && { files: simFiles }),
			...(own && { own }),
			...(shell && { shell }),
			...(audit && { audit }),
			...(trusts && { trusts }),
		});
		return { ...(groups && { groups }), hooks: joinHooks(first, hooks, lock.hooks) };
	};
	const options: Partial<AgentOptions> = {
		...checks,
		bootJournal: openBootJournal,
		forecast: forecastCommands(config.flashTiming),
		os: {
			commands: {
				...echoCommand,
				...taskCommand(() => tasksOf(simulator.memory())),
				...poolCommand(() => poolsOf(simulator.memory(), SLOT_SIZE)),
				...clockCommand(host.clock),
			},
		},
		mayReset: (wanted) => lock.mayReset(wanted),
		mayUpload: (first, origin) => lock.mayUpload(first, origin),
		onImage: (event) => {
			uploads.onEvent(event);
			lock.onEvent(event);
		},
	};
	runApplication(host, config, extend, options, openImage?.(host, config, room));
}

/** Starts the board. Without `openImage` it leaves applications in images alone. */
export function startBoard(openImage?: OpenImage): void {
	const config = readConfig();
	withImageChecks(config, (checks) => {
		const { bluetooth } = config;
		// Who does not ask for it is not to pay for its modules at each start.
		if (!bluetooth) run(config, checks, openImage, undefined);
		else
			void import("./app/bluetooth.js").then(({ openBluetooth }) =>
				run(config, checks, openImage, (host, maxPacket) => openBluetooth(host, bluetooth, maxPacket)),
			);
	});
}
