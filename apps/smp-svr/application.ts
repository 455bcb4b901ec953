import type { Application } from "../../modules/agent/application.js";

/** The application of the OTA guide, Zephyr's sample `smp_svr`: the agent with what the board has room for. */
export const application: Application = (board) => {
	board.start();
};
