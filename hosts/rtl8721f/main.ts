import { decideByPolicy } from "../../modules/agent/confirm.js";
import { startBoard } from "./board.js";

// The Realtek RTL8721F EVB, whose agent can decide on an update on trial itself.

startBoard({ decide: decideByPolicy });
