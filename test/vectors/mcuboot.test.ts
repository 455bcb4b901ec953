import assert from "node:assert";
import { defaultDirectory, vectorFiles } from "./mcuboot/node.js";
import { runOnNode, runOnXS } from "./mcuboot/pool.js";

const directory = defaultDirectory();
const names = vectorFiles(directory);

/** One file of each kind, of both modes. */
const ON_XS =
	/^(trailer-layout|app-api|image-validation|(move|offset)-(basic|seed-geometry|two-images|signature-types|cuts-basic))\.json$/;

function suite(
	title: string,
	files: readonly string[],
	run: typeof runOnNode,
	{ sample, forecast = false }: { readonly sample: number | undefined; readonly forecast?: boolean },
): void {
	describe(title, () => {
		let running: ReturnType<typeof runOnNode> | undefined;
		before(() => {
			running = run(files.map((name) => ({ directory, name, sample, forecast })));
		});
		after(() => running?.close());
		files.forEach((name, index) => {
			it(name, async () => {
				const report = await running?.reports[index];
				assert.ok(report);
				assert.deepEqual(report.failures, []);
				assert.ok(report.passed > 0, "nothing was checked");
			});
		});
	});
}

suite("MCUboot vectors on Node, every boot also as forecast", names, runOnNode, { sample: undefined, forecast: true });
suite(
	"MCUboot vectors on XS, a sample",
	names.filter((name) => ON_XS.test(name)),
	runOnXS,
	{ sample: 1 },
);
