import type { Application } from "../../modules/agent/application.js";
import { Rc, SmpError } from "../../modules/smp/errors.js";
import { HOTTEST, thermostatGroup } from "./thermostat.js";

/** The agent with a group of the application's own, which also has a say in resets. */
export const application: Application = (board) => {
	const targets = new Map<string, number>();
	board.start({
		groups: [thermostatGroup(["kitchen", "hall"], targets)],
		mayReset: ({ force }) => {
			if (!force && [...targets.values()].includes(HOTTEST))
				throw new SmpError(Rc.BUSY, "a room is being heated up: lower its target first, or force the reset");
		},
	});
};
