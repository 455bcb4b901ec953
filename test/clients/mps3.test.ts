import { describeWith } from "../support/tools.js";
import { describeGuide } from "./guide.js";

describeWith("arm-none-eabi-gcc", "firmware for a Cortex-M55", () => {
	describeWith("qemu-system-arm", "on the board mps3-an547", () => {
		describeWith("newtmgr", "the OTA guide over the UART", () => {
			describeGuide("mps3", "move");
			describeGuide("mps3", "offset");
		});
	});
});
