#!/usr/bin/env node
import { runCommandLine } from "../desk/node/command-line.js";
import { MPS3, qemu } from "./board.js";

runCommandLine(MPS3, qemu);
