import { GroupError, Rc } from "../../modules/smp/errors.js";
import { int, text } from "../../modules/smp/fields.js";
import { type Group, operation } from "../../modules/smp/group.js";

/** Ids from 64 are an application's own. */
export const THERMOSTAT_GROUP = 70;

/** The group's own error codes; 0 and 1 mean in every group that all is well, or that it is not known what went wrong. */
export const ThermostatError = Object.freeze({ TOO_COLD: 2, TOO_HOT: 3, NO_TARGET: 4 } as const);

/** Limits of the target, degrees Celsius. */
const COLDEST = 5;
export const HOTTEST = 30;

/** A group of an application's own: what a thermostat is set to, and for how many rooms. `targets` is where that is kept. */
export function thermostatGroup(rooms: readonly string[], targets = new Map<string, number>()): Group {
	return {
		id: THERMOSTAT_GROUP,
		name: "thermostat",
		commands: {
			0: { name: "rooms", read: { handle: () => ({ rooms }) } },
			1: {
				name: "target",
				read: operation({ room: text }, ({ room = "" }) => {
					const target = targets.get(room);
					if (target === undefined)
						throw new GroupError(THERMOSTAT_GROUP, ThermostatError.NO_TARGET, `nothing was set for "${room}"`);
					return { target };
				}),
				write: operation({ room: text, target: int }, ({ room = "", target = 20 }) => {
					if (!rooms.includes(room))
						throw new GroupError(THERMOSTAT_GROUP, ThermostatError.NO_TARGET, `there is no room "${room}"`);
					if (target < COLDEST)
						throw new GroupError(THERMOSTAT_GROUP, ThermostatError.TOO_COLD, `pipes freeze below ${COLDEST} degrees`);
					if (target > HOTTEST)
						throw new GroupError(THERMOSTAT_GROUP, ThermostatError.TOO_HOT, `no more than ${HOTTEST} degrees`);
					targets.set(room, target);
					return {};
				}),
			},
		},
		// What clients of the protocol's version 1 get in place of the group's own codes; what is not listed becomes 1.
		errors: {
			[ThermostatError.TOO_COLD]: Rc.INVALID,
			[ThermostatError.TOO_HOT]: Rc.INVALID,
			[ThermostatError.NO_TARGET]: Rc.NO_ENTRY,
		},
	};
}
