import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

describe("docs/IMAGE.md", () => {
	it("shows commands that run, and what they print", () => {
		const directory = mkdtempSync(join(tmpdir(), "image-docs-"));
		try {
			symlinkSync(join(process.cwd(), "keys"), join(directory, "keys"));
			const blocks = [...readFileSync("docs/IMAGE.md", "utf8").matchAll(/^```(\w+)\n(.*?)^```$/gms)];
			let output = "";
			const compared: string[] = [];
			for (const [, language, content = ""] of blocks) {
				if (language === "sh") {
					// `npx xs-smp …` without npm.
					const script = `set -e\nnpx() { shift; "$NODE" "$PROGRAM" "$@"; }\n${content}`;
					const env = { ...process.env, NODE: process.execPath, PROGRAM: program };
					const result = spawnSync("sh", ["-c", script], { cwd: directory, env, encoding: "utf8" });
					assert.deepEqual([result.status, result.stderr], [0, ""], content);
					output = result.stdout;
				} else if (language === "text") {
					assert.equal(content, output);
					compared.push(content);
				}
			}
			assert.equal(compared.length, 2);
		} finally {
			rmSync(directory, { recursive: true, force: true });
		}
	});
});
