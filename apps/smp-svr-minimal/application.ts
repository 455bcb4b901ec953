import type { Application } from "../../modules/agent/application.js";

/**
 * The agent for a product whose images are firmware alone: no application in an image, no confirm policy (hosts/firmware.json).
 * A client confirms an update; the watchdog and the boot journal look after it.
 */
export const application: Application = (board) => {
	board.start();
};
