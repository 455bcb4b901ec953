import assert from "node:assert";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listPorts } from "../../client/node/ports.js";
import type { ListedPort } from "../../client/node/serialport.js";
import { freshDirectory } from "../../tools/simulator.js";

/** A folder as Linux has it for its lines: a UART of the machine, one that it only might have, and two boards on USB. */
function sysfs(): string {
	const folder = freshDirectory();
	const classes = join(folder, "class/tty");
	const line = (name: string, device: string, files: Readonly<Record<string, string>>): void => {
		mkdirSync(join(classes, name), { recursive: true });
		mkdirSync(join(folder, "devices", device), { recursive: true });
		symlinkSync(join(folder, "devices", device), join(classes, name, "device"));
		for (const [file, text] of Object.entries(files)) writeFileSync(join(classes, name, file), text);
	};
	line("ttyS0", "serial8250", { type: "4\n" });
	line("ttyS1", "serial8250", { type: "0\n" });
	line("ttyACM0", "usb1/1-2/1-2:1.0", {});
	line("ttyUSB10", "usb1/1-3/1-3:1.0/ttyUSB10", {});
	writeFileSync(join(folder, "devices/usb1/1-2/product"), "J-Link\n");
	writeFileSync(join(folder, "devices/usb1/1-3/product"), "CP2102N USB to UART Bridge Controller\n");
	return folder;
}

const LINUX: readonly ListedPort[] = [
	{ path: "/dev/ttyS0" },
	{ path: "/dev/ttyS1" },
	{
		...{
			path: "/dev/ttyUSB10",
			manufacturer: "Silicon Labs",
			serialNumber: "ab12",
			pnpId: "usb-Silicon_Labs_CP2102N-if00",
		},
		...{ vendorId: "10C4", productId: "EA60" },
	},
	{
		...{ path: "/dev/ttyACM0", manufacturer: "SEGGER", serialNumber: "000683", pnpId: "usb-SEGGER_J-Link_000683-if00" },
		...{ vendorId: "1366", productId: "1015" },
	},
];

describe("client: ports", () => {
	it("of Linux have the board's own name, USB first, and only those with hardware", async () => {
		const folder = sysfs();
		const ports = await listPorts(async () => LINUX, join(folder, "class/tty"));
		rmSync(folder, { recursive: true });
		const nothing = { manufacturer: undefined, product: undefined, serialNumber: undefined };
		assert.deepEqual(ports, [
			{
				...{ path: "/dev/ttyACM0", manufacturer: "SEGGER", product: "J-Link", serialNumber: "000683" },
				...{ vendorId: "1366", productId: "1015" },
			},
			{
				...{ path: "/dev/ttyUSB10", manufacturer: "Silicon Labs", serialNumber: "ab12" },
				...{ product: "CP2102N USB to UART Bridge Controller", vendorId: "10c4", productId: "ea60" },
			},
			{ path: "/dev/ttyS0", ...nothing, vendorId: undefined, productId: undefined },
		]);
	});

	it("elsewhere have the name that the system has for them", async () => {
		const listed = [
			{ path: "COM10", friendlyName: "USB Serial Port (COM10)", vendorId: "0403", productId: "6001" },
			{ path: "COM3", friendlyName: "JLink CDC UART Port (COM3)", vendorId: "1366", productId: "1015" },
			{ path: "/dev/tty.usbmodem1", pnpId: "usb-Arduino__www.arduino.cc__0043_7543-if00", serialNumber: "7543" },
		];
		const names = (await listPorts(async () => listed, "/nowhere")).map(({ path, product }) => [path, product]);
		assert.deepEqual(names, [
			["COM3", "JLink CDC UART Port"],
			["COM10", "USB Serial Port"],
			["/dev/tty.usbmodem1", "Arduino  www.arduino.cc  0043"],
		]);
	});

	it("that the system does not tell are an error with a sentence", async () => {
		const path = process.env["PATH"];
		process.env["PATH"] = "/nowhere";
		try {
			const listed = listPorts();
			if (process.platform === "linux")
				await assert.rejects(listed, { message: "the serial lines cannot be listed: there is no program udevadm" });
			else assert.ok(Array.isArray(await listed));
		} finally {
			process.env["PATH"] = path;
		}
	});
});
