import { SimHost } from "../../hosts/sim/xs/host.js";
import { conformanceEmulated } from "./emulated.js";

// The suite on the simulated board, against the flash model in C.

conformanceEmulated((layout) => new SimHost(layout));
