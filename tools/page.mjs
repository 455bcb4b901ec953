// Bundles the page: page/ and what it imports, to one folder that needs nothing else.
//
//     node tools/page.mjs [FOLDER]
//
// Without a FOLDER, to build/page, where the simulator serves it from. With one, it is the page for boards, which opens as a
// file or from any static host. Scripts are no modules: those do not start from a file.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Where the simulator finds the page. */
export const PAGE = path.join(ROOT, "build/page");

/** Browsers of the last two years. */
const TARGET = ["chrome123", "firefox120", "safari17.5"];

/**
 * @param {string} folder where the page goes; what lies there of an earlier page goes away
 * @param {boolean} served whether the simulator's server is behind the page
 */
export async function bundlePage(folder = PAGE, served = folder === PAGE) {
	mkdirSync(folder, { recursive: true });
	for (const name of readdirSync(folder)) if (/\.(js|css|html)$/.test(name)) rmSync(path.join(folder, name));
	await esbuild.build({
		entryPoints: {
			page: path.join(ROOT, "page/main.tsx"),
			...(served && { worker: path.join(ROOT, "page/worker.ts") }),
		},
		outdir: folder,
		bundle: true,
		minify: true,
		format: "iife",
		platform: "browser",
		target: TARGET,
		define: { SERVED: String(served) },
		tsconfig: path.join(ROOT, "page/tsconfig.json"),
		legalComments: "linked",
		logLevel: "warning",
	});
	copyFileSync(path.join(ROOT, "page/index.html"), path.join(folder, "index.html"));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
	await bundlePage(process.argv[2] && path.resolve(process.argv[2]));
