import { relative } from "node:path";
import { type Command, Option } from "commander";
import { listPorts, type Port } from "../client/node/ports.js";
import type { Context } from "./command-line.js";
import { JsonOutput, TextOutput, table } from "./output.js";
import { runningDevices } from "./running.js";

/** A line, and how it is named. Those of simulated devices have no hardware. */
type Line = Partial<Port> & { readonly path: string };

/** Gives the command `ports` its options, and has it print the serial lines. */
export function definePorts(command: Command, context: Context): void {
	command.addOption(new Option("--json", "print JSON, one object a line")).action(async () => {
		const output = new (command.opts<{ json?: boolean }>().json ? JsonOutput : TextOutput)(context.stdout);
		const simulated = runningDevices().map(({ serial, udp }) => ({
			...{ path: serial, product: "simulated device" },
			...(udp !== undefined && { udp }),
		}));
		let real: readonly Port[] = [];
		let problem: string | undefined;
		try {
			real = await listPorts();
		} catch (error) {
			problem = (error as Error).message;
		}
		const lines: readonly Line[] = [...real, ...simulated];
		if (lines.length > 0) output.say(...table([HEADING, ...lines.map(rowOf)]));
		else if (problem === undefined) output.say("This machine has no serial line, and no simulated device runs here.");
		for (const line of lines) output.json(line);
		if (problem === undefined) return;
		context.stderr.write(`${problem.charAt(0).toUpperCase()}${problem.slice(1)}.\n`);
		context.status = 1;
	});
}

const HEADING = ["line", "board", "manufacturer", "serial number", "USB ids"];

const rowOf = ({ path, product, manufacturer, serialNumber, vendorId, productId }: Line): string[] => [
	shortened(path),
	product ?? "",
	manufacturer ?? "",
	serialNumber ?? "",
	vendorId === undefined ? "" : `${vendorId}:${productId ?? ""}`,
];

/** A path below this folder without it, as for the simulator's line. */
function shortened(path: string): string {
	const short = relative(process.cwd(), path);
	return short.startsWith("..") || short.length >= path.length ? path : short;
}
