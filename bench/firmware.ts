import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { consoleLink } from "../client/console.js";
import type { Link } from "../client/link.js";
import { factoryFlash } from "../hosts/desk/node/factory.js";
import { parseOptions } from "../hosts/desk/node/options.js";
import { prepare } from "../hosts/desk/node/setup.js";
import { APPLICATION, applicationOf, firmwareArgument, LOADER, MPS3, QEMU } from "../hosts/mps3/board.js";
import type { ByteStream } from "../modules/smp/transport/stream.js";
import { endsWithUs, freshDirectory } from "../tools/simulator.js";

/** Instructions in a tick of the board's clock of 32 MHz: with `-icount shift=0` each takes a nanosecond. */
const INSTRUCTIONS_A_TICK = 1000 / 32;

/** Addresses of an ELF file's symbols. */
function symbolsOf(elf: string): ReadonlyMap<string, number> {
	const lines = execFileSync("arm-none-eabi-nm", [elf], { encoding: "utf8" }).split("\n");
	return new Map(
		lines.map((line) => {
			const [address = "", , name = ""] = line.split(" ");
			return [name, Number.parseInt(address, 16)];
		}),
	);
}

/** What a program has taken of its memory so far, bytes. */
export interface Memory {
	/** Variables of C. */
	readonly statics: number;
	/** What malloc() has taken, XS's slots, chunks and stack included. */
	readonly heap: number;
	/** C stack: most that was ever in use. */
	readonly stack: number;
	/** C stack: what is reserved. */
	readonly stackSize: number;
}

/** Memory that counts against a board's: the C stack as it is reserved. */
export const total = ({ statics, heap, stackSize }: Memory): number => statics + heap + stackSize;

/** The firmware in QEMU, with instructions counted. The application stands alone unless `loader` is set. */
export class Firmware {
	readonly link: Link;
	readonly #process: ChildProcess;
	readonly #directory: string;
	readonly #elf: string;
	readonly #monitor: Socket;
	readonly #answers: AsyncIterableIterator<string>;
	readonly #sockets: Socket[];

	private constructor(process: ChildProcess, directory: string, elf: string, uart: Socket, monitor: Socket) {
		this.#elf = elf;
		this.#process = process;
		this.#directory = directory;
		this.#monitor = monitor;
		this.#sockets = [uart, monitor];
		this.#answers = createInterface({ input: monitor })[Symbol.asyncIterator]();
		const stream: ByteStream = {
			onBytes: undefined,
			write: (bytes) => void uart.write(bytes),
			close: () => uart.destroy(),
		};
		uart.on("data", (data) => stream.onBytes?.(data));
		this.link = consoleLink(stream);
	}

	/**
	 * Starts it and waits until the application has started. `image`, the file of an image with an application, needs the loader
	 * to hand it over.
	 */
	static async start({
		loader = false,
		image,
		app = "smp-svr",
	}: {
		loader?: boolean;
		image?: string;
		app?: string;
	} = {}): Promise<Firmware> {
		const directory = freshDirectory();
		const path = (name: string): string => join(directory, name);
		const options = parseOptions(
			[
				"--flash",
				path("flash.bin"),
				"--serial",
				path("uart"),
				"--images",
				"1",
				"--app",
				app,
				...(image === undefined ? [] : ["--factory", image]),
			],
			MPS3,
		);
		const setup = prepare(options);
		const elf = applicationOf(options);
		writeFileSync(setup.flash, factoryFlash(setup));
		const socket = (name: string): string => `unix:${path(name)},server=on,wait=off`;
		const semihosting = `enable=on,target=native,chardev=events,arg=${firmwareArgument(setup, 0)}`;
		const child = spawn(
			QEMU,
			[
				...["-M", "mps3-an547", "-display", "none", "-icount", "shift=0"],
				...["-chardev", "stdio,id=events", "-semihosting-config", semihosting],
				...["-serial", socket("uart"), "-qmp", socket("qmp")],
				// Alone it starts at its entry, in place of the vectors that the processor would look for.
				...(loader ? ["-kernel", LOADER] : []),
				...["-device", `loader,file=${elf}${loader ? "" : ",cpu-num=0"}`],
			],
			{ stdio: ["ignore", "pipe", "inherit"] },
		);
		const process = endsWithUs(child);
		const booted = new Promise<void>((resolve, reject) => {
			createInterface({ input: process.stdout! }).on("line", (line) => {
				const event = JSON.parse(line) as { event: string };
				if (event.event === "boot") resolve();
				else if (event.event === "crash") reject(new Error(line));
			});
			process.on("error", reject);
			process.on("close", () => reject(new Error("QEMU ended")));
		});
		await booted;
		const sockets = [connect(path("uart")), connect(path("qmp"))] as const;
		for (const each of sockets) await once(each, "connect");
		const firmware = new Firmware(process, directory, elf, ...sockets);
		await firmware.#answers.next(); // the greeting
		await firmware.#execute("qmp_capabilities", {});
		return firmware;
	}

