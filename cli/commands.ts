import { ACCESS_COMMANDS } from "./access-commands.js";
import type { Command } from "./command.js";
import { DEVICE_COMMANDS } from "./device-commands.js";
import { FILE_COMMANDS } from "./file-commands.js";
import { IMAGE_COMMANDS } from "./image-commands.js";
import { SETTINGS_COMMANDS } from "./settings-commands.js";

export const COMMANDS: readonly Command[] = [
	...IMAGE_COMMANDS,
	...DEVICE_COMMANDS,
	...SETTINGS_COMMANDS,
	...FILE_COMMANDS,
	...ACCESS_COMMANDS,
];
