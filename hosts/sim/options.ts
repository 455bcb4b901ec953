import { isIPv4, isIPv6 } from "node:net";
import type { TrailerGeneration, UpgradeMode } from "../../modules/bootutil/config.js";
import type { DowngradePrevention } from "./xs/config.js";

/** What the user gave cannot be used. The message is one sentence. */
export class OptionError extends Error {
	override readonly name = "OptionError";
}

/** The applications that the simulated device can run; each is a program of its own, see tools/build.mjs. */
export type App = "smp-svr" | "self-confirm" | "own-group" | "locked-down" | "flash-conformance";

/** The command line, checked as far as it can be without looking at a file. */
export interface Options {
	readonly flash: string;
	readonly serial: string;
	/** What frames packets on the serial line. */
	readonly uart: "console" | "raw";
	readonly udp: { readonly address: string; readonly port: number };
	/** Undefined: no TCP. */
	readonly tcp: { readonly address: string; readonly port: number } | undefined;
	/** Directory of the file system group; undefined: the group is missing. */
	readonly files: string | undefined;
	readonly images: 1 | 2;
	readonly app: App;
	/** Seconds that the application self-confirm gives an update on trial. */
	readonly trial: number;
	readonly downgradePrevention: DowngradePrevention;
	readonly mode: UpgradeMode;
	/** Path of a layout; undefined: the guide's. */
	readonly layout: string | undefined;
	/** Paths of keys; empty: the development key. */
	readonly keys: readonly string[];
	/** Path of the private key that images' AES keys are wrapped for; undefined: no encryption. */
	readonly encryptionKey: string | undefined;
	/** Bits of images' AES keys. */
	readonly encryptionKeyLength: 128 | 256;
	readonly confirm: "smp" | "self";
	readonly guards: boolean;
	/** What of an image has to be right before the application marks it for the next boot. */
	readonly verify: "none" | "hash" | "signature";
	readonly trailer: TrailerGeneration;
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
	summary: `Runs a simulated device: a boot loader as MCUboot's and an application with an SMP server, on the XS engine. newtmgr, smpmgr
and other SMP clients reach it over a serial line and over UDP.`,
	lacks: [],
	defaults: {},
};

const OPTIONS = `\
  --flash FILE          raw contents of the flash device; made with signed factory images 0.0.0 when missing
                        (default .sim/flash.bin)
  --serial PATH         where to put the link to the serial line (default .sim/uart)
  --uart console|raw    packets on the serial line are framed as on a console (default), or come bare, back to back
  --udp [ADDR:]PORT     where to listen (default 127.0.0.1:1337); port 0 picks a free one
  --tcp [ADDR:]PORT     listen for TCP connections too: console framing or bare packets (default: no TCP)
  --files DIR           directory that clients may read and write by file commands (default: none)
  --images 1|2          number of images (default 2)
  --app NAME            the application: smp-svr (default); self-confirm, which confirms an update only after checks, or
                        resets to go back; own-group, which has a group of its own; locked-down, which wants clients
                        to know a key (docs/SMP.md); flash-conformance, which tests the flash driver and ERASES the flash area "storage"
  --trial SECONDS       how long self-confirm gives an update on trial (default 30)
  --mode move|offset|scratch|overwrite|direct-xip|direct-xip-revert|ram-load
                        how the boot loader upgrades (default move). A layout without an area "image-scratch" gets one of 4
                        sectors for scratch, behind its last area; images for ram-load are signed with --load-addr 0x20000000,
                        those of image 1 with 0x20080000
  --downgrade-prevention none|version|counter|hardware
                        refuse updates that are older: by version, by the images' security counters, or by the counter in
                        the chip, which is the file FLASH.otp beside the flash file (default none)
  --layout FILE         flash layout, JSON as in layouts/ (default: the OTA guide's table)
  --key PEM             trusted key, public or private; may be repeated (default: the development key). The first private
                        one signs the factory images; without one the development key does, and is trusted too
  --encryption-key KEY  take images encrypted for this private key: PEM with RSA-2048, P-256 or X25519, or an AES key in base64
  --encryption-key-length 128|256
                        size of the images' AES keys (default 128)
  --confirm smp|self    an update on trial is confirmed by a client, or by the application itself (default smp)
  --guards on|off       whether requests that run into a defect of the boot loader are refused (default on)
  --verify none|hash|signature
                        what the application looks at before it marks an image for the next boot, which the boot loader looks
                        at again (default hash; none with --guards off)
  --trailer current|2.2 trailer of offset mode: since or before MCUboot 2.3 (default current)
  --baud N              pace the serial line at N baud; 0 is as fast as it goes (default 0)
  --power-cut N         power fails at flash operation N of the first boot that swaps
  --json                events on standard output, one JSON object a line
  --help                this text

While it runs, the line "r" presses the reset button and "q" ends.
`;

/** The text for `--help`. */
export function help({ command, summary, lacks, defaults }: Board): string {
	let options = OPTIONS;
	for (const name of lacks) options = options.replace(new RegExp(`^  ${name} .*\n(?: {6,}.*\n)*`, "m"), "");
	for (const [name, value] of Object.entries(defaults)) options = options.replaceAll(DEFAULTS[name]!, value);
	return `Usage: ${command} -- [OPTION]...\n\n${summary}\n\n${options}`;
}

