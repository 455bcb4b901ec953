#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { formatTable, type Table, tableObject } from "../bench/table.js";
// npm run size [-- --json]: flash of the firmware for the Cortex-M55, by part. RAM is measured by `npm run bench -- mps3`.
import { onClosedPipe } from "../cli/closed-pipe.js";
import { newProgram, runAlone } from "../cli/command-line.js";
import { type Mps3Program, PROGRAMS } from "../hosts/mps3/board.js";

/** Bytes of flash by part. */
export type Parts = ReadonlyMap<string, number>;

/** What a section of an object file in a linker map belongs to. The C of an image is xslink's (engine/xslink-print.c). */
function partOf(section: string, file: string): string {
	if (/\/xs\/\w+\.o$/.test(file)) return "XS";
	if (/\/own\/\w+\.o$|\/libapplication\.a\(/.test(file)) return "host in C";
	if (!/\/image-[\w-]+\.o$/.test(file)) return "C libraries";
	return /^\.rodata\.(code|module)\d+$/.test(section) ? "JavaScript: bytecode" : "JavaScript: objects and names";
}

/** Sections of a program that lie in flash, `.data` for its initial values. */
const IN_FLASH = /^\.(vectors|image|text|rodata|data|ARM\.exidx)\b/;

/**
 * Reads the memory map of a linker map file (GNU ld, -Map): lines of section, address, size and object file, of which the
 * section's name may stand on a line of its own.
 */
export function readMap(text: string): Parts {
	const parts = new Map<string, number>();
	const map = text.slice(text.indexOf("Linker script and memory map"));
	for (const [, section = "", size = "0", file = ""] of map.matchAll(
		/^ (\.[\w.$-]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$/gm,
	)) {
		if (!IN_FLASH.test(section)) continue;
		const part = partOf(section, file);
		parts.set(part, (parts.get(part) ?? 0) + Number.parseInt(size, 16));
	}
	return parts;
}

const PARTS = ["XS", "JavaScript: bytecode", "JavaScript: objects and names", "host in C", "C libraries"];

function sizeTable({ name, map }: Mps3Program): Table {
	const parts = readMap(readFileSync(map, "utf8"));
	const rows = PARTS.map((part): [string, number] => [part, parts.get(part) ?? 0]);
	rows.push(["total", rows.reduce((sum, [, size]) => sum + size, 0)]);
	return {
		title: `Flash of the ${name}, KiB`,
		columns: ["part", "KiB"],
		rows: rows.map(([part, size]) => [part, Number((size / 1024).toFixed(1))]),
	};
}

const context = { stdout: process.stdout, stderr: process.stderr, status: 0 };

function main(json: boolean): void {
	if (!PROGRAMS.every(({ map }) => existsSync(map))) {
		process.stderr.write("The firmware is not built: it takes arm-none-eabi-gcc.\n");
		context.status = 1;
		return;
	}
	const tables = PROGRAMS.map(sizeTable);
	process.stdout.write(
		json
			? `${JSON.stringify(tables.map(tableObject), null, "\t")}\n`
			: tables.map((table) => `${formatTable(table)}\n`).join(""),
	);
}

onClosedPipe();
const program = newProgram("npm run size --", context)
	.description("Prints the flash that the firmware for the Cortex-M55 takes, by part.")
	.option("--json", "print the tables as JSON")
	.action(({ json = false }: { json?: boolean }) => main(json));
process.exitCode = await runAlone(program, process.argv.slice(2), context);
