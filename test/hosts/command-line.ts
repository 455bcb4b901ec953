import { execFileSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { join } from "node:path";
import { root } from "../../tools/simulator.js";

export const commandLine = join(root, "dist/hosts/sim/cli.js");
export const developmentKey = join(root, "keys/development-ec-p256.pem");

export const publicHalf = (pem: string): string =>
	createPublicKey(pem).export({ format: "pem", type: "spki" }).toString();

export interface Outcome {
	readonly status: number;
	readonly output: string;
	readonly errors: string;
}

/** Runs the command line to its end, in `directory`. */
export async function outcome(options: readonly string[], directory: string): Promise<Outcome> {
	try {
		const output = execFileSync(process.execPath, [commandLine, ...options], { cwd: directory, stdio: "pipe" });
		return { status: 0, output: output.toString(), errors: "" };
	} catch (error) {
		const { status, stdout, stderr } = error as { status: number; stdout: Buffer; stderr: Buffer };
		return { status, output: stdout.toString(), errors: stderr.toString() };
	}
}
