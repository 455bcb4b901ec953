import { type BootBoard, BootMode } from "../../../../modules/bootutil/loader/recovery/flow.js";

/** The simulated board, as its boot loader finds it. */
export const board: BootBoard = Object.freeze({
	pinHeld: () => simulator.pinHeld(),
	bootMode: () => simulator.bootMode(),
	clearBootMode: () => simulator.setBootMode(BootMode.NORMAL),
	uptime: () => simulator.uptime(),
});
