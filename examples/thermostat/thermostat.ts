// An application in an image: npm run image -- app examples/thermostat/thermostat.ts thermostat.bin --version 1.1.0 --key …
import type { Device } from "xs-smp/application";
import { int } from "xs-smp/modules/smp/fields";
import { operation } from "xs-smp/modules/smp/group";

const SETTING = "thermostat/target";

/** Degrees Celsius. */
const COLDEST = 5;
const HOTTEST = 30;

/** A board would read its sensor here. */
const measure = (): number => 19;

export default (device: Device): void => {
	let target = device.settings?.get(SETTING)?.[0] ?? 20;
	const set = (degrees: number): void => {
		if (!Number.isInteger(degrees) || degrees < COLDEST || degrees > HOTTEST)
			throw new RangeError(`a target is ${COLDEST} to ${HOTTEST} degrees`);
		target = degrees;
		device.settings?.set(SETTING, new Uint8Array([degrees]));
	};

	device.log(`thermostat ${device.image.version}: ${target} degrees`);
	// Clients speak to it by a group of its own. Ids from 64 are an application's.
	device.group({
		id: 81,
		name: "thermostat",
		commands: {
			0: {
				name: "target",
				read: { handle: () => ({ target, measured: measure() }) },
				write: operation({ target: int }, ({ target: wanted = 20 }) => {
					set(wanted);
					return { target };
				}),
			},
		},
	});
	device.check("sensor", () => measure() > -40 || "the sensor is not connected");
	// The Cortex-M55 has no shell.
	device.shell?.("target", {
		help: "what the room is to be heated to: target [DEGREES]",
		run: ([degrees], print) => {
			if (degrees !== undefined) set(Number(degrees));
			print(`${target} degrees, measured ${measure()}`);
		},
	});
};
