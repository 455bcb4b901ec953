import type { ResponseMap } from "../cbor.js";
import { GroupError, Rc } from "../errors.js";
import { uint16, uints } from "../fields.js";
import { type Group, operation } from "../group.js";
import { ENUMERATION_GROUP, EnumerationError } from "../protocol/enumeration.js";

/** Most groups that one request for details can name. */
const MAX_DETAILS = 16;

/**
 * The enumeration group (Zephyr SMP group 10, Enumeration management). Tells of itself and of what is in `others` when it is
 * asked; it may itself be put there.
 */
export function enumerationGroup(others: readonly Group[]): Group {
	const all = (): readonly Group[] => (others.includes(self) ? others : [...others, self]);
	const self: Group = {
		id: ENUMERATION_GROUP,
		name: "enum mgmt",
		commands: {
			0: { name: "count", read: { handle: () => ({ count: all().length }) } },
			1: { name: "list", read: { handle: () => ({ groups: all().map((group) => group.id) }) } },
			2: {
				name: "single",
				read: operation({ index: uint16 }, ({ index = 0 }) => {
					const groups = all();
					const group = groups[index];
					if (!group)
						throw new GroupError(
							ENUMERATION_GROUP,
							EnumerationError.INDEX_TOO_LARGE,
							`there are ${groups.length} groups`,
						);
					return { group: group.id, end: index === groups.length - 1 ? true : undefined };
				}),
			},
			3: {
				name: "details",
				read: operation({ groups: uints }, ({ groups: wanted = [] }) => {
					if (wanted.length > MAX_DETAILS)
						throw new GroupError(
							ENUMERATION_GROUP,
							EnumerationError.TOO_MANY_GROUP_ENTRIES,
							`a request can name ${MAX_DETAILS} groups`,
						);
					const groups = all();
					const shown = wanted.length === 0 ? groups : groups.filter((group) => wanted.includes(group.id));
					return { groups: shown.map(details) };
				}),
			},
		},
		errors: V1_ERRORS,
	};
	return self;
}

const V1_ERRORS = Object.freeze({ [EnumerationError.TOO_MANY_GROUP_ENTRIES]: Rc.INVALID });

/** `handlers` is the size of the command table, holes included. */
function details(group: Group): ResponseMap {
	const ids = Object.keys(group.commands).map(Number);
	return { group: group.id, name: group.name, handlers: Math.max(-1, ...ids) + 1, ...group.details?.() };
}
