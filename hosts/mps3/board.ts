import { existsSync } from "node:fs";
import { UsageError } from "../../cli/usage-error.js";
import type { Emulator } from "../desk/node/device.js";
import { ROOT } from "../desk/node/loader-setup.js";
import type { Board, Options } from "../desk/node/options.js";
import type { Setup } from "../desk/node/setup.js";

/** Nothing on this board can ask for more than a boot: it has no pin, and no memory that a reset does not clear. */
const RECOVERY = ["--recovery", "--recovery-wait", "--direct-upload", "--hold-pin"];

/** The firmware on Arm's MPS3 board with the image AN547, which QEMU emulates. */
export const MPS3: Board = {
	command: "mps3",
	summary:
		'Run the boot loader and the application as firmware for a Cortex-M55. QEMU emulates the board, mps3-an547. xs-smp, newtmgr, smpmgr and other SMP clients reach the device over a serial line. While the device runs, the line "r" presses its reset button and the line "q" ends it.',
	lacks: [
		...[
			"--uart",
			"--udp",
			"--tcp",
			"--hci",
			"--files",
			"--power-cut",
			"--flash-timing",
			"--save",
			"--page",
			"--record",
		],
		...RECOVERY,
	],
	defaults: { "--flash": ".sim/mps3-flash.bin", "--serial": ".sim/mps3-uart" },
};

export const QEMU = "qemu-system-arm";
export const LOADER = `${ROOT}build/mps3/loader.elf`;
/** Each application is firmware of its own. */
export const applicationOf = ({ app }: Pick<Options, "app">): string => `${ROOT}build/mps3/${app}.elf`;
/** The one whose speed is measured. */
export const APPLICATION = applicationOf({ app: "smp-svr" });

/** A program of the firmware, and what its build leaves. */
export interface Mps3Program {
	readonly name: string;
	/** The linker's map. */
	readonly map: string;
}

export const PROGRAMS: readonly Mps3Program[] = [
	{ name: "application", map: `${ROOT}build/mps3/smp-svr.map` },
	{ name: "application smp-svr-minimal", map: `${ROOT}build/mps3/smp-svr-minimal.map` },
	{ name: "boot loader", map: `${ROOT}build/mps3/loader.map` },
];

/** In QEMU's options a comma within a value is written twice. */
const quote = (text: string): string => text.replaceAll(",", ",,");

/** What the firmware reads of its command line (hosts/mps3/native/semihost.c). */
export function firmwareArgument({ config, flash }: Pick<Setup, "config" | "flash">, baud: number): string {
	const { size, sectorSize, writeAlign } = config.layout;
	const numbers = [size, sectorSize, writeAlign, baud, Buffer.byteLength(flash)];
	return quote(`${numbers.join(" ")} ${flash} ${JSON.stringify(config)}`);
}

/** QEMU's command: descriptor 3 takes events, 4 is the serial line. */
export const qemu: Emulator = (setup, options) => {
	if (options.app === "locked-down")
		throw new UsageError("The application locked-down needs random numbers and an audit log, which this board lacks.");
	const application = applicationOf(options);
	for (const file of [LOADER, application])
		if (!existsSync(file))
			throw new UsageError(
				"The firmware is not built: it takes arm-none-eabi-gcc (Debian: gcc-arm-none-eabi, libnewlib-arm-none-eabi).",
			);
	if (setup.otp !== undefined)
		throw new UsageError("This board has no one-time programmable memory for --downgrade-prevention hardware.");
	const { hash = 256 } = setup.config.boot;
	if (hash !== 256)
		throw new UsageError(`This board has code for SHA-256 alone, and the boot loader would hash with SHA-${hash}.`);
	if (setup.config.verify === "signature")
		throw new UsageError("This application has no room for verifying signatures: --verify is none or hash.");
	const semihosting = `enable=on,target=native,chardev=events,arg=${firmwareArgument(setup, options.baud)}`;
	return [
		QEMU,
		...["-M", "mps3-an547", "-display", "none", "-monitor", "none"],
		...["-add-fd", "fd=3,set=3", "-chardev", "pipe,id=events,path=/dev/fdset/3"],
		...["-add-fd", "fd=4,set=4", "-chardev", "pipe,id=uart,path=/dev/fdset/4", "-serial", "chardev:uart"],
		...["-semihosting-config", semihosting],
		...["-kernel", LOADER, "-device", `loader,file=${quote(application)}`],
	];
};
