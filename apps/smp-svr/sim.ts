import { SimHost } from "../../hosts/sim/xs/host.js";
import { smpSvrEmulated } from "./emulated.js";

// The application on the simulated board.

smpSvrEmulated((layout) => new SimHost(layout));
