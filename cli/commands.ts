import { Option } from "commander";
import { accessKeyOption, type DeviceCommand } from "./command.js";
import { choiceOption, countOption, numberOption, required, textOption } from "./command-line.js";

// The commands for devices, as their help has them. What they do is in the files that they load.

const imageOption = (help: string): Option => numberOption("--image <N>", help);
const hexOption = (help: string): Option => new Option("--hex", help);

const windowOption = (): Option =>
	countOption("--window <N>", "most packets on their way at once (default: what the device's buffers allow)", 1, 255);

const anyBoardOption = (): Option => new Option("--any-board", "send a package even if it is for another board");

const FILE_IMAGE = "number of the image that the file updates (default 0; a package says it itself)";

const UPDATE: readonly DeviceCommand[] = [
	{
		name: "list",
		summary: "Print the images on the device.",
		load: async () => (await import("./image-commands.js")).list,
	},
	{
		name: "upgrade",
		operands: "<FILE>",
		summary:
			"Update the device: upload, test, restart, and wait until the update runs. FILE is an image, or a package of images: Nordic's dfu_application.zip.",
		options: () => [
			imageOption(FILE_IMAGE),
			anyBoardOption(),
			new Option("--confirm", "keep the update once it runs; without, the next restart brings the old version back"),
			countOption(
				"--wait <SECONDS>",
				"how long the device may take to come back (default: by its forecast, or 120)",
				1,
				86_400,
			),
		],
		load: async () => (await import("./update-commands.js")).upgradeDevice,
	},
	{
		name: "upload",
		operands: "<FILE>",
		summary:
			"Send an image file to the secondary slot, or the images of a package. Goes on where an upload of the same file broke off.",
		options: () => [
			imageOption(FILE_IMAGE),
			anyBoardOption(),
			new Option("--upgrade", "let the device refuse a version that is not newer"),
			windowOption(),
		],
		load: async () => (await import("./update-commands.js")).upload,
	},
	{
		name: "test",
		operands: "[HASH]",
		summary:
			"Mark an image for a trial at the next start: the one in slot 1, or the one with HASH. The first 6 digits of a hash are enough.",
		options: () => [
			imageOption("number of the image (default: the only image with this hash, or with something in slot 1)"),
		],
		load: async () => (await import("./mark-commands.js")).test,
	},
	{
		name: "confirm",
		operands: "[HASH]",
		summary: "Keep the running image. With HASH or --slot 1, let that image run from the next start on.",
		options: () => [
			imageOption("number of the image (default: the only image with this hash; without HASH, 0)"),
			choiceOption("--slot <N>", "the image that waits in this slot, whatever its hash", ["1"]),
		],
		load: async () => (await import("./mark-commands.js")).confirm,
	},
	{
		name: "erase",
		summary: "Erase a slot.",
		options: () => [numberOption("--slot <N>", "slot, counted through all images: image 1 has 2 and 3 (default 1)")],
		load: async () => (await import("./image-commands.js")).erase,
	},
	{
		name: "forecast",
		summary: "Print what the next start does with the images on the device, and how long its flash takes for that.",
		load: async () => (await import("./image-commands.js")).forecast,
	},
	{
		name: "reset",
		summary: "Restart the device. If an update waits, print what the start does, and wait until the device is back.",
		options: () => [
			new Option("--force", "restart even a device that is busy"),
			numberOption("--boot-mode <N>", "0 starts the application, 1 the boot loader's recovery (default 0)"),
		],
		load: async () => (await import("./image-commands.js")).reset,
	},
];

const LOOK: readonly DeviceCommand[] = [
	{
		name: "info",
		summary: "Print the name, boot loader, buffers and slots that the device tells.",
		load: async () => (await import("./image-commands.js")).info,
	},
	{
		name: "echo",
		operands: "<TEXT...>",
		summary: "Send TEXT and print what comes back.",
		load: async () => (await import("./device-commands.js")).echo,
	},
	{
		name: "stat",
		operands: "[NAME]",
		summary: "Print the device's statistics: all of them, or the set NAME.",
		load: async () => (await import("./device-commands.js")).stat,
	},
	{
		name: "tasks",
		summary: "Print the device's tasks and how much of their stacks they use.",
		load: async () => (await import("./device-commands.js")).tasks,
	},
	{
		name: "pools",
		summary: "Print the device's memory pools.",
		load: async () => (await import("./device-commands.js")).pools,
	},
	{
		name: "time",
		operands: "[TIME]",
		summary:
			"Print the device's date and time. With TIME, set it first: YYYY-MM-DDThh:mm:ss, or \"now\" for this machine's, in UTC.",
		load: async () => (await import("./device-commands.js")).time,
	},
	{
		name: "groups",
		summary: "Print the groups of commands that the device has.",
		load: async () => (await import("./device-commands.js")).groups,
	},
	{
		name: "transports",
		summary: "Print the transports of the device, and the bridges between them (Zephyr 4.5).",
		load: async () => (await import("./transport-commands.js")).transports,
	},
	{
		name: "audit",
		summary: "Print the device's record of write requests, the newest last.",
		options: () => [countOption("--last <N>", "print only the N newest records (default: all)", 1, 1_000_000)],
		load: async () => (await import("./device-commands.js")).audit,
	},
	{
		name: "history",
		summary:
			"Print the boots of the device, the newest last: why it started, what changed, what became of an update on trial.",
		options: () => [countOption("--last <N>", "print only the N newest boots (default: all)", 1, 1_000_000)],
		load: async () => (await import("./device-commands.js")).history,
	},
	{
		name: "safe-mode",
		operands: "[leave]",
		summary:
			"Print whether the device runs without its application, because that crashed at each start. leave: the next start runs it again.",
		load: async () => (await import("./device-commands.js")).safeMode,
	},
	{
		name: "shell",
		operands: "<WORD...>",
		summary: "Run a command line on the device's shell and print what it prints.",
		load: async () => (await import("./device-commands.js")).shell,
	},
	{
		name: "console-echo",
		operands: "<on/off>",
		summary: "Turn the echo of the device's console on or off.",
		load: async () => (await import("./device-commands.js")).consoleEcho,
	},
	{
		name: "erase-storage",
		summary: "Erase the device's storage area, and with it all saved settings.",
		load: async () => (await import("./device-commands.js")).eraseStorage,
	},
];

