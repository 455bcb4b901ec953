import { describeWith } from "../support/tools.js";
import { describeGuide } from "./guide.js";

describeWith("newtmgr", "the OTA guide over the UART", () => {
	describeGuide("sim", "move");
	describeGuide("sim", "offset");
});
