import { join } from "node:path";
import type { ImageState } from "../../client/client.js";
import { root, type Simulator } from "../../tools/simulator.js";
import { ownAddress } from "../support/tools.js";

// How real clients are told to update a device, and how their lists are read.

/** How one client is told to do each step of an update, and how its image list is read. */
export interface Driver {
	readonly tool: string;
	/** Command line of the program, if it is not the tool's name. */
	readonly program?: readonly string[];
	readonly over: string;
	/** Options of the simulator for this client. */
	readonly options?: readonly string[];
	connect(simulator: Simulator): readonly string[];
	readonly list: readonly string[];
	readImages(output: string): ImageState[];
	upload(image: number, file: string): readonly string[];
	test(hash: string): readonly string[];
	confirm(hash: string): readonly string[];
	readonly reset: readonly string[];
}

/** smpmgr prints Python objects: `ImageState(slot=0, …, hash=HashBytes('AB…'), bootable=True, …)`. */
function readPython(output: string): ImageState[] {
	const entries = output.replace(/\s+/g, "").matchAll(/ImageState\((.*?permanent=\w+)\)/g);
	return [...entries].map(([, entry = ""]) => {
		const field = (name: string): string => new RegExp(`${name}=(?:HashBytes\\()?'?([\\w.]+)`).exec(entry)?.[1] ?? "";
		const flag = (name: string): boolean => field(name) === "True";
		return {
			image: Number(field("image")) || 0,
			slot: Number(field("slot")),
			version: field("version"),
			hash: field("hash").toLowerCase(),
			bootable: flag("bootable"),
			pending: flag("pending"),
			confirmed: flag("confirmed"),
			active: flag("active"),
			permanent: flag("permanent"),
		};
	});
}

/** mcumgr-client prints JSON behind "response: ". */
const readJson = (output: string): ImageState[] =>
	(JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1)) as { images: ImageState[] }).images;

/** mcumgrctl prints a paragraph for each slot. */
function readParagraphs(output: string): ImageState[] {
	const entries = output.matchAll(/Image (\d), Slot (\d):\n((?: +.*\n?)+)/g);
	return [...entries].map(([, image, slot, body = ""]) => {
		const field = (name: string): string => new RegExp(`${name}: +(\\S+)`).exec(body)?.[1] ?? "";
		const flag = (name: string): boolean => field(name) === "true";
		return {
			image: Number(image),
			slot: Number(slot),
			version: field("version"),
			hash: field("hash"),
			bootable: flag("bootable"),
			pending: flag("pending"),
			confirmed: flag("confirmed"),
			active: flag("active"),
			permanent: flag("permanent"),
		};
	});
}

/** newtmgr prints a paragraph for each slot, with the flags in one line. */
function readNewtmgr(output: string): ImageState[] {
	const entries = output.matchAll(
		/image=(\d) slot=(\d)\n +version: (\S+)\n +bootable: (\w+)\n +flags: (.*)\n +hash: (\w+)/g,
	);
	return [...entries].map(([, image, slot, version = "", bootable, flags = "", hash = ""]) => {
		const flag = (name: string): boolean => flags.split(" ").includes(name);
		return {
			...{ image: Number(image), slot: Number(slot), version, hash, bootable: bootable === "true" },
			...{
				pending: flag("pending"),
				confirmed: flag("confirmed"),
				active: flag("active"),
				permanent: flag("permanent"),
			},
		};
	});
}

const smpmgr = {
	tool: "smpmgr",
	list: ["image", "state-read"],
	readImages: readPython,
	upload: (image: number, file: string) => ["image", "upload", "--slot", String(image), file],
	test: (hash: string) => ["image", "state-write", hash],
	confirm: (hash: string) => ["image", "state-write", "--confirm", hash],
	reset: ["os", "reset"],
};

const mcumgrClient = {
	tool: "mcumgr-client",
	list: ["list"],
	readImages: readJson,
	upload: (image: number, file: string) => ["upload", "--slot", String(image), file],
	test: (hash: string) => ["test", hash],
	confirm: (hash: string) => ["test", "--confirm", "true", hash],
	reset: ["reset"],
};

/** mcumgr-client's library, which Python's registry has where Rust's lacks the program. */
const mcumgrClientLibrary = {
	tool: "python3:mcumgr_client",
	program: ["python3", join(root, "test/clients/mcumgr_client_session.py")],
	list: ["list"],
	readImages: readJson,
	upload: (image: number, file: string) => ["upload", file, String(image)],
	test: (hash: string) => ["test", hash],
	confirm: (hash: string) => ["confirm", hash],
	reset: ["reset"],
};

const mcumgrctl = {
	tool: "mcumgrctl",
	list: ["image", "get-state"],
	readImages: readParagraphs,
	upload: (image: number, file: string) => ["image", "upload", "--image-id", String(image), file],
	test: (hash: string) => ["image", "set-state", "--hash", hash],
	confirm: (hash: string) => ["image", "set-state", "--confirm", "--hash", hash],
	reset: ["os", "system-reset"],
};

/** smpmgr has no option for a UDP port, so the device gets the standard one, at an address of its own. */
const IP = ownAddress();

export const drivers: readonly Driver[] = [
	{ ...smpmgr, over: "serial", connect: ({ serial }) => ["--port", serial] },
	{ ...smpmgr, over: "UDP", options: ["--udp", `${IP}:1337`], connect: () => ["--ip", IP] },
	{ ...mcumgrClient, over: "serial", connect: ({ serial }) => ["--device", serial] },
	{
		...mcumgrClient,
		over: "UDP",
		connect: ({ udp }) => ["--host", udp.split(":")[0]!, "--port", udp.split(":")[1]!],
	},
	{ ...mcumgrClientLibrary, over: "serial", connect: ({ serial }) => [serial] },
	{ ...mcumgrctl, over: "serial", connect: ({ serial }) => ["--serial", serial] },
	{
		...mcumgrctl,
		over: "a raw UART",
		options: ["--uart", "raw"],
		connect: ({ serial }) => ["--raw", "--serial", serial],
	},
	{ ...mcumgrctl, over: "UDP", connect: ({ udp }) => ["--udp", udp] },
];

// newtmgr needs no profile if the command line has it all.
export const newtmgr: Driver = {
	tool: "newtmgr",
	over: "serial",
	connect: ({ serial }) => ["--conntype", "serial", "--connstring", `dev=${serial},baud=115200,mtu=256`],
	list: ["image", "list"],
	readImages: readNewtmgr,
	upload: (image, file) => ["image", "upload", "-n", String(image), file],
	test: (hash) => ["image", "test", hash],
	confirm: (hash) => ["image", "confirm", hash],
	reset: ["reset"],
};

/** A list as short lines: `0/1 0.0.1 pending`. */
export const lines = (images: readonly ImageState[]): string[] =>
	images.map(({ image, slot, version, ...flags }) => {
		const names = (["active", "confirmed", "pending", "permanent"] as const).filter((name) => flags[name]);
		return [`${image ?? 0}/${slot}`, version, ...names].join(" ");
	});
