/** The map of a request or a response. Keys whose value is undefined are left out of a request. */
export type Fields = Readonly<Record<string, unknown>>;

/** A request as it goes to the channel. */
export interface Request {
	/** `Op.READ` or `Op.WRITE`. */
	readonly op: number;
	readonly group: number;
	readonly command: number;
	/** As sentences name it, if its command says so. */
	readonly name?: string | undefined;
	readonly fields: Fields;
}
