import { Op } from "../../modules/smp/header.js";
import { LAST_ERROR_GROUP, LastErrorCommand } from "../../modules/smp/protocol/last-error.js";
import { maybe, take } from "../answer.js";
import type { Requester } from "../request.js";

/** Why a device refused a request. */
export interface LastError {
	/** What was asked for. */
	readonly group: number;
	readonly command: number;
	readonly code: number;
	/** The group whose own code it is; undefined for the codes that all groups share. */
	readonly errorGroup: number | undefined;
	readonly reason: string;
}

/** Why the last of this client's requests that the device refused was refused (docs/SMP.md, Groups). */
export async function lastError(device: Requester): Promise<LastError> {
	const answer = await device.request(Op.READ, LAST_ERROR_GROUP, LastErrorCommand.LAST);
	return {
		group: take(answer, "group", "number"),
		command: take(answer, "command", "number"),
		code: take(answer, "code", "number"),
		errorGroup: maybe(answer, "own", "number"),
		reason: take(answer, "rsn", "text"),
	};
}
