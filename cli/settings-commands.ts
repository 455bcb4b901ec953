import {
	commitSettings,
	deleteSetting,
	loadSettings,
	readSetting,
	saveSettings,
	writeSetting,
} from "../client/group/settings.js";
import { ImageError } from "../image/error.js";
import { bytesOf, hexOf } from "../modules/bytes/hex.js";
import type { Arguments, OptionSpec } from "./args.js";
import type { Command } from "./command.js";
import { textOf } from "./output.js";

const HEX: OptionSpec = { name: "hex", help: "the value is bytes, as hexadecimal digits" };

/** The value on the command line. */
function givenValue(args: Arguments): Uint8Array {
	const text = args.operands[1]!;
	if (!args.has("hex")) return new TextEncoder().encode(text);
	if (/^([0-9a-f]{2})*$/i.test(text)) return bytesOf(text);
	throw new ImageError(`With --hex a value is hexadecimal digits, two a byte, not "${text}".`);
}

export const SETTINGS_COMMANDS: readonly Command[] = [
	{
		name: "settings read",
		summary: "Print a setting: as text if it is text, else as hexadecimal digits.",
		operands: ["NAME"],
		options: [{ name: "hex", help: "print hexadecimal digits in any case" }],
		run: async ({ client, args, output }) => {
			const name = args.operands[0]!;
			const value = await readSetting(client, name);
			const hex = hexOf(value);
			const text = textOf(value);
			output.say(args.has("hex") ? hex : (text ?? `${hex} (no text, so in hexadecimal)`));
			output.json({ name, hex, ...(text !== undefined && { text }) });
		},
	},
	{
		name: "settings write",
		summary: "Change a setting at once. The next start undoes the change, unless it is saved.",
		operands: ["NAME", "VALUE"],
		options: [HEX],
		check: givenValue,
		run: async ({ client, args, output }) => {
			const name = args.operands[0]!;
			const value = givenValue(args);
			await writeSetting(client, name, value);
			output.say(`${name} is written. "settings save" makes it last.`);
			output.json({ written: name, hex: hexOf(value) });
		},
	},
	{
		name: "settings delete",
		summary: "Delete a setting.",
		operands: ["NAME"],
		options: [],
		run: async ({ client, args, output }) => {
			const name = args.operands[0]!;
			await deleteSetting(client, name);
			output.say(`${name} is deleted.`);
			output.json({ deleted: name });
		},
	},
	{
		name: "settings save",
		summary: "Make the settings last: all of them, or those below NAME.",
		operands: ["[NAME]"],
		options: [],
		run: async ({ client, args, output }) => {
			const [name] = args.operands;
			await saveSettings(client, name);
			output.say(name === undefined ? "The settings are saved." : `The settings below ${name} are saved.`);
			output.json({ saved: name ?? true });
		},
	},
	{
		name: "settings load",
		summary: "Bring the saved settings back.",
		operands: [],
		options: [],
		run: async ({ client, output }) => {
			await loadSettings(client);
			output.say("The saved settings count again.");
			output.json({ loaded: true });
		},
	},
	{
		name: "settings commit",
		summary: "Make the device apply written settings that it does not apply at once.",
		operands: [],
		options: [],
		run: async ({ client, output }) => {
			await commitSettings(client);
			output.say("The settings are applied.");
			output.json({ committed: true });
		},
	},
];
