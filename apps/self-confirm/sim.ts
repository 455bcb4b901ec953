import { imageChecks } from "../../hosts/sim/xs/app/image-checks.js";
import { readConfig, SimHost } from "../../hosts/sim/xs/host.js";
import { selfConfirmEmulated } from "./emulated.js";

// The application on the simulated board.

selfConfirmEmulated((layout) => new SimHost(layout), imageChecks(readConfig()));
