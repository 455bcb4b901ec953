import flash from "embedded:storage/flash";
import config from "mc/config";
import clock from "time";
import timers from "timer";
import type { AgentOptions } from "../../modules/agent/agent.js";
import { type Application, extendPlainly, starter } from "../../modules/agent/application.js";
import { openBootJournal } from "../../modules/agent/boots.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { TYPICAL_NOR } from "../../modules/flash/timing.js";
import { forecastCommands } from "../../modules/smp/group/boot-forecast.js";
import { NativeCodec } from "../../modules/smp/transport/native-codec.js";
import type { FlashStorage } from "./devices.js";
import { RtlHost } from "./host.js";
import { buildTime, consoleNatives, digest, log, reset, resetCause, uart, watchdog } from "./native.js";

// The Realtek RTL8721F EVB. The port opens partitions by their labels, which are the same in the guide's
// table and in the vendor's, so that the layout here serves both.

/** What the manifest's `config` and mcconfig's command line say; from the latter everything comes as a string. */
const {
	application,
	mode,
	images,
	confirm,
	trial,
	watchdog: patience,
} = config as unknown as {
	readonly application: string;
	readonly mode: "swap-move" | "swap-offset";
	readonly images: number | string;
	readonly confirm: "smp" | "self";
	/** Seconds. */
	readonly trial: number | string;
	/** Seconds until the watchdog bites; 0: it sleeps. */
	readonly watchdog: number | string;
};
const host = new RtlHost({
	flash: flash as unknown as FlashStorage,
	uart,
	timers,
	clock,
	digest,
	codec: new NativeCodec(consoleNatives),
	resetCause: resetCause(),
	watchdog,
	reset,
	log,
});
/** Starts the board. `more` has the agent's options that not every firmware has. */
export function startBoard(more: Partial<AgentOptions> = {}): void {
	const options: AgentOptions = {
		layout: guideLayout,
		// Slots of 512 KB in sectors of 4 KB, and write blocks of 4 bytes: what Zephyr makes of the same devicetree.
		boot: { mode, images: Number(images), maxAlign: 8, maxSectors: 128, trailer: "current" },
		confirm,
		bootJournal: openBootJournal,
		// The chip's own figures, if they are known, are better than those that serial NOR flash typically has.
		forecast: forecastCommands(TYPICAL_NOR),
		buildTime: buildTime(),
		...more,
	};
	if (Number(patience) > 0) host.watchdog(1000 * Number(patience));
	void import(application)
		.then(({ application: run }: { application: Application }) =>
			run({ host, options, trial: Number(trial) * 1000, start: starter(host, options, extendPlainly) }),
		)
		// XS ends a machine with an unhandled rejection only once the promise is collected.
		.then(undefined, (error: unknown) => {
			log(`<err> smp_sample: the application has failed: ${String(error)}`);
			reset();
		});
}
