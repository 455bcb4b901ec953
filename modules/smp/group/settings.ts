import { utf8Length } from "../../bytes/utf8.js";
import type { ResponseMap } from "../cbor.js";
import { GroupError, Rc, SmpError } from "../errors.js";
import { bytes, text, uint } from "../fields.js";
import { type Command, type Group, operation } from "../group.js";
import { SETTINGS_GROUP, SettingsError } from "../protocol/settings.js";

/** Where settings are kept. A missing method is not supported; refusals are thrown as `GroupError` or `SmpError`. */
export interface SettingsStore {
	/** Undefined if there is no such key. */
	get?(name: string): Uint8Array | undefined;
	/** Whether some key begins with this part before the first slash. Without, every root exists. */
	hasRoot?(root: string): boolean;
	/** Changes the running value. The bytes are valid during the call only. */
	set?(name: string, value: Uint8Array): void;
	/** Returns false if there is no such key. */
	delete?(name: string): boolean;
	commit?(): void;
	load?(): void;
	/** Makes the running values permanent: all, or those below `name`. */
	save?(name: string | undefined): void;
}

export type SettingsAccess = "read" | "write" | "delete" | "commit" | "load" | "save";

export interface SettingsOptions {
	readonly store: SettingsStore;
	/** Bytes of a name, its terminating zero counted (`CONFIG_MCUMGR_GRP_SETTINGS_NAME_LEN`). Default 32. */
	readonly nameLimit?: number;
	/** Most bytes of a value that is read (`CONFIG_MCUMGR_GRP_SETTINGS_VALUE_LEN`). Default 64. */
	readonly valueLimit?: number;
	/** Asked before every access, with the value before a write; refuses by throwing an `SmpError` or `GroupError`. */
	readonly mayAccess?: (access: SettingsAccess, name: string | undefined, value?: Uint8Array) => void;
}

/** The settings group (Zephyr SMP group 3, Settings (Config) management). */
export function settingsGroup(options: SettingsOptions): Group {
	const { store, nameLimit = 32, valueLimit = 64, mayAccess } = options;
	/** The name has to be one, whether or not anybody is asked for leave. */
	const check = (access: SettingsAccess, name: string, value?: Uint8Array): void => {
		if (name === "") throw new SmpError(Rc.INVALID, "the name is missing");
		if (utf8Length(name) >= nameLimit) throw settingsError(SettingsError.KEY_TOO_LONG, "the name is too long");
		mayAccess?.(access, name, value);
	};
	/** A name that is not there: is it the whole subtree? */
	const notFound = (name: string): GroupError =>
		store.hasRoot?.(name.split("/")[0]!) === false
			? settingsError(SettingsError.ROOT_KEY_NOT_FOUND, `there is no subtree for "${name}"`)
			: settingsError(SettingsError.KEY_NOT_FOUND, `there is no setting "${name}"`);
	const remove = (name: string): ResponseMap => {
		check("delete", name);
		if (!store.delete) throw settingsError(SettingsError.DELETE_NOT_SUPPORTED, "settings cannot be deleted");
		if (!store.delete(name)) throw settingsError(SettingsError.KEY_NOT_FOUND, `there is no setting "${name}"`);
		return {};
	};
	const value: Command = {
		name: "value",
		read: operation({ name: text, max_size: uint }, ({ name = "", max_size: wanted = valueLimit }) => {
			check("read", name);
			if (!store.get) throw settingsError(SettingsError.READ_NOT_SUPPORTED, "settings cannot be read");
			const found = store.get(name);
			if (!found) throw notFound(name);
			const limit = Math.min(wanted, valueLimit);
			return { val: found.subarray(0, limit), max_size: wanted > valueLimit ? valueLimit : undefined };
		}),
		write: operation({ name: text, val: bytes }, ({ name = "", val }) => {
			// No value is how Zephyr's settings are told of a deletion, and how mcumgr-client asks for one.
			if (!val) return remove(name);
			check("write", name, val);
			if (!store.set) throw settingsError(SettingsError.WRITE_NOT_SUPPORTED, "settings cannot be written");
			if (store.hasRoot?.(name.split("/")[0]!) === false) throw notFound(name);
			store.set(name, val);
			return {};
		}),
	};
	return {
		id: SETTINGS_GROUP,
		name: "settings mgmt",
		commands: {
			0: value,
			1: {
				name: "delete",
				write: operation({ name: text }, ({ name = "" }) => remove(name)),
			},
			2: {
				name: "commit",
				write: {
					handle: () => {
						mayAccess?.("commit", undefined);
						store.commit?.();
						return {};
					},
				},
			},
			3: {
				name: "load and save",
				read: {
					handle: () => {
						mayAccess?.("load", undefined);
						store.load?.();
						return {};
					},
				},
				write: operation({ name: text }, ({ name }) => {
					mayAccess?.("save", name);
					if (!store.save) throw settingsError(SettingsError.SAVE_NOT_SUPPORTED, "settings cannot be saved");
					store.save(name);
					return {};
				}),
			},
		},
		errors: V1_ERRORS,
	};
}

const V1_ERRORS = Object.freeze({
	[SettingsError.KEY_TOO_LONG]: Rc.INVALID,
	[SettingsError.KEY_NOT_FOUND]: Rc.NO_ENTRY,
	[SettingsError.READ_NOT_SUPPORTED]: Rc.NO_ENTRY,
});

const settingsError = (code: number, message: string): GroupError => new GroupError(SETTINGS_GROUP, code, message);
