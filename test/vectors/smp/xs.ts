/// <reference path="../../../engine/xsrun.d.ts" />
// The vectors on XS: build/xsrun test/vectors/smp/xs FILE...
import { report } from "./core.js";
import { parseJson } from "./match.js";

const failed = report(xsrun.args, {
	read: (path) => parseJson(new Uint8Array(xsrun.readFile(path))),
	print: (line) => xsrun.print(line),
});
xsrun.exit(failed > 0 ? 1 : 0);
