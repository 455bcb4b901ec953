import { simSvr } from "./sim-svr.js";

// The application on the simulated board.

simSvr();
