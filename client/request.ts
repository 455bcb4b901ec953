/** The map of a request or a response. Keys whose value is undefined are left out of a request. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Request {
	/** `Op.READ` or `Op.WRITE`. */
	readonly op: number;
	readonly group: number;
	readonly command: number;
	readonly fields: Fields;
}

/** How long and how often to ask. */
export interface Patience {
	/** How long to wait for an answer before asking again, milliseconds; twice as long each time. */
	readonly timeout?: number;
	/** How often to ask. */
	readonly tries?: number;
}

/** Who asks a server; an `SmpClient` is one. */
export interface Requester {
	/** One request and its answer. Rejects with an `SmpResponseError` or a `NoAnswerError`. */
	request(op: number, group: number, command: number, fields?: Fields, patience?: Patience): Promise<Fields>;
}
