import type { Host } from "../../modules/agent/host.js";
import { flashConformance } from "./flash.js";

/** Runs the suite on a partition of a host and says on its console how each rule went. ERASES parts of the partition. */
export function runConformance(host: Host, label: string): void {
	let rules = 0;
	const broken = flashConformance(
		() => host.flash(label),
		({ rule, error }) => {
			rules++;
			host.log(error === undefined ? `ok: ${rule}` : `BROKEN: ${rule}: ${error}`);
		},
	);
	host.log(`flash conformance of ${label}: ${rules - broken} passed, ${broken} failed`);
}
