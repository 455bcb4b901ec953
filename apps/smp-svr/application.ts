import { simSvr } from "../../hosts/sim/xs/main.js";

// The application on the simulated board.

simSvr();