/** Modes by the names that they have on command lines. */
export const MODES = Object.freeze({
	move: "swap-move",
	offset: "swap-offset",
	scratch: "swap-scratch",
	overwrite: "overwrite",
	"direct-xip": "direct-xip",
	"direct-xip-revert": "direct-xip-revert",
	"ram-load": "ram-load",
} as const satisfies Record<string, UpgradeMode>);
export type ModeName = keyof typeof MODES;
export const MODE_NAMES = Object.freeze(Object.keys(MODES)) as readonly ModeName[];

const SWITCHES = new Set(["--json"]);
const DEFAULTS: Readonly<Record<string, string>> = {
	"--flash": ".sim/flash.bin",
	"--serial": ".sim/uart",
	"--uart": "console",
	"--udp": "127.0.0.1:1337",
	"--tcp": "",
	"--files": "",
	"--images": "2",
	"--app": "smp-svr",
	"--trial": "30",
	"--mode": "move",
	"--downgrade-prevention": "none",
	"--layout": "",
	"--encryption-key": "",
	"--encryption-key-length": "128",
	"--confirm": "smp",
	"--guards": "on",
	"--verify": "hash",
	"--trailer": "current",
	"--baud": "0",
	"--power-cut": "0",
};

/** Reads the command line; "help" if that is what it asks for. Of an option given twice the last counts. Throws an OptionError. */
export function parseOptions(args: readonly string[], board: Board = SIMULATOR): Options | "help" {
	const defaults = { ...DEFAULTS, ...board.defaults };
	if (args.includes("--help")) return "help";
	const given = new Map<string, string>();
	const keys: string[] = [];
	for (let i = 0; i < args.length; i++) {
		const [, name = "", inline] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(args[i]!) ?? [];
		if (SWITCHES.has(name)) {
			if (inline !== undefined) throw new OptionError(`${name} takes no value.`);
			given.set(name, "yes");
			continue;
		}
		if ((name !== "--key" && !(name in DEFAULTS)) || board.lacks.includes(name))
			throw new OptionError(`There is no option ${quote(args[i]!)}; --help lists them.`);
		const value = inline ?? args[++i];
		if (value === undefined || value === "" || (inline === undefined && value.startsWith("--")))
			throw new OptionError(`${name} needs a value.`);
		if (value.includes("\0")) throw new OptionError(`The value of ${name} has a zero byte in it.`);
		if (name === "--key") keys.push(value);
		else given.set(name, value);
	}
	const value = (name: string): string => given.get(name) ?? defaults[name]!;
	const oneOf = <T extends string>(name: string, ...choices: readonly T[]): T => {
		const found = choices.find((choice) => choice === value(name));
		if (found === undefined) throw new OptionError(`${name} is ${choices.join(" or ")}, not ${quote(value(name))}.`);
		return found;
	};
	const count = (name: string, most: number): number => {
		if (!/^\d{1,9}$/.test(value(name)) || Number(value(name)) > most)
			throw new OptionError(`${name} is a number from 0 to ${most}, not ${quote(value(name))}.`);
		return Number(value(name));
	};
	const app = oneOf("--app", "smp-svr", "self-confirm", "own-group", "locked-down", "flash-conformance");
	if (given.has("--trial") && app !== "self-confirm") throw new OptionError("--trial needs --app self-confirm.");
	if (given.has("--confirm") && (app === "self-confirm" || app === "flash-conformance"))
		throw new OptionError(`--confirm is not for --app ${app}.`);
	if (given.has("--uart") && (app === "self-confirm" || app === "flash-conformance"))
		throw new OptionError(`--uart is not for --app ${app}.`);
	if (given.has("--encryption-key-length") && !given.has("--encryption-key"))
		throw new OptionError("--encryption-key-length needs --encryption-key.");
	const guards = oneOf("--guards", "on", "off") === "on";
	return {
		flash: value("--flash"),
		serial: value("--serial"),
		uart: oneOf("--uart", "console", "raw"),
		udp: parseAddress("--udp", value("--udp")),
		tcp: value("--tcp") === "" ? undefined : parseAddress("--tcp", value("--tcp")),
		files: value("--files") || undefined,
		images: oneOf("--images", "1", "2") === "1" ? 1 : 2,
		mode: MODES[oneOf("--mode", ...MODE_NAMES)],
		app,
		trial: count("--trial", 3600),
		downgradePrevention: oneOf("--downgrade-prevention", "none", "version", "counter", "hardware"),
		layout: value("--layout") || undefined,
		keys,
		encryptionKey: value("--encryption-key") || undefined,
		encryptionKeyLength: oneOf("--encryption-key-length", "128", "256") === "128" ? 128 : 256,
		confirm: oneOf("--confirm", "smp", "self"),
		guards,
		verify: guards || given.has("--verify") ? oneOf("--verify", "none", "hash", "signature") : "none",
		trailer: oneOf("--trailer", "current", "2.2"),
		baud: count("--baud", 100_000_000),
		json: given.has("--json"),
		powerCut: count("--power-cut", 100_000_000),
	};
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

/** A value as it may stand in a sentence on a terminal. */
const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