const SETTINGS: readonly DeviceCommand[] = [
	{
		name: "settings read",
		operands: "<NAME>",
		summary: "Print a setting: as text if it is text, else as hexadecimal digits.",
		options: () => [hexOption("print hexadecimal digits in any case")],
		load: async () => (await import("./settings-commands.js")).read,
	},
	{
		name: "settings write",
		operands: "<NAME> <VALUE>",
		summary: "Change a setting at once. The next start undoes the change, unless it is saved.",
		options: () => [hexOption("the value is bytes, as hexadecimal digits")],
		load: async () => (await import("./settings-commands.js")).write,
	},
	{
		name: "settings delete",
		operands: "<NAME>",
		summary: "Delete a setting.",
		load: async () => (await import("./settings-commands.js")).remove,
	},
	{
		name: "settings save",
		operands: "[NAME]",
		summary: "Make the settings last: all of them, or those below NAME.",
		load: async () => (await import("./settings-commands.js")).save,
	},
	{
		name: "settings load",
		summary: "Bring the saved settings back.",
		load: async () => (await import("./settings-commands.js")).load,
	},
	{
		name: "settings commit",
		summary: "Make the device apply written settings that it does not apply at once.",
		load: async () => (await import("./settings-commands.js")).commit,
	},
];

const FILES: readonly DeviceCommand[] = [
	{
		name: "files get",
		operands: "<PATH> [FILE]",
		summary:
			"Fetch the file PATH of the device to FILE (default: its own name, here). A transfer that broke off left FILE.part, and goes on there.",
		options: () => [windowOption()],
		load: async () => (await import("./file-commands.js")).get,
	},
	{
		name: "files put",
		operands: "<FILE> <PATH>",
		summary: "Send FILE to PATH on the device. A transfer that broke off goes on.",
		options: () => [windowOption()],
		load: async () => (await import("./file-commands.js")).put,
	},
	{
		name: "files status",
		operands: "<PATH>",
		summary: "Print the size of the file PATH of the device.",
		load: async () => (await import("./file-commands.js")).status,
	},
	{
		name: "files hash",
		operands: "<PATH>",
		summary: "Print a hash of the file PATH of the device.",
		options: () => [textOption("--type <TYPE>", 'type of the hash, of those that "files hashes" prints')],
		load: async () => (await import("./file-commands.js")).hash,
	},
	{
		name: "files hashes",
		summary: "Print the types of hashes that the device has.",
		load: async () => (await import("./file-commands.js")).hashes,
	},
	{
		name: "files close",
		summary: "Have the device close the file that it may hold open since the last request.",
		load: async () => (await import("./file-commands.js")).close,
	},
];

const ACCESS: readonly DeviceCommand[] = [
	{
		name: "unlock",
		summary: "Unlock a device with access control for a while. On a serial line that lets other clients in, too.",
		options: () => [required(accessKeyOption())],
		load: async () => (await import("./access-commands.js")).unlockDevice,
	},
	{
		name: "lock",
		summary: "Lock a device with access control again.",
		load: async () => (await import("./access-commands.js")).lockDevice,
	},
];

/** The commands by the heading under which the help has them. */
export const COMMAND_GROUPS: readonly (readonly [heading: string, commands: readonly DeviceCommand[]])[] = [
	["Update a device:", UPDATE],
	["Look at a device, and serve it:", [...LOOK, ...SETTINGS, ...FILES, ...ACCESS]],
];

export const COMMANDS: readonly DeviceCommand[] = COMMAND_GROUPS.flatMap(([, commands]) => commands);

/** Commands of two words, by their first word. */
export const FAMILIES: Readonly<Record<string, string>> = {
	settings: "Read and change the device's settings.",
	files: "Fetch and send files of the device.",
};
