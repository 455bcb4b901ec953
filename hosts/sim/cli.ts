#!/usr/bin/env node
import { runCommandLine } from "../desk/node/command-line.js";
import { SIMULATOR } from "../desk/node/options.js";

runCommandLine(SIMULATOR);
