import { isWrongKey, keepUnlocked, lock } from "../client/access.js";
import { NoAnswerError, SmpClient, SmpResponseError } from "../client/client.js";
import type { Link } from "../client/link.js";
import { parseServer } from "../client/node/address.js";
import { serialLink } from "../client/node/serial.js";
import { tcpLink } from "../client/node/tcp.js";
import { udpLink } from "../client/node/udp.js";
import { ImageError } from "../image/error.js";
import { type Arguments, commandHelp, parseArguments } from "./args.js";
import { COMMON_OPTIONS, type Command, NUMBERS } from "./command.js";
import { COMMANDS } from "./commands.js";
import { readFile, readImage, readKey } from "./local-file.js";
import { JsonOutput, printable, type Sink, TextOutput } from "./output.js";

const PROGRAM = "xs-smp";

const helpOn = (
	commands: readonly Command[],
): string => `Usage: ${PROGRAM} COMMAND --serial PATH | --udp HOST:PORT | --tcp HOST:PORT [OPTIONS]

Talk to a device that speaks SMP (MCUmgr) and boots with MCUboot.

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(15)} ${summary}`).join("\n")}

${PROGRAM} COMMAND --help prints the options of a command.
`;

const isHelp = (arg: string | undefined): boolean => arg === "--help" || arg === "-h";

/** Where the program's words go. */
export interface Streams {
	readonly stdout: Sink;
	readonly stderr: Sink;
}

/**
 * Runs a command line. Returns the exit code: 0 if it is done, 1 if the device refuses or does not answer, 2 for input that cannot
 * be used.
 */
export async function runProgram(args: readonly string[], streams: Streams): Promise<number> {
	try {
		return await main(args, streams);
	} catch (error) {
		if (!(error instanceof ImageError)) throw error;
		streams.stderr.write(`${error.message}\n`);
		return 2;
	}
}

/** Ways in which the input cannot be used. */
const refuse = (sentence: string): never => {
	throw new ImageError(sentence);
};

async function main(args: readonly string[], streams: Streams): Promise<number> {
	const [name, second] = args;
	const family = COMMANDS.filter((command) => command.name.startsWith(`${name} `));
	if (name === undefined || isHelp(name) || (family.length > 0 && isHelp(second))) {
		streams.stdout.write(helpOn(family.length > 0 ? family : COMMANDS));
		return name === undefined ? 2 : 0;
	}
	const command = findCommand(name, second, family);
	const rest = args.slice(command.name.split(" ").length);
	const own = command.options;
	const options = [...own, ...COMMON_OPTIONS.filter((common) => !own.some((each) => each.name === common.name))];
	const spec = { ...command, options };
	// Behind -- stand the words of another command line.
	const end = rest.indexOf("--");
	if ((end < 0 ? rest : rest.slice(0, end)).some(isHelp)) {
		streams.stdout.write(commandHelp(PROGRAM, spec));
		return 0;
	}
	return run(spec, parseArguments(spec, rest), streams);
}

/** Names have one word or two; `family` are the commands whose first word this is. */
function findCommand(first: string, second: string | undefined, family: readonly Command[]): Command {
	const command = COMMANDS.find(({ name }) => name === first || name === `${first} ${second}`);
	if (command) return command;
	const seconds = family.map(({ name }) => name.split(" ")[1]!);
	if (seconds.length > 0) return refuse(`"${first}" goes on with ${listOf(seconds, "or")}.`);
	const firsts = [...new Set(COMMANDS.map(({ name }) => name.split(" ")[0]!))];
	return refuse(`There is no command "${first}"; the commands are ${listOf(firsts, "and")}.`);
}

const listOf = (names: readonly string[], last: string): string =>
	`${names.slice(0, -1).join(", ")} ${last} ${names.at(-1)}`;

/** Where the device is, and by which option. */
function placeOf(args: Arguments): { readonly name: string; readonly where: string } {
	const [name, ...more] = ["serial", "udp", "tcp"].filter((each) => args.has(each));
	if (name === undefined || more.length > 0)
		return refuse("Say where the device is: with --serial PATH, --udp HOST:PORT or --tcp HOST:PORT.");
	return { name, where: args.text(name)! };
}

function openLink(args: Arguments): Link {
	const { name, where } = placeOf(args);
	for (const option of ["baud", "raw"])
		if (args.has(option) && name !== "serial") return refuse(`--${option} goes with --serial.`);
	try {
		if (name === "serial") return serialLink(where, args.integer("baud"), { raw: args.has("raw") });
		parseServer(where, `--${name}`);
		return name === "udp" ? udpLink(where) : tcpLink(where);
	} catch (error) {
		return refuse((error as Error).message);
	}
}

async function run(command: Command, args: Arguments, { stdout, stderr }: Streams): Promise<number> {
	for (const { name, values = [] } of command.options) if (values.every(isNumber)) args.integer(name);
	const timeout = (args.integer("timeout") ?? 2) * 1000;
	if (timeout === 0) return refuse("--timeout is at least 1.");
	command.check?.(args);
	const file = command.takes ? READERS[command.takes](args.operands[0]!) : new Uint8Array(0);
	const keyFile = args.text("access-key");
	const key = keyFile === undefined ? undefined : readKey(keyFile);
	const output = new (args.has("json") ? JsonOutput : TextOutput)(stdout);
	const client = new SmpClient(openLink(args), { timeout, tries: 3 });
	let leave = (): Promise<void> => Promise.resolve();
	try {
		const unlocked = key && (await enter(client, key, stderr));
		// A serial line is everybody's: what was unlocked for one command is not left open.
		if (unlocked !== undefined && !command.staysUnlocked) leave = () => lock(client, { tries: 1 });
		await command.run({ client, args, output, file, unlocked });
		return 0;
	} catch (error) {
		if (error instanceof NoAnswerError) leave = () => Promise.resolve();
		if (error instanceof ImageError) throw error;
		stderr.write(`${printable(sentence((error as Error).message) + hintFor(error, args, key))}\n`);
		return 1;
	} finally {
		// Without an answer it locks itself after a while.
		await leave().catch(() => {});
		client.close();
	}
}

const isNumber = (value: string): boolean => NUMBERS.includes(value);

const READERS = { file: readFile, image: readImage } as const;

/** Unlocks the device and returns for how many seconds; undefined if it has no access control. */
async function enter(client: SmpClient, key: Uint8Array, stderr: Sink): Promise<number | undefined> {
	try {
		return await keepUnlocked(client, key);
	} catch (error) {
		if (!(error instanceof SmpResponseError && error.group === undefined && error.code === NOT_SUPPORTED)) throw error;
		stderr.write("The device has no access control: it takes no key.\n");
		return undefined;
	}
}

/** `MGMT_ERR_ENOTSUP` (Zephyr SMP protocol specification, Error codes). */
const NOT_SUPPORTED = 8;

const LINE_END = 0x0a;

/** What may help. */
function hintFor(error: unknown, args: Arguments, key: Uint8Array | undefined): string {
	if (error instanceof NoAnswerError && error.reason === undefined) return ` Is the device at ${placeOf(args).where}?`;
	if (error instanceof SmpResponseError && error.denied && !key)
		return " If it takes a key, give it with --access-key FILE.";
	if (!isWrongKey(error)) return "";
	const ended = key?.at(-1) === LINE_END ? " It ends with a line end, which counts." : "";
	return ` Is ${args.text("access-key")} the key of this device?${ended}`;
}

const sentence = (text: string): string =>
	text.charAt(0).toUpperCase() + text.slice(1).replace(/[.?]?$/, (end) => end || ".");
