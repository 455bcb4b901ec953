import type { Host } from "../../hosts/host.js";
import type { SimConfig } from "../../hosts/sim/xs/config.js";
import type { Layout } from "../../modules/flash/layout.js";
import { runConformance } from "./run.js";

/** Runs the suite on a board that a command line describes, and stops it. */
export function conformanceEmulated(host: (layout: Layout) => Host): void {
	const { layout } = JSON.parse(simulator.config()) as SimConfig;
	simulator.event(JSON.stringify({ event: "boot", images: [] }));
	// No image is lost in it. The command line refuses layouts without one.
	runConformance(host(layout), "storage");
	simulator.halt();
}
