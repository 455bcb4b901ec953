import { utf8Length } from "../../bytes/utf8.js";
import { GroupError, Rc, SmpError } from "../errors.js";
import { text } from "../fields.js";
import { type Group, operation } from "../group.js";
import { STATISTICS_GROUP, StatisticsError } from "../protocol/statistics.js";

/** Names of statistics groups have less bytes than this. */
const NAME_LIMIT = 32;

/** Counters by name. */
export type Counters = Readonly<Record<string, number>>;

/** The statistics group (Zephyr SMP group 2, Statistics management). `groups` gives the counters of each name when asked. */
export function statisticsGroup(groups: Readonly<Record<string, () => Counters>>): Group {
	return {
		id: STATISTICS_GROUP,
		name: "stat mgmt",
		commands: {
			0: {
				name: "show",
				read: operation({ name: text }, ({ name = "" }) => {
					if (name === "" || utf8Length(name) >= NAME_LIMIT)
						throw new SmpError(Rc.INVALID, `a name has 1 to ${NAME_LIMIT - 1} bytes`);
					// Not looked up as a key: XS keeps every string that was ever used as one, so that names from outside would
					// fill the heap.
					const counters = Object.keys(groups).includes(name) ? groups[name] : undefined;
					if (!counters)
						throw new GroupError(
							STATISTICS_GROUP,
							StatisticsError.INVALID_STAT_NAME,
							`there are no statistics "${name}"`,
						);
					return { name, fields: counters() };
				}),
			},
			1: { name: "list", read: { handle: () => ({ stat_list: Object.keys(groups) }) } },
		},
		errors: V1_ERRORS,
	};
}

const V1_ERRORS = Object.freeze({
	[StatisticsError.INVALID_GROUP]: Rc.NO_ENTRY,
	[StatisticsError.INVALID_STAT_NAME]: Rc.NO_ENTRY,
	[StatisticsError.INVALID_STAT_SIZE]: Rc.INVALID,
});
