import assert from "node:assert";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { openProgram, type Program } from "../support/console-script.js";
import { describeWith, ownAddress, plain } from "../support/tools.js";
import { update } from "./images.js";

// Runs docs/CLIENTS.md: every command of every client that is installed, and compares what it prints.

interface Row {
	readonly command: string;
	/** What is printed, blanks counted as one, with "…" for what varies. */
	readonly prints: string;
}

/** smpmgr has no option for a UDP port, so the device gets the standard one, at an address of its own. */
const IP = ownAddress();

const page = readFileSync("docs/CLIENTS.md", "utf8").split(/^## /m).slice(1);

function rows(section: string): Row[] {
	const found = section.matchAll(/^\| `(.+?)` \|(?: `(.+?)`.*)? \|$/gm);
	return Array.from(found, ([, command, prints]) => ({ command: command!, prints: prints ?? "" }));
}

/** Words of a command line; quotes hold some together. */
const words = (line: string): string[] =>
	Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain!);

const pattern = (text: string): RegExp =>
	new RegExp(
		text
			.split("…")
			.map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
			.join(".*"),
	);

/** Every command that the help of a tool names, but for `help` itself, as the words that call it. */
async function commandsOf(program: Program, path: readonly string[]): Promise<(readonly string[])[]> {
	const { output } = await program.run([...path, "--help"]);
	const [, list] = /Commands\b(.*?)(?:\n\w*\s?(?:Flags|Options):|$)/s.exec(plain(output.toString())) ?? [];
	if (list === undefined) return [path];
	const names = Array.from(list.matchAll(/^(?:│ | {2})([a-z][\w-]*) {2,}/gm), ([, name]) => name!);
	const found: (readonly string[])[] = [];
	for (const name of names) if (name !== "help") found.push(...(await commandsOf(program, [...path, name])));
	return found;
}

/** Whether `words` stand in `line` in this order. */
function follows(line: readonly string[], words: readonly string[]): boolean {
	let at = 0;
	for (const word of line) if (word === words[at]) at++;
	return at === words.length;
}

for (const section of page) {
	const tool = section.slice(0, section.indexOf("\n"));
	describeWith(tool, "every command", () => {
		const directory = freshDirectory();
		const files = join(directory, "files");
		const { file, hash } = update("0.0.1", 3000);
		let simulator: Simulator;
		let program: Program;
		before(async () => {
			// newtmgr keeps its profiles in the home directory.
			program = openProgram(tool, { ...process.env, HOME: directory, COLUMNS: "200" });
			mkdirSync(files);
			writeFileSync(join(directory, "image.bin"), file);
			writeFileSync(join(directory, "file.txt"), "hello\n");
			const udp = tool === "smpmgr" ? ["--udp", `${IP}:1337`] : [];
			simulator = await Simulator.start(["--app", "own-group", "--images", "1", "--files", files, ...udp], directory);
			if (tool === "newtmgr") {
				const connection = `connstring=dev=${simulator.serial},baud=115200,mtu=512`;
				await program.run(["conn", "add", "all", "type=serial", connection]);
			}
		});
		after(async () => {
			await program.stop();
			await simulator.stop();
		});

		const values: Readonly<Record<string, () => string>> = {
			PROFILE: () => "all",
			PORT: () => simulator.serial,
			IP: () => IP,
			DIR: () => directory,
			FILE: () => join(directory, "file.txt"),
			IMAGE: () => join(directory, "image.bin"),
			HASH: () => hash,
		};

		it("are all on this page", async () => {
			const lines = rows(section).map(({ command }) => command.split(" "));
			const [about = ""] = section.split("\n| ", 1);
			for (const path of await commandsOf(program, [])) {
				const run = lines.some((line) => follows(line, path));
				assert.ok(run || path.some((word) => about.includes(`\`${word}\``)), `${tool} ${path.join(" ")}`);
			}
		});

		for (const { command, prints } of rows(section))
			it(`${command.slice(tool.length + 1)}${prints === "" ? "" : `: ${prints}`}`, async () => {
				const args = words(command).map((word) =>
					word.replace(/^(PROFILE|PORT|IP|DIR|FILE|IMAGE|HASH)(?=$|\/)/, (name) => values[name]!()),
				);
				assert.equal(args[0], tool);
				const { status, output } = await program.run(args.slice(1));
				// The device answers first.
				if (args.at(-1)!.endsWith("reset")) await simulator.next("boot");
				const printed = plain(output.toString()).replace(/\s+/g, " ").trim();
				if (prints !== "") assert.match(printed, pattern(prints));
				else assert.deepEqual([status, /error/i.test(printed)], [0, false], printed);
			});
	});
}

describe("docs/CLIENTS.md", () => {
	it("has rows for each client", () => {
		for (const section of page) assert.ok(rows(section).length >= 10, section.slice(0, 20));
		assert.equal(page.length, 4);
	});
});
