import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";

/** Tools that must be there: `XS_SMP_REQUIRE=newtmgr,smpmgr`. Continuous integration sets it. */
const required = new Set((process.env["XS_SMP_REQUIRE"] ?? "").split(",").filter(Boolean));

/** How to get each real tool; shown where one is missing. */
const sources: Readonly<Record<string, string>> = {
	newtmgr: "go install mynewt.apache.org/newtmgr/newtmgr@latest",
	smpmgr: "pip install smpmgr",
	imgtool: "pip install imgtool",
	"mcumgr-client": "cargo install mcumgr-client",
	"python3:mcumgr_client": "pip install mcumgr-client-wrapper",
	"python3:smpclient.transport.bumble": "pip install smpclient[bumble]",
	mcumgrctl: "cargo install mcumgrctl",
	node20: "npm install node@20, and a link of this name",
	node22: "npm install node@22, and a link of this name",
	node24: "npm install node@24, and a link of this name",
	bash: "apt-get install bash",
	zsh: "apt-get install zsh",
	fish: "apt-get install fish",
	chromium: "apt-get install chromium",
	"qemu-system-arm": "apt-get install qemu-system-arm",
	"arm-none-eabi-gcc": "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi",
};

function found(tool: string): boolean {
	const [program = "", module] = tool.split(":");
	if (module !== undefined) return spawnSync(program, ["-c", `import ${module}`]).status === 0;
	return spawnSync("sh", ["-c", `command -v "${program}"`]).status === 0;
}

/**
 * A `describe` for tests that need a real tool: a program, or a module of one, as `python3:mcumgr_client`. Where it is not
 * installed they are skipped and the title says how to get it; where it is required they fail.
 */
export function describeWith(tool: string, title: string, suite: () => void): void {
	if (found(tool)) describe(`${tool}: ${title}`, suite);
	else if (required.has(tool))
		describe(`${tool}: ${title}`, () => {
			it(`${tool} is installed`, () => {
				throw new Error(`${tool} is required and not on PATH; ${sources[tool]}`);
			});
		});
	else describe.skip(`${tool}: ${title} (not installed; ${sources[tool]})`, suite);
}

/**
 * A loopback address that nobody else has: for a client that has no option for a port, and so for a device on the standard one.
 * Linux has them all.
 */
export const ownAddress = (): string => `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;

export interface Outcome {
	readonly status: number | null;
	/** Standard output and standard error in the order they came, without colours and carriage returns. */
	readonly output: string;
}

/** Text without a terminal's colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colour codes begin with the escape character
export const plain = (text: string): string => text.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "");

/** Runs a tool to its end. */
export function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Outcome> {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
		let output = "";
		const collect = (data: Buffer) => {
			output += data.toString();
		};
		child.stdout?.on("data", collect);
		child.stderr?.on("data", collect);
		child.on("error", reject);
		child.on("close", (status) => resolve({ status, output: plain(output) }));
	});
}
