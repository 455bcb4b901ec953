import { lock } from "../client/access.js";
import type { Action } from "./command.js";

export const unlockDevice: Action = {
	staysUnlocked: true,
	run: async ({ output, unlocked }) => {
		if (unlocked === undefined) throw new Error("there is nothing to unlock");
		output.say(`The device is unlocked for ${unlocked} s.`);
		output.json({ unlocked });
	},
};

export const lockDevice: Action = {
	staysUnlocked: true,
	run: async ({ client, output }) => {
		await lock(client);
		output.say("The device is locked.");
		output.json({ unlocked: 0 });
	},
};
