import { loaderWanted } from "../../../../modules/bootutil/loader/recovery/flow.js";
import { MODES } from "../../../../modules/bootutil/modes.js";
import { withLoader } from "../../../desk/xs/loader.js";
import { board } from "./board.js";

// The boot loader of the simulated board: a boot, and what may come in its place.

withLoader((run) => {
	const { boot, recovery } = run.config;
	if (!recovery) run.finish(run.loader.boot());
	else if (MODES[boot.mode].firmwareLoader) run.finish(run.loader.boot(loaderWanted(board, recovery.entrances)));
	// Who does not ask for it is not to pay for its modules at each start.
	else void import("./recovery.js").then(({ boot }) => boot(run, recovery));
});
