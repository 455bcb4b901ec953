import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

// What every document of the repository keeps to.

/** Longest line, characters. Tables and code blocks may have longer ones: they cannot be broken. */
const LIMIT = 120;

const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
	encoding: "utf8",
})
	.split("\n")
	.filter((file) => file !== "" && existsSync(file));

/** Folders whose files documents name by path. */
const FOLDERS = "apps|bench|cli|client|docs|engine|examples|hosts|image|keys|layouts|modules|page|test|tools";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
	readonly scripts: Readonly<Record<string, string>>;
};

/** Lines of prose, with their numbers. */
function prose(file: string): [number, string][] {
	let code = false;
	return readFileSync(file, "utf8")
		.split("\n")
		.map((line, at): [number, string] => [at + 1, line])
		.filter(([, line]) => {
			if (!line.trimStart().startsWith("```")) return !code;
			code = !code;
			return false;
		});
}

describe("documents", () => {
	for (const file of documents) {
		it(`${file} has lines of ${LIMIT} characters at most`, () => {
			const long = prose(file).filter(([, line]) => line.length > LIMIT && !line.trimStart().startsWith("|"));
			assert.deepEqual(
				long.map(([at]) => `${file}:${at}`),
				[],
			);
		});

		it(`${file} links to files that there are`, () => {
			const links = prose(file).flatMap(([, line]) => Array.from(line.matchAll(/\]\(([^)#\s]+)/g), ([, to]) => to!));
			const missing = links
				.filter((to) => !/^[a-z]+:/.test(to))
				.filter((to) => !existsSync(path.join(path.dirname(file), to)));
			assert.deepEqual(missing, []);
		});

		it(`${file} names files and commands that there are`, () => {
			const text = readFileSync(file, "utf8");
			const named = new RegExp(`\`((?:${FOLDERS})/[\\w./-]*)[\`:]`, "g");
			const missing = Array.from(text.matchAll(named), ([, name]) => name!).filter(
				// Modules are named without extension.
				(name) => !existsSync(name) && !existsSync(`${name}.ts`),
			);
			const commands = Array.from(text.matchAll(/\bnpm run (?:--\w+ )*(\w[\w:-]*)/g), ([, name]) => name!);
			assert.deepEqual([...missing, ...commands.filter((name) => scripts[name] === undefined)], []);
		});
	}
});
