// A thermostat that somebody broke: it waits for the heating in a loop, so that nothing else ever runs.
import type { Device } from "xs-smp/application";

let warm = false;

export default (device: Device): void => {
	device.log(`thermostat ${device.image.version}`);
	device.after(2000, () => {
		warm = true;
	});
	device.after(1000, () => {
		while (!warm);
	});
};
