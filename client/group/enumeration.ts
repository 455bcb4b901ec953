import { Op } from "../../modules/smp/header.js";
import { ENUMERATION_GROUP, EnumerationCommand } from "../../modules/smp/protocol/enumeration.js";
import { maybe, take, takeMaps } from "../answer.js";
import { SmpResponseError } from "../errors.js";
import type { Requester } from "../request.js";

/** A group of commands that the device has. */
export interface GroupInfo {
	readonly id: number;
	/** Undefined if the device does not tell. */
	readonly name: string | undefined;
	/** Commands have numbers below this. Undefined if the device does not tell. */
	readonly handlers: number | undefined;
}

/** The groups that the device has (Zephyr SMP group 10): with details where it tells them, else their numbers alone. */
export async function groups(device: Requester): Promise<GroupInfo[]> {
	try {
		return takeMaps(await device.request(Op.READ, ENUMERATION_GROUP, EnumerationCommand.DETAILS), "groups").map(
			(group) => ({
				id: take(group, "group", "number"),
				name: maybe(group, "name", "text"),
				handlers: maybe(group, "handlers", "number"),
			}),
		);
	} catch (error) {
		if (!(error instanceof SmpResponseError) || error.denied) throw error;
	}
	const ids = take(await device.request(Op.READ, ENUMERATION_GROUP, EnumerationCommand.LIST), "groups", "list");
	return ids.map((id) => ({ id: Number(id), name: undefined, handlers: undefined }));
}
