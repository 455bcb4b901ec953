import { Op } from "../../modules/smp/header.js";
import { SETTINGS_GROUP, SettingsCommand } from "../../modules/smp/protocol/settings.js";
import { take } from "../answer.js";
import type { Requester } from "../request.js";

// Zephyr SMP group 3, Settings (Config) management.

/**
 * The running value of a setting, its bytes. The device cuts it to what it can send: Zephyr to 64 bytes by default.
 *
 * @throws SmpResponseError, code 3 of group 3, if there is no such setting.
 */
export const readSetting = async (device: Requester, name: string): Promise<Uint8Array> =>
	take(await device.request(Op.READ, SETTINGS_GROUP, SettingsCommand.VALUE, { name }), "val", "bytes");

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
export async function writeSetting(device: Requester, name: string, val: Uint8Array): Promise<void> {
	await device.request(Op.WRITE, SETTINGS_GROUP, SettingsCommand.VALUE, { name, val });
}

/** Deletes a setting (Zephyr SMP group 3, Delete setting). */
export async function deleteSetting(device: Requester, name: string): Promise<void> {
	await device.request(Op.WRITE, SETTINGS_GROUP, SettingsCommand.DELETE, { name });
}

/** Has the device apply the values that were written, where it does not do so at once. */
export async function commitSettings(device: Requester): Promise<void> {
	await device.request(Op.WRITE, SETTINGS_GROUP, SettingsCommand.COMMIT);
}

/** Brings the saved values back. */
export async function loadSettings(device: Requester): Promise<void> {
	await device.request(Op.READ, SETTINGS_GROUP, SettingsCommand.LOAD_SAVE);
}

/** Makes the running values last: all, or those below `name`, which older servers do not know and so save all. */
export async function saveSettings(device: Requester, name?: string): Promise<void> {
	await device.request(Op.WRITE, SETTINGS_GROUP, SettingsCommand.LOAD_SAVE, { name });
}
