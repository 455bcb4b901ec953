import { simSvr } from "../../hosts/sim/xs/main.js";
import { furtherGroups } from "../../modules/agent/groups.js";
import { Rc, SmpError } from "../../modules/smp/errors.js";
import { HOTTEST, thermostatGroup } from "./thermostat.js";

// The application with a group and a say of its own, on the simulated board.

const targets = new Map<string, number>();

simSvr((base, options) => furtherGroups(base, { ...options, own: [thermostatGroup(["kitchen", "hall"], targets)] }), {
	mayReset: ({ force }) => {
		if (!force && [...targets.values()].includes(HOTTEST))
			throw new SmpError(Rc.BUSY, "a room is being heated up: lower its target first, or force the reset");
	},
});
