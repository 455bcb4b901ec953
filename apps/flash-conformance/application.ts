import { BUFFERS } from "../../modules/agent/agent.js";
import type { Application } from "../../modules/agent/application.js";
import { flashConformance } from "./flash.js";

/** What the suite may erase. */
const LABEL = "storage";

/**
 * Runs the suite on the area "storage", ERASES parts of that area, and says on the console how each rule went. The agent is not
 * started.
 */
export const application: Application = ({ host }) => {
	let rules = 0;
	const broken = flashConformance(
		() => host.flash(LABEL),
		({ rule, error }) => {
			rules++;
			host.log(error === undefined ? `ok: ${rule}` : `BROKEN: ${rule}: ${error}`);
		},
	);
	host.log(`flash conformance of ${LABEL}: ${rules - broken} passed, ${broken} failed`);
	// A board on a desk restarts an application that waits for nothing, and the suite would erase for ever.
	host.links(BUFFERS);
};
