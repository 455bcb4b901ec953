#!/usr/bin/env node
import { runBoard } from "../desk/node/command-line.js";
import { SIMULATOR } from "../desk/node/options.js";

await runBoard(SIMULATOR);
