// Checks that our C is formatted as .clang-format says, or formats it.
//
//     node tools/format-c.mjs [--write]
//
// Exit code 1, with the names of the files, if one is not. The formatter comes from npm, so that everybody has the same version.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "@wasm-fmt/clang-format";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const FOLDERS = ["engine", "hosts", "test"];

const style = readFileSync(path.join(ROOT, ".clang-format"), "utf8");
const write = process.argv.includes("--write");
const wrong = FOLDERS.flatMap((folder) =>
	readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
		.filter((name) => /\.[ch]$/.test(name))
		.map((name) => path.join(folder, name)),
)
	.sort()
	.filter((name) => {
		const file = path.join(ROOT, name);
		const text = readFileSync(file, "utf8");
		const formatted = format(text, name, style);
		if (formatted !== text && write) writeFileSync(file, formatted);
		return formatted !== text;
	});

if (wrong.length > 0) {
	process.stdout.write(`${wrong.map((name) => `${name}: ${write ? "formatted" : "not formatted"}\n`).join("")}`);
	if (!write) {
		process.stderr.write("C is formatted by .clang-format: `npm run format` does it.\n");
		process.exitCode = 1;
	}
}