	/** Instructions that the application has executed since its start, its sleep left out. */
	async worked(): Promise<number> {
		const bytes = await this.#read(symbolsOf(this.#elf).get("clockWorked")!, 8);
		return Math.round(Number(bytes.readBigUInt64LE()) * INSTRUCTIONS_A_TICK);
	}

	/** Slots in use. Fewer than before: garbage was collected in between. */
	async slots(): Promise<number> {
		const at = (await this.#read(symbolsOf(this.#elf).get("machineSlots")!, 4)).readUInt32LE();
		return (await this.#read(at, 4)).readInt32LE();
	}

	/** Instructions that the boot loader executed before it started the application. */
	async loaderWorked(): Promise<number> {
		const bytes = await this.#read(symbolsOf(this.#elf).get("clockStarted")!, 8);
		return Math.round(Number(bytes.readBigUInt64LE()) * INSTRUCTIONS_A_TICK);
	}

	async memory(elf: string): Promise<Memory> {
		const symbols = symbolsOf(elf);
		const at = (name: string): number => symbols.get(name)!;
		const heapTop = (await this.#read(at("heapTop"), 4)).readUInt32LE();
		const stack = await this.#read(at("linkStack"), at("linkStackTop") - at("linkStack"));
		let untouched = 0;
		while (stack.readUInt32LE(untouched) === 0x5afe5afe) untouched += 4;
		return {
			statics: at("linkStack") - at("linkData"),
			heap: heapTop - at("linkHeap"),
			stack: stack.length - untouched,
			stackSize: stack.length,
		};
	}

	/** How many bytes of the program's code and constants, which lie in flash on a board, are not those of its file. */
	async changedInFlash(elf: string): Promise<number> {
		const filename = join(this.#directory, "flash");
		const sections = [".vectors", ".image", ".text", ".ARM.exidx"].flatMap((name) => ["-j", name]);
		execFileSync("arm-none-eabi-objcopy", ["-O", "binary", ...sections, elf, filename]);
		const file = readFileSync(filename);
		const now = await this.#read(symbolsOf(elf).get("linkVectors")!, file.length);
		return file.reduce((count, byte, i) => count + Number(byte !== now[i]), 0);
	}

	async stop(): Promise<void> {
		for (const each of this.#sockets) each.destroy();
		const closed = once(this.#process, "close");
		this.#process.kill("SIGKILL");
		await closed;
		rmSync(this.#directory, { recursive: true });
	}

	async #read(address: number, size: number): Promise<Buffer> {
		const filename = join(this.#directory, "memory");
		await this.#execute("memsave", { val: address, size, filename });
		return readFileSync(filename);
	}

	async #execute(command: string, fields: object): Promise<void> {
		this.#monitor.write(`${JSON.stringify({ execute: command, arguments: fields })}\n`);
		for (;;) {
			const { value, done } = await this.#answers.next();
			if (done) throw new Error("QEMU's monitor has closed");
			const answer = JSON.parse(value) as { return?: object; error?: { desc: string } };
			if (answer.error) throw new Error(answer.error.desc);
			if (answer.return) return;
		}
	}
}

export const isBuilt = (): boolean => existsSync(APPLICATION) && existsSync(LOADER);
