import { readConfig, SimHost } from "../../hosts/sim/xs/host.js";
import { smpSvrEmulated } from "../smp-svr/emulated.js";
import { selfConfirm } from "./self-confirm.js";

// The application on the simulated board.

const { trial } = readConfig();
smpSvrEmulated(
	(layout) => new SimHost(layout),
	(host, options) => selfConfirm(host, { ...options, trial: trial * 1000 }),
);
