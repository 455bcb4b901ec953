import { runConformance } from "../../apps/flash-conformance/application.js";
import type { SimConfig } from "../../hosts/desk/xs/config.js";
import type { Host } from "../../modules/agent/host.js";
import type { Layout } from "../../modules/flash/layout.js";

/** Runs the suite on a board that a command line describes, and stops it. */
export function conformanceEmulated(host: (layout: Layout) => Host): void {
	const { layout } = JSON.parse(simulator.config()) as SimConfig;
	simulator.event(JSON.stringify({ event: "boot", images: [] }));
	// No image is lost in it. The command line refuses layouts without one.
	runConformance(host(layout), "storage");
	simulator.halt();
}
