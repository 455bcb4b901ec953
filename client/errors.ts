import { Rc } from "../modules/smp/errors.js";
import { Op } from "../modules/smp/header.js";
import type { Fields, Request } from "./request.js";

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

/** What a code means, in words: of a group's own list, or without a group of the one that all share. */
export const explainCode = (code: number, group?: number): string =>
	(group === undefined ? SMP_CODES : GROUP_CODES[group])?.[code] ??
	(group === undefined && code >= Rc.USER
		? "an error of the application's own"
		: "an error that this client does not know");

/** As `explainCode`, and the number. */
export const codeText = (code: number, group?: number): string =>
	`${explainCode(code, group)} (${group === undefined ? "rc" : `${groupName(group)} error`} ${code})`;

const groupName = (group: number): string => `${GROUP_NAMES[group] ?? group} group`;

/** A request as sentences name it. */
export function commandName({ op, group, command }: Pick<Request, "op" | "group" | "command">): string {
	const name = COMMAND_NAMES[group]?.[command] ?? `command ${command} of group ${group}`;
	return typeof name === "string" ? name : name[op === Op.READ ? 0 : 1];
}

// From 64 on groups are the application's own. 64 to 66 are those of docs/SMP.md.

const GROUP_NAMES: Readonly<Record<number, string>> = {
	0: "OS",
	1: "image",
	2: "statistics",
	3: "settings",
	8: "file",
	9: "shell",
	10: "enumeration",
	63: "Zephyr",
	64: "access",
	65: "audit",
	66: "last error",
};

/** Of both operations, or of reading and of writing. */
type CommandName = string | readonly [read: string, write: string];

const COMMAND_NAMES: Readonly<Record<number, Readonly<Record<number, CommandName>>>> = {
	0: {
		0: "the echo",
		1: "the console echo control",
		2: "the task statistics",
		3: "the question for its memory pools",
		4: "the date and time",
		5: "the reset",
		6: "the question for its buffers",
		7: "the question for its name",
		8: "the question for its boot loader",
	},
	1: { 0: "the image state", 1: "the upload", 5: "the erase", 6: "the question for its slots" },
	2: { 0: "the question for its statistics", 1: "the question for the names of its statistics" },
	3: {
		0: ["the question for the setting", "the setting"],
		1: "the deletion of the setting",
		2: "the commit of the settings",
		3: ["the load of the settings", "the save of the settings"],
	},
	8: {
		0: ["the download of the file", "the upload of the file"],
		1: "the question for the file's size",
		2: "the question for the file's hash",
		3: "the question for its hashes",
		4: "the close of the file",
	},
	9: { 0: "the command line" },
	10: {
		0: "the question for the number of its groups",
		1: "the question for its groups",
		2: "the question for a group",
		3: "the question for its groups",
	},
	63: { 0: "the erase of the storage" },
	64: { 0: "the question for a challenge", 1: "the answer to its challenge", 2: "the lock" },
	65: { 0: "the question for its audit log" },
	66: { 0: "the question for its last error" },
};

// Zephyr documentation, SMP protocol specification (Error codes), and the enums of the management groups' headers.

const SMP_CODES: Readonly<Record<number, string>> = {
	1: "an error without a name",
	2: "it is out of memory",
	3: "a value is not valid",
	4: "it took too long",
	5: "there is no such thing",
	6: "this cannot be done in its present state",
	7: "the answer does not fit its buffer",
	8: "it has no such command",
	9: "the packet arrived damaged",
	10: "it is busy",
	11: "access is denied",
	12: "the client's version of the protocol is too old",
	13: "the client's version of the protocol is too new",
};

const GROUP_CODES: Readonly<Record<number, Readonly<Record<number, string>>>> = {
	0: {
		1: "an error without a name",
		2: "the format has an unknown letter",
		3: "the boot loader has no answer to this question",
		4: "the clock was never set",
		5: "the clock failed",
		6: "the boot loader's answer is not valid",
	},
	1: {
		1: "an error without a name",
		2: "the flash's configuration cannot be read",
		3: "there is no image in the slot",
		4: "the image has no TLVs",
		5: "a TLV of the image is not valid",
		6: "the image has more than one hash",
		7: "the image's hash has another size",
		8: "no image has this hash",
		9: "no slot is free",
		10: "the flash cannot be opened",
		11: "the flash cannot be read",
		12: "the flash cannot be written",
		13: "the flash cannot be erased",
		14: "there is no such slot",
		15: "it is out of memory",
		16: "a flash context is open already",
		17: "no flash context is open",
		18: "the flash area has no device",
		19: "the offset is at no page",
		20: "the offset is missing",
		21: "the length is missing",
		22: "the image header is damaged",
		23: "the file is no MCUboot image",
		24: "the hash is not valid",
		25: "the image is linked for another address",
		26: "the version of the running image cannot be read",
		27: "the running image is not older",
		28: "another image waits for the next boot already",
		29: "the slot holds no image that could be marked",
		30: "the image is too large for the slot",
		31: "there is more data than was announced",
		32: "this image may not be confirmed",
		33: "the running image cannot be put to the test",
		34: "the active slot is not known",
	},
	2: {
		1: "an error without a name",
		2: "there is no such group of statistics",
		3: "there is no such statistic",
		4: "a statistic has an unknown size",
		5: "the statistics cannot be walked",
	},
	3: {
		1: "an error without a name",
		2: "the key is too long",
		3: "there is no such key",
		4: "the key cannot be read",
		5: "there is no such root",
		6: "the key cannot be written",
		7: "the key cannot be deleted",
		8: "settings cannot be saved",
	},
	8: {
		1: "an error without a name",
		2: "the file name is not valid",
		3: "there is no such file",
		4: "it is a directory",
		5: "the file cannot be opened",
		6: "the place in the file cannot be reached",
		7: "the file cannot be read",
		8: "the file cannot be cut",
		9: "the file cannot be deleted",
		10: "the file cannot be written",
		11: "the offset is not valid",
		12: "the offset is beyond the end of the file",
		13: "there is no such hash",
		14: "there is no such mount point",
		15: "the file system is read-only",
		16: "the file is empty",
	},
	9: { 1: "an error without a name", 2: "the command line is too long", 3: "the command line is empty" },
	10: {
		1: "an error without a name",
		2: "too many groups were named",
		3: "it is out of memory",
		4: "there are not so many groups",
	},
	63: {
		1: "an error without a name",
		2: "the storage cannot be opened",
		3: "the storage's configuration cannot be read",
		4: "the storage cannot be erased",
	},
	64: { 3: "the answer is wrong" },
};
