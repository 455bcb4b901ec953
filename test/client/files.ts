import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshDirectory } from "../../tools/simulator.js";

/** Gives `use` the path of a file with these bytes, which is there for as long as it runs. */
export async function withFile<T>(bytes: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
	const directory = freshDirectory();
	try {
		const path = join(directory, "file.bin");
		writeFileSync(path, bytes);
		return await use(path);
	} finally {
		rmSync(directory, { recursive: true });
	}
}
