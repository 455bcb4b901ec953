import { readdirSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import path from "node:path";
import { commandHelp, isPath, OptionError, type OptionSpec, quote, readCommandLine } from "./command-options.js";
import { LOADER_OPTIONS, type LoaderOptions, parseLoaderOptions } from "./loader-options.js";
import { ROOT } from "./loader-setup.js";

/** The applications of the project: each folder of apps/ is one, and a program of its own, see tools/build.mjs. */
const APPS: readonly string[] = readdirSync(`${ROOT}apps`).sort();

/** What of an image has to be right before the application marks it for the next boot. */
const VERIFICATIONS = ["none", "hash", "signature"] as const;
const SWITCH = ["on", "off"] as const;

/** The command line, checked as far as it can be without looking at a file. */
export interface Options extends LoaderOptions {
	readonly flash: string;
	readonly serial: string;
	/** What frames packets on the serial line. */
	readonly uart: "console" | "raw";
	readonly udp: { readonly address: string; readonly port: number };
	/** Undefined: no TCP. */
	readonly tcp: { readonly address: string; readonly port: number } | undefined;
	/** Directory of the file system group; undefined: the group is missing. */
	readonly files: string | undefined;
	/** Name of the application's program: one of `APPS`, or `own-` and the folder's name for one of the user's own. */
	readonly app: string;
	/** Name of the module that exports the application. */
	readonly application: string;
	/** Seconds that the application self-confirm gives an update on trial. */
	readonly trial: number;
	readonly confirm: "smp" | "self";
	readonly guards: boolean;
	readonly verify: (typeof VERIFICATIONS)[number];
	/** Whether clients may overwrite or erase an image that waits for the next boot. */
	readonly erasePending: boolean;
	readonly baud: number;
	readonly json: boolean;
	/** Flash operation of the first swap at which power fails; 0: none. */
	readonly powerCut: number;
}

/** A kind of device that this command line can run. */
export interface Board {
	/** How its command line begins. */
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
	command: "npm start",
	summary:
		'Runs a simulated device on the XS engine: a boot loader that works as MCUboot does, and an application with an SMP server. newtmgr, smpmgr and other SMP clients reach the device over a serial line and over UDP. While the device runs, the line "r" presses its reset button and the line "q" ends it.',
	lacks: [],
	defaults: {},
};

const DEVICE_OPTIONS: readonly OptionSpec[] = [
	{
		name: "--flash",
		value: "FILE",
		default: ".sim/flash.bin",
		help: "file with the raw contents of the flash. If it is missing, it is made, with factory images of version 0.0.0",
	},
	{
		name: "--serial",
		value: "PATH",
		default: ".sim/uart",
		help: "path at which the device puts a link to its serial line",
	},
	{
		name: "--uart",
		choices: ["console", "raw"],
		default: "console",
		help: "framing on the serial line: console framing, or raw: bare packets, back to back",
	},
	{
		name: "--udp",
		value: "[ADDR:]PORT",
		default: "127.0.0.1:1337",
		help: "UDP address at which the device listens; port 0 picks a free one",
	},
	{
		name: "--tcp",
		value: "[ADDR:]PORT",
		otherwise: "default: no TCP",
		help: "TCP address at which the device listens too; clients use console framing or bare packets",
	},
	{
		name: "--files",
		value: "DIR",
		otherwise: "default: none",
		help: "directory that clients may read and write with file commands",
	},
	{
		name: "--app",
		choices: APPS,
		orFolder: true,
		default: "smp-svr",
		help: 'the application. FOLDER holds one of your own; write it with a dot or a slash (examples/README.md). self-confirm checks an update, then confirms it, or resets to go back. own-group has a group of its own. locked-down asks clients for a key (docs/SMP.md). flash-conformance tests the flash driver and ERASES the flash area "storage"',
	},
	{
		name: "--trial",
		value: "SECONDS",
		default: "30",
		help: "how long self-confirm gives an update on trial to pass its checks",
	},
	{
		name: "--confirm",
		choices: ["smp", "self"],
		default: "smp",
		help: "who confirms an update on trial: a client (smp), or the application once it has started (self)",
	},
	{
		name: "--guards",
		choices: SWITCH,
		default: "on",
		help: "whether the application refuses requests that run into a defect of the boot loader",
	},
	{
		name: "--verify",
		choices: VERIFICATIONS,
		default: "hash",
		otherwise: "default hash; none with --guards off",
		help: "what the application checks in an image before it marks the image for the next boot. The boot loader checks it again",
	},
	{
		name: "--erase-pending",
		choices: SWITCH,
		default: "on",
		help: "whether clients may overwrite or erase an image that waits for the next boot",
	},
	{ name: "--baud", value: "N", default: "0", help: "speed of the serial line in baud; 0 is as fast as it goes" },
	{
		name: "--power-cut",
		value: "N",
		otherwise: "default: never",
		help: "the power fails at flash operation N of the first boot that swaps",
	},
	{ name: "--json", help: "print events on standard output, one JSON object a line" },
];

/** The options of a board: its own defaults, without those that it lacks. */
export const optionsOf = ({ lacks, defaults }: Board): OptionSpec[] =>
	[...DEVICE_OPTIONS, ...LOADER_OPTIONS]
		.filter(({ name }) => !lacks.includes(name))
		.map((spec) => ({ ...spec, ...(defaults[spec.name] !== undefined && { default: defaults[spec.name] }) }));

/** The text for `--help`. */
export const help = (board: Board): string =>
	commandHelp(`${board.command} -- [OPTION]...`, board.summary, optionsOf(board));

/** Options that an application makes nothing of. */
const LACKS: { readonly [app: string]: readonly string[] } = {
	"self-confirm": ["--confirm", "--uart"],
	"flash-conformance": ["--confirm", "--uart", "--erase-pending"],
};

/** Reads the command line; "help" if that is what it asks for. Of an option given twice the last counts. Throws an OptionError. */
export function parseOptions(args: readonly string[], board: Board = SIMULATOR): Options | "help" {
	const given = readCommandLine(args, optionsOf(board));
	if (given === "help") return "help";
	const loader = parseLoaderOptions(given);
	const { app, application } = applicationOf(given.text("--app")!);
	if (given.has("--trial") && app !== "self-confirm") throw new OptionError("--trial needs --app self-confirm.");
	for (const option of ["--confirm", "--uart", "--erase-pending"])
		if (given.has(option) && LACKS[app]?.includes(option)) throw new OptionError(`${option} is not for --app ${app}.`);
	const guards = given.choice("--guards", SWITCH) === "on";
	const verify = guards || given.has("--verify") ? given.choice("--verify", VERIFICATIONS) : "none";
	if (verify === "signature" && loader.keys === "none")
		throw new OptionError("--verify signature is not for --key none: without a key no signature can be checked.");
	return {
		...loader,
		flash: given.text("--flash")!,
		serial: given.text("--serial")!,
		uart: given.has("--uart") ? given.choice("--uart", ["console", "raw"]) : "console",
		udp: parseAddress("--udp", given.text("--udp") ?? "0"),
		tcp: given.has("--tcp") ? parseAddress("--tcp", given.text("--tcp")!) : undefined,
		files: given.text("--files"),
		app,
		application,
		trial: given.count("--trial", 3600),
		confirm: given.choice("--confirm", ["smp", "self"]),
		guards,
		verify,
		erasePending: given.choice("--erase-pending", SWITCH) === "on",
		baud: given.count("--baud", 100_000_000),
		json: given.has("--json"),
		powerCut: given.has("--power-cut") ? given.count("--power-cut", 100_000_000) : 0,
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

function parseAddress(option: string, text: string): Options["udp"] {
	const [, host = "127.0.0.1", digits = ""] = /^(?:(.*):)?(\d{1,5})$/s.exec(text) ?? [];
	const port = Number(digits);
	const address = host === "localhost" ? "127.0.0.1" : host.replace(/^\[(.*)\]$/, "$1");
	const valid = isIPv4(address) || (isIPv6(address) && address !== host);
	if (digits === "" || port > 65535 || !valid)
		throw new OptionError(`${option} is PORT or ADDRESS:PORT, such as 1337 or 0.0.0.0:1337, not ${quote(text)}.`);
	return { address, port };
}
