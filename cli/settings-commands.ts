import {
	commitSettings,
	deleteSetting,
	loadSettings,
	readSetting,
	saveSettings,
	writeSetting,
} from "../client/group/settings.js";
import { bytesOf, hexOf } from "../modules/bytes/hex.js";
import type { Action, Given } from "./command.js";
import { textOf } from "./output.js";
import { UsageError } from "./usage-error.js";

/** The value on the command line. */
function givenValue({ operands, options }: Given): Uint8Array {
	const text = operands[1]!;
	if (!options.hex) return new TextEncoder().encode(text);
	if (/^([0-9a-f]{2})*$/i.test(text)) return bytesOf(text);
	throw new UsageError(`With --hex a value is hexadecimal digits, two a byte, not "${text}".`);
}

export const read: Action = {
	run: async ({ client, operands, options, output }) => {
		const name = operands[0]!;
		const value = await readSetting(client, name);
		const hex = hexOf(value);
		const text = textOf(value);
		output.say(options.hex ? hex : (text ?? `${hex} (no text, so in hexadecimal)`));
		output.json({ name, hex, ...(text !== undefined && { text }) });
	},
};

export const write: Action = {
	check: givenValue,
	run: async ({ client, operands, options, output }) => {
		const name = operands[0]!;
		const value = givenValue({ operands, options });
		await writeSetting(client, name, value);
		output.say(`${name} is written. "settings save" makes it last.`);
		output.json({ written: name, hex: hexOf(value) });
	},
};

export const remove: Action = {
	run: async ({ client, operands, output }) => {
		const name = operands[0]!;
		await deleteSetting(client, name);
		output.say(`${name} is deleted.`);
		output.json({ deleted: name });
	},
};

export const save: Action = {
	run: async ({ client, operands, output }) => {
		const [name] = operands;
		await saveSettings(client, name);
		output.say(name === undefined ? "The settings are saved." : `The settings below ${name} are saved.`);
		output.json({ saved: name ?? true });
	},
};

export const load: Action = {
	run: async ({ client, output }) => {
		await loadSettings(client);
		output.say("The saved settings count again.");
		output.json({ loaded: true });
	},
};

export const commit: Action = {
	run: async ({ client, output }) => {
		await commitSettings(client);
		output.say("The settings are applied.");
		output.json({ committed: true });
	},
};
