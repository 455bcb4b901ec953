#!/usr/bin/env node
import { onClosedPipe } from "./closed-pipe.js";
import { runProgram } from "./program.js";

// An update must not stop half-way because nobody reads on.
onClosedPipe(() => {});
process.exitCode = await runProgram(process.argv.slice(2), process);
