import { readdirSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import path from "node:path";
import { type Command, Option } from "commander";
import { choiceOption, countOption, newProgram, quote, readLine, textOption } from "../../../cli/command-line.js";
import { UsageError } from "../../../cli/usage-error.js";
import { FLASH_CHIP_NAMES, FLASH_CHIPS, type FlashChip } from "../../../modules/bootutil/loader/flash-chips.js";
import type { FlashTiming } from "../../../modules/flash/timing.js";
import { isGiven, type LoaderOptions, loaderOptions, readLoaderOptions } from "./loader-options.js";
import { ROOT } from "./loader-setup.js";
import { type RecoveryOptions, readRecoveryOptions, recoveryOptions } from "./recovery-options.js";

/** The applications of the project: each folder of apps/ is one, and a program of its own, see tools/build.mjs. */
const APPS: readonly string[] = readdirSync(`${ROOT}apps`).sort();

/** What of an image has to be right before the application marks it for the next boot. */
const VERIFICATIONS = ["none", "hash", "signature"] as const;
const SWITCH = ["on", "off"] as const;
/** Seconds: what self-confirm gives an update on trial, and the most that there is. */
const TRIAL = 30;
const LONGEST_TRIAL = 3600;
/** Devices of one command line. */
const MOST_DEVICES = 1000;

/** The command line, checked as far as it can be without looking at a file. */
export interface Options extends LoaderOptions, RecoveryOptions {
	/** How many devices to start. */
	readonly devices: number;
	readonly flash: string;
	readonly serial: string;
	/** Image file for the application's slot of a new flash. */
	readonly factory: string | undefined;
	/** What frames packets on the serial line. */
	readonly uart: "console" | "raw";
	readonly udp: { readonly address: string; readonly port: number };
	/** Undefined: no TCP. */
	readonly tcp: { readonly address: string; readonly port: number } | undefined;
	/** Where a Bluetooth controller listens; undefined: none. */
	readonly hci: { readonly address: string; readonly port: number } | undefined;
	/** Directory of the file system group; undefined: the group is missing. */
	readonly files: string | undefined;
	/** Name of the application's program: one of `APPS`, or `own-` and the folder's name for one of the user's own. */
	readonly app: string;
	/** Name of the module that exports the application. */
	readonly application: string;
	/** Seconds that an update on trial gets at most to pass its checks. */
	readonly trial: number;
	/** Seconds after which a device that hangs restarts; 0: never. */
	readonly watchdog: number;
	readonly confirm: "smp" | "self";
	readonly guards: boolean;
	readonly verify: (typeof VERIFICATIONS)[number];
	/** Whether clients may overwrite or erase an image that waits for the next boot. */
	readonly erasePending: boolean;
	readonly baud: number;
	/** What the flash takes its time for; undefined: for nothing. */
	readonly flashTiming: FlashTiming | undefined;
	readonly json: boolean;
	/** Where the page is served, and whether the command line says so; undefined: nowhere. */
	readonly page: { readonly address: string; readonly port: number; readonly given: boolean } | undefined;
	/** Whether the flash operations of each boot are recorded. */
	readonly record: boolean;
	/** File that is to hold what the program needs to start by itself; undefined: none. */
	readonly save: string | undefined;
	/** Flash operation of the first swap at which power fails; 0: none. */
	readonly powerCut: number;
}

/** A kind of device that this command line can run. */
export interface Board {
	/** Its command of `xs-smp`. */
	readonly command: string;
	/** What it is, for the help. */
	readonly summary: string;
	/** Options that it does not have. */
	readonly lacks: readonly string[];
	/** Default values of its own. */
	readonly defaults: Readonly<Record<string, string>>;
}

/** The simulated device. */
export const SIMULATOR: Board = {
	command: "sim",
	summary:
		'Run a simulated device on the XS engine: a boot loader that works as MCUboot does, and an application with an SMP server. xs-smp, newtmgr, smpmgr and other SMP clients reach the device over a serial line and over UDP. While the device runs, the line "r" presses its reset button, the line "p" does so while it holds the pin of --recovery pin, and the line "q" ends it.',
	lacks: [],
	defaults: {},
};

/** The page's address, unless the command line has another. */
const PAGE = "127.0.0.1:8337";

const deviceOptions = (): readonly Option[] => [
	textOption(
		"--flash <FILE>",
		"file with the raw contents of the flash. If it is missing, it is made, with factory images of version 0.0.0",
	).default(".sim/flash.bin"),
	textOption(
		"--factory <FILE>",
		"image that a new flash has in place of the factory image of the application, which is the last image (default opaque bytes)",
	),
	textOption("--serial <PATH>", "path at which the device puts a link to its serial line").default(".sim/uart"),
	choiceOption("--uart <FRAMING>", "framing on the serial line: console framing, or raw: bare packets, back to back", [
		"console",
		"raw",
	]).default("console"),
	textOption("--udp <[ADDR:]PORT>", "UDP address at which the device listens; port 0 picks a free one").default(
		"127.0.0.1:1337",
	),
	textOption(
		"--tcp <[ADDR:]PORT>",
		"TCP address at which the device listens too; clients use console framing or bare packets (default no TCP)",
	),
	textOption(
		"--hci <[ADDR:]PORT>",
		"TCP address of a Bluetooth controller, such as a virtual one of Bumble, to which the device speaks HCI (H4) (default no Bluetooth)",
	),
	textOption("--files <DIR>", "directory that clients may read and write with file commands (default none)"),
	appOption(),
	countOption(
		"--trial <SECONDS>",
		"how long an update on trial gets at most to pass its checks (default 30 with self-confirm; else as long as the policy of the application in the image says)",
		1,
		LONGEST_TRIAL,
	),
	countOption(
		"--watchdog <SECONDS>",
		"after how long the device restarts if its JavaScript does not return; 0: never",
		0,
		3600,
	).default(10),
	choiceOption(
		"--confirm <BY>",
		"who confirms an update on trial: a client (smp), or the application once it has started (self)",
		["smp", "self"],
	).default("smp"),
	choiceOption(
		"--guards <SWITCH>",
		"whether the application refuses requests that run into a defect of the boot loader",
		SWITCH,
	).default("on"),
	choiceOption(
		"--verify <WHAT>",
		"what the application checks in an image before it marks the image for the next boot. The boot loader checks it again",
		VERIFICATIONS,
	).default("hash", "hash; none with --guards off"),
	choiceOption(
		"--erase-pending <SWITCH>",
		"whether clients may overwrite or erase an image that waits for the next boot",
		SWITCH,
	).default("on"),
	countOption("--baud <N>", "speed of the serial line in baud; 0 is as fast as it goes", 0, 100_000_000).default(0),
	choiceOption(
		"--flash-timing <CHIP>",
		"how long the flash takes to erase and to program, as the data sheet of a chip says; -worst: at most (docs/SIMULATOR.md). The device waits for it, as on a board",
		["none", ...FLASH_CHIP_NAMES],
	).default("none"),
	countOption(
		"--power-cut <N>",
		"the power fails at flash operation N of the first boot that swaps (default never)",
		0,
		100_000_000,
	),
	textOption(
		"--save <FILE>",
		"also write FILE, from which the built program starts this device without Node: build/xs-smp-sim-smp-svr FILE (docs/SIMULATOR.md)",
	),
	countOption(
		"--devices <N>",
		"how many devices to start. Each has files with its number in their names, and ports that follow on the ones before",
		1,
		MOST_DEVICES,
	).default(1),
	textOption(
		"--page <[ADDR:]PORT|off>",
		"where a web page shows the device: its flash, its boots, and a client; off: nowhere",
	).default(PAGE, `${PAGE}, or a free port if that is taken`),
	choiceOption(
		"--record <SWITCH>",
		"whether the flash operations of each boot are recorded, for the page; the last 8 boots are kept",
		SWITCH,
	).default("on", "on; off with several --devices"),
	new Option("--json", "print events on standard output, one JSON object a line"),
];

/** The name of an application of the project, or the path of a folder: a word with a dot or a slash. */
function appOption(): Option {
	const option = choiceOption(
		"--app <APP|FOLDER>",
		'the application. FOLDER holds one of your own; write it with a dot or a slash (examples/README.md). smp-svr-minimal is for images of firmware alone: no application in an image, no confirm policy. self-confirm checks an update, then confirms it, or resets to go back. own-group has a group of its own. own-update hands an update to embedded:update. locked-down asks clients for a key (docs/SMP.md). flash-conformance tests the flash driver and ERASES the flash area "storage"',
		APPS,
	).default("smp-svr");
	const parse = option.parseArg;
	return option.argParser((text) => (isPath(text) ? text : parse?.(text, undefined)));
}

/** Whether a word is a path, and not a name. */
const isPath = (word: string): boolean => /[/\\.]/.test(word);

/** The options of a board: its own defaults, without those that it lacks. */
export function optionsOf({ lacks, defaults }: Board): Option[] {
	const options = [...deviceOptions(), ...loaderOptions(), ...recoveryOptions()].filter(
		({ long }) => !lacks.includes(long ?? ""),
	);
	for (const option of options) {
		const value = defaults[option.long ?? ""];
		if (value !== undefined) option.default(value);
	}
	return options;
}

/** Options that an application makes nothing of. */
const LACKS: { readonly [app: string]: readonly string[] } = {
	"self-confirm": ["--confirm", "--uart"],
	"smp-svr-minimal": ["--confirm", "--trial"],
	"flash-conformance": ["--confirm", "--trial", "--uart", "--erase-pending"],
};

/** The values of the options; those that a board lacks are undefined. */
interface Given {
	readonly devices: number;
	readonly flash: string;
	readonly serial: string;
	readonly factory?: string;
	readonly uart?: "console" | "raw";
	readonly udp?: string;
	readonly tcp?: string;
	readonly hci?: string;
	readonly files?: string;
	readonly app: string;
	readonly trial?: number;
	readonly watchdog: number;
	readonly confirm: "smp" | "self";
	readonly guards: (typeof SWITCH)[number];
	readonly verify: (typeof VERIFICATIONS)[number];
	readonly erasePending: (typeof SWITCH)[number];
	readonly baud: number;
	readonly flashTiming?: "none" | FlashChip;
	readonly powerCut?: number;
	readonly json?: boolean;
	readonly page?: string;
	readonly record?: (typeof SWITCH)[number];
	readonly save?: string;
}

/** Gives a command the options of a board. */
export function defineOptions(command: Command, board: Board): Command {
	for (const option of optionsOf(board)) command.addOption(option);
	return command;
}

/** Reads a command line. Of an option given twice the last counts. Throws a UsageError. */
export function parseOptions(args: readonly string[], board: Board = SIMULATOR): Options {
	const silent = { write: () => {} };
	const command = newProgram(board.command, { stdout: silent, stderr: silent });
	return readOptions(readLine(defineOptions(command, board), args));
}

/** The options of a command line that was read. Throws a UsageError. */
export function readOptions(command: Command): Options {
	const given = command.opts<Given>();
	const loader = readLoaderOptions(command);
	const { app, application } = applicationOf(given.app);
	for (const { long, attributeName } of command.options.map((option) => ({
		long: option.long ?? "",
		attributeName: option.attributeName(),
	})))
		if (isGiven(command, attributeName) && LACKS[app]?.includes(long))
			throw new UsageError(`${long} is not for --app ${app}.`);
	const { flashTiming: chip = "none" } = given;
	const guards = given.guards === "on";
	const verify = guards || isGiven(command, "verify") ? given.verify : "none";
	if (verify === "signature" && loader.keys === "none")
		throw new UsageError("--verify signature is not for --key none: without a key no signature can be checked.");
	return {
		...loader,
		...readRecoveryOptions(command, loader.mode),
		devices: given.devices,
		flash: given.flash,
		serial: given.serial,
		factory: given.factory,
		uart: given.uart ?? "console",
		udp: parseAddress("--udp", given.udp ?? "0"),
		tcp: given.tcp === undefined ? undefined : parseAddress("--tcp", given.tcp),
		hci: given.hci === undefined ? undefined : parseController(given.hci),
		files: given.files,
		app,
		application,
		trial: given.trial ?? (app === "self-confirm" ? TRIAL : LONGEST_TRIAL),
		watchdog: given.watchdog,
		confirm: given.confirm,
		guards,
		verify,
		erasePending: given.erasePending === "on",
		baud: given.baud,
		flashTiming: chip === "none" ? undefined : FLASH_CHIPS[chip],
		json: given.json ?? false,
		page: readPage(given.page, isGiven(command, "page")),
		record: (isGiven(command, "record") || given.devices === 1) && given.record === "on",
		save: given.save,
		powerCut: given.powerCut ?? 0,
	};
}

/**
 * Program and module of an application. tools/build.mjs has the same rules: a word with a dot or a slash is the path of the
 * folder of one's own application, and a module's name begins with that of its folder.
 */
function applicationOf(word: string): Pick<Options, "app" | "application"> {
	if (!isPath(word)) return { app: word, application: `xs-smp/apps/${word}/application` };
	const folder = path.basename(path.resolve(word));
	return { app: `own-${folder}`, application: `${folder}/application` };
}

function readPage(text: string | undefined, given: boolean): Options["page"] {
	if (text === undefined || text === "off") return undefined;
	return { ...parseAddress("--page", text), given };
}

function parseController(text: string): Options["udp"] {
	const address = parseAddress("--hci", text);
	if (address.port === 0) throw new UsageError("--hci is the port of a controller, which is not 0.");
	return address;
}

function parseAddress(option: string, text: string): Options["udp"] {
	const [, host = "127.0.0.1", digits = ""] = /^(?:(.*):)?(\d{1,5})$/s.exec(text) ?? [];
	const port = Number(digits);
	const address = host === "localhost" ? "127.0.0.1" : host.replace(/^\[(.*)\]$/, "$1");
	const valid = isIPv4(address) || (isIPv6(address) && address !== host);
	if (digits === "" || port > 65535 || !valid)
		throw new UsageError(`${option} is PORT or ADDRESS:PORT, such as 1337 or 0.0.0.0:1337, not ${quote(text)}.`);
	return { address, port };
}
