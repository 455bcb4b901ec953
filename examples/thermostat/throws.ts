// A thermostat that somebody broke: it takes its sensor for granted. The update goes back by itself.
import type { Device } from "xs-smp/application";

interface Sensor {
	read(): number;
}

const sensors: Record<string, Sensor> = {};

export default (device: Device): void => {
	device.log(`thermostat ${device.image.version}`);
	// One second on, and so only once it runs: there is no sensor of this name.
	device.after(1000, () => device.log(`${sensors["kitchen"]!.read()} degrees`));
};
