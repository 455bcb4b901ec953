#!/usr/bin/env node
import { runCommandLine } from "../sim/command-line.js";
import { MPS3, qemu } from "./board.js";

runCommandLine(MPS3, qemu);
