import assert from "node:assert";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { announce } from "../../cli/running.js";
import { listPorts } from "../../client/node/ports.js";
import type { ListedPort } from "../../client/node/serialport.js";
import { freshDirectory, root } from "../../tools/simulator.js";
import { run } from "../support/tools.js";

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
});

describe("xs-smp ports", () => {
	const directory = freshDirectory();
	after(() => rmSync(directory, { recursive: true }));
	const serial = join(directory, "uart");
	writeFileSync(serial, "");

	/** Runs the command with this program in place of udevadm; without, there is none. */
	async function ports(udevadm: string | undefined, runtime: string, ...args: string[]) {
		const folder = join(directory, udevadm === undefined ? "none" : "udev");
		mkdirSync(folder, { recursive: true });
		if (udevadm !== undefined) writeFileSync(join(folder, "udevadm"), `#!/bin/sh\n${udevadm}\n`, { mode: 0o755 });
		const PATH = udevadm === undefined ? folder : `${folder}:${process.env["PATH"]}`;
		return run(process.execPath, [join(root, "dist/cli/main.js"), "ports", ...args], {
			env: { ...process.env, PATH, XDG_RUNTIME_DIR: join(directory, runtime) },
			cwd: directory,
		});
	}

	/** A simulated device runs in this process, as far as the command can see. */
	function simulated(): string {
		const { XDG_RUNTIME_DIR: before } = process.env;
		const runtime = join(directory, "runtime");
		mkdirSync(runtime, { recursive: true });
		process.env["XDG_RUNTIME_DIR"] = runtime;
		announce({ serial, raw: false, udp: "127.0.0.1:1337" });
		if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
		else process.env["XDG_RUNTIME_DIR"] = before;
		return "runtime";
	}

	const BOARD = `cat <<'END'
P: /devices/pci0000:00/usb1/1-2/1-2:1.0/tty/ttyACM77
N: ttyACM77
E: DEVNAME=/dev/ttyACM77
E: ID_VENDOR_ENC=SEGGER
E: ID_SERIAL_SHORT=000683
E: ID_VENDOR_ID=1366
E: ID_MODEL_ID=1015
E: DEVLINKS=/dev/serial/by-id/usb-SEGGER_J-Link_000683-if00

P: /devices/virtual/tty/tty7
N: tty7
E: DEVNAME=/dev/tty7
END`;

	// The package asks udev on Linux alone.
	const onLinux = process.platform === "linux" ? it : it.skip;

	onLinux("prints boards and simulated devices by name", async () => {
		const { status, output } = await ports(BOARD, simulated());
		assert.deepEqual(output.split("\n"), [
			"line           board             manufacturer  serial number  USB ids",
			"/dev/ttyACM77  J-Link            SEGGER        000683         1366:1015",
			"uart           simulated device",
			"",
		]);
		assert.equal(status, 0);
	});

	onLinux("prints JSON, one object a line", async () => {
		const { status, output } = await ports(BOARD, simulated(), "--json");
		assert.deepEqual(
			output
				.trim()
				.split("\n")
				.map((line) => JSON.parse(line) as unknown),
			[
				{
					...{ path: "/dev/ttyACM77", manufacturer: "SEGGER", product: "J-Link", serialNumber: "000683" },
					...{ vendorId: "1366", productId: "1015" },
				},
				{ path: serial, product: "simulated device", udp: "127.0.0.1:1337" },
			],
		);
		assert.equal(status, 0);
	});

	onLinux("says that there is none", async () => {
		// A folder that is not there would not count, and the one of all of this machine's simulators would.
		mkdirSync(join(directory, "empty"), { recursive: true });
		const { status, output } = await ports("true", "empty");
		assert.equal(output, "This machine has no serial line, and no simulated device runs here.\n");
		assert.equal(status, 0);
	});

	onLinux("says why the system does not tell, and prints the others", async () => {
		const { status, output } = await ports(undefined, simulated());
		assert.match(output, /^uart {2}simulated device$/m);
		assert.match(output, /^The serial lines cannot be listed: there is no program udevadm\.$/m);
		assert.equal(status, 1);
	});
});
