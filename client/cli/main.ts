import { type Arguments, commandHelp, parseArguments } from "../../tools/image/args.js";
import { ImageError } from "../../tools/image/error.js";
import { parseServer } from "../address.js";
import { NoAnswerError, SmpClient } from "../client.js";
import type { Link } from "../link.js";
import { serialLink } from "../serial.js";
import { tcpLink } from "../tcp.js";
import { udpLink } from "../udp.js";
import { COMMANDS, type Command, LINK_OPTIONS, readImage } from "./commands.js";
import { JsonOutput, TextOutput } from "./output.js";

// npx xs-smp COMMAND: exit code 0 if it is done, 1 if the device refuses or does not answer, 2 for input that cannot be used.

const PROGRAM = "xs-smp";

const HELP = `Usage: ${PROGRAM} COMMAND --serial PATH | --udp HOST:PORT | --tcp HOST:PORT [OPTIONS]

Talk to a device that speaks SMP (MCUmgr) and boots with MCUboot.

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`).join("\n")}

${PROGRAM} COMMAND --help prints the options of a command.
`;

/** Ways in which the input cannot be used. */
const refuse = (sentence: string): never => {
	throw new ImageError(sentence);
};

/** Where the device is, and by which option. */
function placeOf(args: Arguments): { readonly name: string; readonly where: string } {
	const [name, ...more] = ["serial", "udp", "tcp"].filter((each) => args.has(each));
	if (name === undefined || more.length > 0)
		return refuse("Say where the device is: with --serial PATH, --udp HOST:PORT or --tcp HOST:PORT.");
	return { name, where: args.text(name)! };
}

function openLink(args: Arguments): Link {
	const { name, where } = placeOf(args);
	if (args.has("baud") && name !== "serial") return refuse("--baud goes with --serial.");
	try {
		if (name === "serial") return serialLink(where, args.integer("baud") ?? 115200);
		parseServer(where, `--${name}`);
		return name === "udp" ? udpLink(where) : tcpLink(where);
	} catch (error) {
		return refuse((error as Error).message);
	}
}

async function main(args: readonly string[]): Promise<number> {
	const [name, ...rest] = args;
	if (name === undefined || name === "--help" || name === "-h") {
		process.stdout.write(HELP);
		return name === undefined ? 2 : 0;
	}
	const command = COMMANDS.find((one) => one.name === name);
	if (!command) return refuse(`There is no command "${name}"; the commands are ${listOf(COMMANDS)}.`);
	const spec = { ...command, options: [...command.options, ...LINK_OPTIONS] };
	if (rest.includes("--help") || rest.includes("-h")) {
		process.stdout.write(commandHelp(PROGRAM, spec));
		return 0;
	}
	return run(command, parseArguments(spec, rest));
}

async function run(command: Command, args: Arguments): Promise<number> {
	for (const option of command.options.concat(LINK_OPTIONS))
		if (option.values?.every((value) => value === "N" || value === "SECONDS")) args.integer(option.name);
	const timeout = (args.integer("timeout") ?? 2) * 1000;
	if (timeout === 0) return refuse("--timeout is at least 1.");
	const file = command.takesImage ? readImage(args.operands[0]!) : new Uint8Array(0);
	const output = new (args.has("json") ? JsonOutput : TextOutput)(process.stdout);
	const client = new SmpClient(openLink(args), { timeout, tries: 3 });
	try {
		await command.run({ client, args, output, file });
		return 0;
	} catch (error) {
		if (error instanceof ImageError) throw error;
		const lost = error instanceof NoAnswerError && error.reason === undefined;
		const hint = lost ? ` Is the device at ${placeOf(args).where}?` : "";
		process.stderr.write(`${sentence((error as Error).message)}${hint}\n`);
		return 1;
	} finally {
		client.close();
	}
}

const listOf = (commands: readonly Command[]): string => {
	const names = commands.map(({ name }) => name);
	return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
};

const sentence = (text: string): string =>
	text.charAt(0).toUpperCase() + text.slice(1).replace(/[.?]?$/, (end) => end || ".");

try {
	process.exitCode = await main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof ImageError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 2;
}
