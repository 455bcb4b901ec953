#!/usr/bin/env node
import { runCommandLine } from "./command-line.js";
import { SIMULATOR } from "./options.js";

runCommandLine(SIMULATOR);
