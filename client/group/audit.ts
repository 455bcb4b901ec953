import { Op } from "../../modules/smp/header.js";
import type { AuditRecord } from "../../modules/smp/protocol/audit.js";
import { AUDIT_GROUP, AuditCommand } from "../../modules/smp/protocol/audit.js";
import { command, list, map, number, optional, text, type ValueOf } from "../command.js";
import type { Abortable, Requester } from "../request.js";

export type { AuditRecord } from "../../modules/smp/protocol/audit.js";

const RECORD = map({
	n: number,
	t: number,
	group: number,
	command: number,
	via: text,
	rc: number,
	own: optional(number),
	times: optional(number),
});

/** Records of the audit log, newest first: those before number `before`, or the newest (docs/SMP.md, Audit log). */
export const auditRead = command(Op.READ, AUDIT_GROUP, AuditCommand.RECORDS, {
	request: { before: optional(number) },
	answer: { records: list(RECORD) },
});

/** The newest `most` records of the device's audit log, newest first (docs/SMP.md, Audit log). Default is all of them. */
export async function auditRecords(
	device: Requester,
	most = Number.POSITIVE_INFINITY,
	options?: Abortable,
): Promise<AuditRecord[]> {
	const records: AuditRecord[] = [];
	for (let before: number | undefined; records.length < most; before = records.at(-1)!.number) {
		const page = (await device.request(auditRead, { before }, options)).records.map(recordOf);
		// One that goes round in circles would never end.
		if (page.length === 0 || (before !== undefined && page[0]!.number >= before)) break;
		records.push(...page);
	}
	return records.slice(0, most);
}

const recordOf = ({ n, t, via, own, ...entry }: ValueOf<typeof RECORD>): AuditRecord => ({
	...{ number: n, time: t, group: entry.group, command: entry.command, transport: via },
	...{ rc: entry.rc, errorGroup: own, times: entry.times },
});
