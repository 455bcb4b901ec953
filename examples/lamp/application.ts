// The server side of a group of one's own: npm start -- --app ./examples/lamp
import type { Application } from "xs-smp/modules/agent/application";
import { lampGroup } from "./lamp.js";

export const application: Application = (board) => {
	// On a board this would set the duty cycle of a PWM pin.
	board.start({ groups: [lampGroup((percent) => board.host.log(`lamp: ${percent} %`))] });
};
