import { readConfig, report, SimHost } from "../../hosts/sim/xs/host.js";
import { runConformance } from "./run.js";

// The suite on the simulated board, against the flash model in C.

const { layout } = readConfig();
report({ event: "boot", images: [] });
// The area behind all others: with the guide's layout the secondary slot of image 1.
const [area] = [...layout.areas].sort((a, b) => b.offset - a.offset);
runConformance(new SimHost(layout), area!.label);
simulator.halt();
