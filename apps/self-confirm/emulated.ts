import { smpSvrEmulated } from "../../hosts/desk/xs/board.js";
import type { SimConfig } from "../../hosts/desk/xs/config.js";
import type { SmpSvrOptions } from "../../modules/agent/agent.js";
import type { Host } from "../../modules/agent/host.js";
import { selfConfirm } from "../../modules/agent/trial.js";
import type { Layout } from "../../modules/flash/layout.js";

/** Runs the application on a board that a command line describes and that reports what it does. */
export function selfConfirmEmulated(
	host: (layout: Layout) => Host,
	checks: Pick<SmpSvrOptions, "signature" | "downgrade"> = {},
): void {
	const { trial } = JSON.parse(simulator.config()) as SimConfig;
	smpSvrEmulated(host, (board, options) => selfConfirm(board, { ...options, ...checks, trial: trial * 1000 }));
}
