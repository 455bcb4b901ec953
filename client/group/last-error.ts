import { Op } from "../../modules/smp/header.js";
import { LAST_ERROR_GROUP, LastErrorCommand } from "../../modules/smp/protocol/last-error.js";
import { command, number, optional, text } from "../command.js";
import type { Requester, RequestOptions } from "../request.js";

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

/** Asks why the last of this client's requests that the device refused was refused (docs/SMP.md, Groups). */
export const lastErrorRead = command(Op.READ, LAST_ERROR_GROUP, LastErrorCommand.LAST, {
	answer: { group: number, command: number, code: number, own: optional(number), rsn: text },
});

/** Why the last of this client's requests that the device refused was refused. `rc` 5 if there was none. */
export async function lastError(device: Requester, options?: RequestOptions): Promise<LastError> {
	const { group, command, code, own, rsn } = await device.request(lastErrorRead, {}, options);
	return { group, command, code, errorGroup: own, reason: rsn };
}
