import { GroupError, Rc, SmpError } from "../../../modules/smp/errors.js";
import { type Json, map, Unsupported } from "./match.js";

// The hooks and checks of a device's description: `slot_info_hook`, `reset_hook`, `image_check`. A description says in words, by a
// number, or by the shape that an error has in a response what a hook answers.

/** Zephyr's names of the codes that hooks answer with (`mcumgr_err_t`). */
const NAMES: Readonly<Record<string, number>> = Object.freeze({
	peruser: Rc.USER,
	busy: Rc.BUSY,
	access: Rc.ACCESS_DENIED,
	denied: Rc.ACCESS_DENIED,
	badstate: Rc.BAD_STATE,
	notsup: Rc.NOT_SUPPORTED,
	inval: Rc.INVALID,
	unknown: Rc.UNKNOWN,
});

const OFF = /^(?:|off|no|none|false|disabled|ok|allows?|accepts?)$/i;
const ON = /^(?:on|yes|true|enabled)$/i;

/** A hook: throws if it refuses. */
export type Refusal = () => void;

const refusal = (rc: number, group?: number): Refusal => {
	const error = group === undefined ? new SmpError(rc, "a hook refuses") : new GroupError(group, rc, "a hook refuses");
	return () => {
		throw error;
	};
};

/**
 * The hook that a description asks for; undefined if it lets everything pass. `usual` is the code of a hook that is described as
 * refusing and no more.
 */
export function refusalOf(description: Json | undefined, usual: number): Refusal | undefined {
	if (description === undefined || description === null || description === false || description === Rc.OK)
		return undefined;
	if (description === true) return refusal(usual);
	if (typeof description === "number") return refusal(description);
	if (typeof description === "string") return inWords(description, usual);
	if (Array.isArray(description)) throw new Unsupported(`a hook cannot be ${JSON.stringify(description)}`);
	const fields = map(description);
	const within =
		fields["err"] ?? fields["error"] ?? fields["refuse"] ?? fields["refuses"] ?? fields["return"] ?? fields["returns"];
	if (within !== undefined) return refusalOf(within, usual);
	const group = fields["group"] ?? fields["err_group"];
	const rc = fields["rc"] ?? fields["err_rc"] ?? fields["code"] ?? usual;
	if (typeof rc === "string" && group === undefined) return inWords(rc, usual);
	if (typeof rc !== "number" || (group !== undefined && typeof group !== "number"))
		throw new Unsupported(`a hook cannot be ${JSON.stringify(description)}`);
	return rc === Rc.OK ? undefined : refusal(rc, group);
}

function inWords(words: string, usual: number): Refusal | undefined {
	if (OFF.test(words)) return undefined;
	const group = /group\D{0,3}(\d+)/i.exec(words)?.[1];
	const code = /(?:rc|code|error|err)\D{0,3}(\d+)/i.exec(words)?.[1] ?? /^\D*(\d+)\D*$/.exec(words)?.[1];
	const plain = words.toLowerCase().replace(/[^a-z]/g, "");
	const name = Object.keys(NAMES).find((each) => plain.includes(each));
	const rc = code === undefined ? (name === undefined ? usual : NAMES[name]!) : Number(code);
	return refusal(rc, group === undefined ? undefined : Number(group));
}

/** Whether a refused reset is let through if it is forced: yes, unless the description says otherwise. */
export function yieldsToForce(description: Json | undefined): boolean {
	if (typeof description === "string") return !/always|even (?:if|when) forced/i.test(description);
	if (typeof description !== "object" || description === null || Array.isArray(description)) return true;
	const { force = true, always = false } = description as { readonly [key: string]: Json };
	return force !== false && always !== true;
}

/** An option that is on or off, in any of its spellings; undefined if it is neither. */
export function switchOf(description: Json | undefined): boolean | undefined {
	if (typeof description === "boolean") return description;
	if (description === 0 || description === 1) return description === 1;
	if (typeof description !== "string") return undefined;
	return ON.test(description) ? true : OFF.test(description) ? false : undefined;
}
