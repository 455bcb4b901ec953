import type { Host } from "../../hosts/host.js";
import type { SimConfig } from "../../hosts/sim/xs/config.js";
import type { Layout } from "../../modules/flash/layout.js";
import { smpSvrEmulated } from "../smp-svr/emulated.js";
import type { SmpSvrOptions } from "../smp-svr/smp-svr.js";
import { selfConfirm } from "./self-confirm.js";

/** Runs the application on a board that a command line describes and that reports what it does. */
export function selfConfirmEmulated(
	host: (layout: Layout) => Host,
	checks: Pick<SmpSvrOptions, "signature" | "downgrade"> = {},
): void {
	const { trial } = JSON.parse(simulator.config()) as SimConfig;
	smpSvrEmulated(host, (board, options) => selfConfirm(board, { ...options, ...checks, trial: trial * 1000 }));
}
