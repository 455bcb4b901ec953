import { Op } from "../../modules/smp/header.js";
import type { AuditRecord } from "../../modules/smp/protocol/audit.js";
import { AUDIT_GROUP, AuditCommand } from "../../modules/smp/protocol/audit.js";
import { maybe, take, takeMaps } from "../answer.js";
import type { Fields, Requester } from "../request.js";

export type { AuditRecord } from "../../modules/smp/protocol/audit.js";

/** The newest `most` records of the device's audit log, newest first (docs/SMP.md, Audit log). Default is all of them. */
export async function auditRecords(device: Requester, most = Number.POSITIVE_INFINITY): Promise<AuditRecord[]> {
	const records: AuditRecord[] = [];
	for (let before: number | undefined; records.length < most; before = records.at(-1)!.number) {
		const page = takeMaps(await device.request(Op.READ, AUDIT_GROUP, AuditCommand.RECORDS, { before }), "records").map(
			recordOf,
		);
		// One that goes round in circles would never end.
		if (page.length === 0 || (before !== undefined && page[0]!.number >= before)) break;
		records.push(...page);
	}
	return records.slice(0, most);
}

const recordOf = (entry: Fields): AuditRecord => ({
	number: take(entry, "n", "number"),
	time: take(entry, "t", "number"),
	group: take(entry, "group", "number"),
	command: take(entry, "command", "number"),
	transport: take(entry, "via", "text"),
	rc: take(entry, "rc", "number"),
	errorGroup: maybe(entry, "own", "number"),
	times: maybe(entry, "times", "number"),
});
