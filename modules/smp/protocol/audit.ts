/** Id of the audit group, if the application gives it no other. */
export const AUDIT_GROUP = 65;

/** Commands of the audit group (docs/SMP.md, Audit log). */
export const AuditCommand = Object.freeze({ RECORDS: 0 } as const);

/** One entry: write requests of one kind, and what became of them. */
export interface AuditRecord {
	readonly number: number;
	/** Seconds; of the first of them. */
	readonly time: number;
	readonly group: number;
	readonly command: number;
	readonly transport: string;
	/** Error code, 0 for success; and the group whose code it is, if it is a group's own. */
	readonly rc: number;
	readonly errorGroup?: number | undefined;
	/** How many requests this stands for, where they were counted. */
	readonly times?: number | undefined;
}
