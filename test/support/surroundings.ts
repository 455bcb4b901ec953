import { freshDirectory } from "../../tools/simulator.js";

// mocha loads this before the tests. What they see must not depend on the user who runs them: on devices that run on this machine,
// on the variables of the command, nor on how a terminal is to look.

process.env["XDG_RUNTIME_DIR"] = freshDirectory();
for (const name of ["XS_SMP_DEVICE", "NO_COLOR", "FORCE_COLOR", "COLUMNS"]) delete process.env[name];
