import { type Command, Option } from "commander";
import { choiceOption, countOption, repeated } from "../../../cli/command-line.js";
import { UsageError } from "../../../cli/usage-error.js";
import type { Entrance } from "../../../modules/bootutil/loader/recovery/flow.js";
import { MODES, type UpgradeMode } from "../../../modules/bootutil/modes.js";
import type { RecoveryConfig } from "../xs/config.js";
import { isGiven } from "./loader-options.js";

// What a simulated device does in place of starting its application, on a command line.

const ENTRANCES = ["pin", "boot-mode", "no-image", "wait"] as const satisfies readonly Entrance[];

/** Of a firmware loader, unless the command line names them: all that there are. */
const OF_A_LOADER: readonly Entrance[] = ["pin", "boot-mode", "no-image"];

export interface RecoveryOptions {
	/** Undefined: a boot starts the application, or nothing. */
	readonly recovery: RecoveryConfig | undefined;
	/** Whether the pin is held at the first boot. */
	readonly holdPin: boolean;
}

/** The options of serial recovery, and of the entrances to a firmware loader. */
export const recoveryOptions = (): readonly Option[] =>
	[
		repeated(
			choiceOption(
				"--recovery <ENTRANCE>",
				"what brings the device into serial recovery, in which the boot loader itself answers on the serial line; with --mode firmware-loader, what starts the firmware loader. May be repeated. pin: a pin that is held at a reset. boot-mode: reset --boot-mode 1. no-image: there is no image to boot. wait: a request within the first moments of a boot (default none; with --mode firmware-loader all but wait)",
				ENTRANCES,
			),
		),
		countOption(
			"--recovery-wait <MS>",
			"how long a boot waits for a request, with --recovery wait, in milliseconds",
			1,
			60_000,
		).default(500),
		new Option(
			"--direct-upload",
			"in serial recovery the image number of an upload names a slot: 1 and 2 those of image 0, 3 and 4 those of image 1",
		),
		new Option("--hold-pin", "hold the pin of --recovery pin at the first boot"),
	].map((option) => option.helpGroup("Recovery:"));

interface Given {
	readonly recovery?: readonly Entrance[];
	readonly recoveryWait?: number;
	readonly directUpload?: true;
	readonly holdPin?: true;
}

/** What a command line that was read says of recovery. Throws a UsageError. */
export function readRecoveryOptions(command: Command, mode: UpgradeMode): RecoveryOptions {
	const { firmwareLoader, singleSlot } = MODES[mode];
	const given = command.opts<Given>();
	const { recoveryWait: wait = 0, directUpload = false, holdPin = false } = given;
	// A board without a pin and a boot mode starts its firmware loader only in need.
	const all = command.options.some(({ long }) => long === "--recovery") ? OF_A_LOADER : (["no-image"] as const);
	const entrances = given.recovery ?? (firmwareLoader ? all : []);
	const has = (entrance: Entrance): boolean => entrances.includes(entrance);
	if (firmwareLoader && has("wait"))
		throw new UsageError("--recovery wait is not for --mode firmware-loader: its boot loader does not listen.");
	if (isGiven(command, "recoveryWait") && !has("wait")) throw new UsageError("--recovery-wait needs --recovery wait.");
	if (directUpload && (firmwareLoader || entrances.length === 0))
		throw new UsageError("--direct-upload is for serial recovery: it needs --recovery.");
	if (directUpload && singleSlot) throw new UsageError("--direct-upload is not for a single slot.");
	if (holdPin && !has("pin")) throw new UsageError("--hold-pin needs --recovery pin.");
	return { recovery: entrances.length === 0 ? undefined : { entrances, wait, directUpload }, holdPin };
}
