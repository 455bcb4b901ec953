import { Rc } from "../modules/smp/errors.js";
import type { Fields } from "./fields.js";
import { codeText, explainCode } from "./words.js";

/** The server does not answer, or there is no way to it. */
export class NoAnswerError extends Error {
	override readonly name: string = "NoAnswerError";
	readonly what: string;
	/** Why there is no way to it, if the link can tell. */
	readonly reason: string | undefined;

	/** `damaged` is what arrived in place of an answer, if something did. */
	constructor(what: string, tries: number, reason?: string, damaged?: string) {
		const after = ` after ${tries} ${tries === 1 ? "try" : "tries"}`;
		super(`no answer to ${what}${reason ? `: ${reason}` : after}${damaged ? `: ${damaged}` : ""}`);
		this.what = what;
		this.reason = reason;
	}
}

/** The device answers, but the answer cannot be read or lacks a value. */
export class AnswerError extends Error {
	override readonly name: string = "AnswerError";
}

/** What is known of a refusal. */
export interface Refusal {
	/** What was refused, as sentences name it. */
	readonly what: string;
	/** `rc`, or the code of `group`'s own list. */
	readonly code: number;
	/** Undefined for the codes that all groups share. */
	readonly group: number | undefined;
	/** What the server itself says (`rsn`). */
	readonly reason: string | undefined;
	/** The whole map of the response. Some errors come with more than a code. */
	readonly answer: Fields;
}

/** The server refused. The message is a sentence with what, why, and the code. */
export class SmpResponseError extends Error implements Refusal {
	override readonly name: string = "SmpResponseError";
	readonly what: string;
	readonly code: number;
	readonly group: number | undefined;
	readonly reason: string | undefined;
	readonly answer: Fields;

	constructor({ what, code, group, reason, answer }: Refusal) {
		const more = reason && reason !== explainCode(code, group) ? `: ${reason}` : "";
		super(`the device refuses ${what}: ${codeText(code, group)}${more}`);
		this.what = what;
		this.code = code;
		this.group = group;
		this.reason = reason;
		this.answer = answer;
	}

	/** Whether access is denied, whatever the request was. */
	get denied(): boolean {
		return this.group === undefined && this.code === Rc.ACCESS_DENIED;
	}
}

/** The error in the map of a response, if it is one: `err` in version 2 of the protocol, `rc` in both. */
export function responseError(what: string, answer: Fields): SmpResponseError | undefined {
	const error = answer["err"] as { readonly group?: unknown; readonly rc?: unknown } | undefined;
	const reason = typeof answer["rsn"] === "string" ? answer["rsn"] : undefined;
	if (typeof error === "object" && error !== null)
		return new SmpResponseError({ what, code: Number(error.rc), group: Number(error.group), reason, answer });
	const code = Number(answer["rc"] ?? 0);
	return code === 0 ? undefined : new SmpResponseError({ what, code, group: undefined, reason, answer });
}

/** Undefined if the server does not tell, or in another way than others: not every one knows every question. */
export async function ifOffered<T>(answer: Promise<T>): Promise<T | undefined> {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof SmpResponseError || error instanceof AnswerError) return undefined;
		throw error;
	}
}
