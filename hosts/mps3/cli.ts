#!/usr/bin/env node
import { runBoard } from "../desk/node/command-line.js";
import { MPS3, qemu } from "./board.js";

await runBoard(MPS3, qemu);
