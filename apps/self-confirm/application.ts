import type { Application } from "../../modules/agent/application.js";
import { PLAIN_CHECKS } from "../../modules/agent/checks.js";

/** The agent with a confirm policy of its own, for an update that brings none. */
export const application: Application = (board) => {
	board.start({ confirm: { deadline: board.trial / 1000, minUptime: 0, checks: PLAIN_CHECKS } });
};
