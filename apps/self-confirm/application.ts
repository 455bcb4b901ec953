import { withImageChecks } from "../../hosts/sim/xs/app/image-checks.js";
import { readConfig, SimHost } from "../../hosts/sim/xs/host.js";
import { selfConfirmEmulated } from "./emulated.js";

// The application on the simulated board.

withImageChecks(readConfig(), (checks) => selfConfirmEmulated((layout) => new SimHost(layout), checks));
