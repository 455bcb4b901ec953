import { furtherGroups } from "../smp-svr/further.js";
import { simSvr } from "../smp-svr/sim-svr.js";
import { thermostatGroup } from "./thermostat.js";

// The application with a group of its own, on the simulated board.

simSvr((base, options) => furtherGroups(base, { ...options, own: [thermostatGroup(["kitchen", "hall"])] }));
