import { lock } from "../client/access.js";
import { ACCESS_KEY, type Command } from "./command.js";

export const ACCESS_COMMANDS: readonly Command[] = [
	{
		name: "unlock",
		summary: "Unlock a device with access control for a while. On a serial line that lets other clients in, too.",
		operands: [],
		options: [{ ...ACCESS_KEY, required: true }],
		staysUnlocked: true,
		run: async ({ output, unlocked }) => {
			if (unlocked === undefined) throw new Error("there is nothing to unlock");
			output.say(`The device is unlocked for ${unlocked} s.`);
			output.json({ unlocked });
		},
	},
	{
		name: "lock",
		summary: "Lock a device with access control again.",
		operands: [],
		options: [],
		staysUnlocked: true,
		run: async ({ client, output }) => {
			await lock(client);
			output.say("The device is locked.");
			output.json({ unlocked: 0 });
		},
	},
];
