import { GroupError, Rc } from "xs-smp/modules/smp/errors";
import { int } from "xs-smp/modules/smp/fields";
import { type Group, operation } from "xs-smp/modules/smp/group";

/** Ids from 64 on are for applications; 64 to 67 are taken here (docs/SMP.md). */
export const LAMP_GROUP = 80;

/** The one command: reads the level, or sets it. */
export const LEVEL = 0;

/** The one error of this group. 0 and 1 have a meaning in every group. */
export const TOO_BRIGHT = 2;

/** A lamp that clients dim, in percent. */
export function lampGroup(setLevel: (percent: number) => void): Group {
	let current = 0;
	return {
		id: LAMP_GROUP,
		name: "lamp",
		commands: {
			[LEVEL]: {
				name: "level",
				read: { handle: () => ({ level: current }) },
				write: operation({ level: int }, ({ level = 0 }) => {
					if (level < 0 || level > 100)
						throw new GroupError(LAMP_GROUP, TOO_BRIGHT, `the level is 0 to 100 percent, not ${level}`);
					current = level;
					setLevel(level);
					return { level: current };
				}),
			},
		},
		// Clients of the protocol's version 1 have no codes of groups. They get this one.
		errors: { [TOO_BRIGHT]: Rc.INVALID },
	};
}
