import { Op } from "../../modules/smp/header.js";
import { SETTINGS_GROUP, SettingsCommand } from "../../modules/smp/protocol/settings.js";
import { bytes, command, number, optional, text } from "../command.js";
import type { Requester, RequestOptions } from "../request.js";

// Zephyr SMP group 3, Settings (Config) management.

/** Read setting: the running value of `name`, at most `max_size` bytes of it. The answer says when it was cut to fewer. */
export const settingsRead = command(Op.READ, SETTINGS_GROUP, SettingsCommand.VALUE, {
	request: { name: text, max_size: optional(number) },
	answer: { val: bytes, max_size: optional(number) },
});

/** Write setting: the running value. */
export const settingsWrite = command(Op.WRITE, SETTINGS_GROUP, SettingsCommand.VALUE, {
	request: { name: text, val: bytes },
});

/** Delete setting. */
export const settingsDelete = command(Op.WRITE, SETTINGS_GROUP, SettingsCommand.DELETE, { request: { name: text } });

/** Commit settings. */
export const settingsCommit = command(Op.WRITE, SETTINGS_GROUP, SettingsCommand.COMMIT);

/** Load settings. */
export const settingsLoad = command(Op.READ, SETTINGS_GROUP, SettingsCommand.LOAD_SAVE);

/** Save settings: all, or those below `name`. */
export const settingsSave = command(Op.WRITE, SETTINGS_GROUP, SettingsCommand.LOAD_SAVE, {
	request: { name: optional(text) },
});

/**
 * The running value of a setting, its bytes. The device cuts it to what it can send: Zephyr to 64 bytes by default.
 *
 * @throws SmpResponseError, code 3 of group 3, if there is no such setting.
 */
export const readSetting = async (device: Requester, name: string, options?: RequestOptions): Promise<Uint8Array> =>
	(await device.request(settingsRead, { name }, options)).val;

/**
 * Changes the running value only; `saveSettings` makes it last.
 *
 * @example
 * ```ts
 * import { saveSettings, writeSetting } from "xs-smp/group/settings";
 *
 * await writeSetting(client, "net/name", new TextEncoder().encode("kitchen"));
 * await saveSettings(client);
 * ```
 */
export async function writeSetting(
	device: Requester,
	name: string,
	val: Uint8Array,
	options?: RequestOptions,
): Promise<void> {
	await device.request(settingsWrite, { name, val }, options);
}

/** Deletes a setting (Zephyr SMP group 3, Delete setting). */
export async function deleteSetting(device: Requester, name: string, options?: RequestOptions): Promise<void> {
	await device.request(settingsDelete, { name }, options);
}

/** Has the device apply the values that were written, where it does not do so at once. */
export async function commitSettings(device: Requester, options?: RequestOptions): Promise<void> {
	await device.request(settingsCommit, {}, options);
}

/** Brings the saved values back. */
export async function loadSettings(device: Requester, options?: RequestOptions): Promise<void> {
	await device.request(settingsLoad, {}, options);
}

/** Makes the running values last: all, or those below `name`, which older servers do not know and so save all. */
export async function saveSettings(device: Requester, name?: string, options?: RequestOptions): Promise<void> {
	await device.request(settingsSave, { name }, options);
}
