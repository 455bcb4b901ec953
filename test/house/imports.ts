import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Source files below a folder, as paths from the root of the repository. */
export function sources(folder: string): string[] {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { recursive: true, encoding: "utf8" })
		.map((name) => path.posix.join(folder, name.replaceAll("\\", "/")))
		.filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts"))
		.sort();
}

/**
 * What a file imports: files as paths from the root, packages as written. `import type` counts unless `code` is set:
 * types bind as well, but only code is linked.
 */
export function imports(file: string, code = false): string[] {
	const text = readFileSync(file, "utf8");
	const statements = text.matchAll(
		/^(?:import|export)\s+(type\s+)?(?:(?:\*(?:\s+as\s+\w+)?|[\w$*{},\s]+?)\s+from\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm,
	);
	return Array.from(statements)
		.filter(([, type]) => !(code && type))
		.map(([, , first, second]) => first ?? second!)
		.map((specifier) =>
			specifier.startsWith(".")
				? path.posix.join(path.posix.dirname(file), specifier).replace(/\.js(x?)$/, ".ts$1")
				: specifier,
		);
}
