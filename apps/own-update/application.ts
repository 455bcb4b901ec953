import flash from "embedded:storage/flash";
import update from "embedded:update";
import type { Application } from "../../modules/agent/application.js";
import { Rc, SmpError } from "../../modules/smp/errors.js";
import { Installer } from "./installer.js";

/** The slot that updates go to. */
const SLOT = "image-1";

/**
 * The agent, and a second way for an update to arrive: a group of the application's own, in place of whatever link an application
 * has, hands the file to `embedded:update`. While that update is under way, clients cannot upload one to the same slot.
 */
export const application: Application = (board) => {
	const installer = new Installer((options) => update.open({ partition: flash.open({ path: SLOT }), ...options }));
	board.start({
		groups: [installer.group],
		image: {
			mayWrite: () => {
				if (installer.busy) throw new SmpError(Rc.BUSY, "the application is installing an update itself");
			},
		},
	});
};
