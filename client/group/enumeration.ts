import { Op } from "../../modules/smp/header.js";
import { ENUMERATION_GROUP, EnumerationCommand } from "../../modules/smp/protocol/enumeration.js";
import { command, flag, list, map, number, optional, text } from "../command.js";
import { SmpResponseError } from "../errors.js";
import type { Abortable, Requester } from "../request.js";

// Zephyr SMP group 10, Enumeration management.

const GROUP = { group: number, name: optional(text), handlers: optional(number) };

/** How many groups the device has. */
export const enumerationCount = command(Op.READ, ENUMERATION_GROUP, EnumerationCommand.COUNT, {
	answer: { count: number },
});

/** Their numbers. */
export const enumerationList = command(Op.READ, ENUMERATION_GROUP, EnumerationCommand.LIST, {
	answer: { groups: list(number) },
});

/** One of them, by its place in the list from 0 on; `end` stands in the answer for the last one. */
export const enumerationSingle = command(Op.READ, ENUMERATION_GROUP, EnumerationCommand.SINGLE, {
	request: { index: optional(number) },
	answer: { group: number, end: optional(flag) },
});

/** All of them with their names, and how many commands they have; or those of these numbers. */
export const enumerationDetails = command(Op.READ, ENUMERATION_GROUP, EnumerationCommand.DETAILS, {
	request: { groups: optional(list(number)) },
	answer: { groups: list(map(GROUP)) },
});

/** A group of commands that the device has. */
export interface GroupInfo {
	readonly id: number;
	/** Undefined if the device does not tell. */
	readonly name: string | undefined;
	/** Commands have numbers below this. Undefined if the device does not tell. */
	readonly handlers: number | undefined;
}

/** The groups that the device has: with details where it tells them, else their numbers alone. */
export async function groups(device: Requester, options?: Abortable): Promise<GroupInfo[]> {
	try {
		const { groups } = await device.request(enumerationDetails, {}, options);
		return groups.map(({ group, name, handlers }) => ({ id: group, name, handlers }));
	} catch (error) {
		if (!(error instanceof SmpResponseError) || error.denied) throw error;
	}
	const { groups } = await device.request(enumerationList, {}, options);
	return groups.map((id) => ({ id, name: undefined, handlers: undefined }));
}
