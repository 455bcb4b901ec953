import assert from "node:assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import type { Layout } from "../../modules/flash/layout.js";
import { parseLayout } from "../../modules/flash/parse-layout.js";
import { describeWith, run } from "../support/tools.js";

// What of the RTL8721F host can be checked without a board: its C compiles, and its parts agree with each other.

const HOST = "hosts/rtl8721f";
const text = (file: string): string => readFileSync(`${HOST}/${file}`, "utf8");

describeWith("arm-none-eabi-gcc", "the RTL8721F host's C for Cortex-M55", () => {
	for (const file of [
		...[`${HOST}/native.c`, `${HOST}/uart.c`, `${HOST}/app/src/main.c`],
		"modules/update/zephyr/update-zephyr.c",
	])
		it(`compiles ${file} without a warning, against declarations of Zephyr and the SDK`, async () => {
			const directory = mkdtempSync(join(tmpdir(), "xs-smp-"));
			const { status, output } = await run("arm-none-eabi-gcc", [
				...["-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard", "-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror"],
				...["-Iengine/native", `-I${HOST}`, "-DCONFIG_WATCHDOG"],
				...["-Itest/zephyr-headers", "-Itest/zephyr-headers/moddable"],
				...["-isystem", "node_modules/@agoric/xsnap/moddable/xs/includes"],
				...["-c", "-o", join(directory, "object.o"), file],
			]);
			rmSync(directory, { recursive: true });
			assert.strictEqual(output, "");
			assert.strictEqual(status, 0);
		});
});

describe("the RTL8721F host's parts", () => {
	for (const stem of [`${HOST}/native`, "modules/update/zephyr/update-zephyr"])
		it(`${stem}.ts names the functions of its C, all of them and no others`, () => {
			const script = readFileSync(`${stem}.ts`, "utf8");
			const named = Array.from(script.matchAll(/\b[nN]ative\("(\w+)"\)/g), ([, name]) => name);
			const source = readFileSync(`${stem}.c`, "utf8");
			const defined = Array.from(source.matchAll(/^void (xs_\w+)\([^)]*\)(?!;)/gm), ([, name]) => name);
			assert.ok(defined.length > 0);
			assert.deepEqual([...new Set(named)].sort(), [...new Set(defined)].sort());
		});

	const tables: [string, Layout][] = [
		["guide.overlay", guideLayout],
		["vendor.overlay", parseLayout(JSON.parse(readFileSync("layouts/rtl8721f-evb.json", "utf8")))],
	];
	for (const [overlay, layout] of tables)
		it(`${overlay} is the layout "${layout.name}"`, () => {
			const rows = Array.from(
				text(overlay).matchAll(/partition@(\w+) \{\s*label = "([^"]+)";\s*reg = <(0x\w+) (0x\w+)>;/g),
				([, unit, label, offset, size]) => {
					assert.strictEqual(Number(`0x${unit}`), Number(offset));
					return [label, Number(offset), Number(size)] as const;
				},
			);
			const wanted = layout.areas.map(({ label, offset, size }) => [label, offset, size] as const);
			const byOffset = (a: readonly [unknown, number, unknown], b: readonly [unknown, number, unknown]) => a[1] - b[1];
			assert.deepEqual(rows, wanted.sort(byOffset));
		});

	for (const [file, mode] of [
		["sysbuild.conf", "MOVE"],
		["sysbuild_offset.conf", "OFFSET"],
	])
		it(`${file} sets names of Zephyr's sysbuild: it stops at one that it does not know`, () => {
			const names = Array.from(text(`app/${file}`).matchAll(/^(\w+)=/gm), ([, name]) => name);
			// share/sysbuild/images/bootloader/Kconfig. The nRF Connect SDK has more.
			assert.deepEqual(names, [
				"SB_CONFIG_BOOTLOADER_MCUBOOT",
				`SB_CONFIG_MCUBOOT_MODE_SWAP_USING_${mode}`,
				"SB_CONFIG_BOOT_SIGNATURE_TYPE_ECDSA_P256",
			]);
		});

	it("MCUboot swaps as many images as the application knows", () => {
		const [, images] = /^CONFIG_UPDATEABLE_IMAGE_NUMBER=(\d+)$/m.exec(text("app/sysbuild/mcuboot.conf")) ?? [];
		assert.strictEqual(Number(images), JSON.parse(text("app.json")).config.images);
	});

	it("the machine fits the heap that Zephyr is given, and that fits the chip", () => {
		const pool = Number(JSON.parse(text("manifest.json")).zephyrConfig.CONFIG_HEAP_MEM_POOL_SIZE);
		const { creation } = JSON.parse(text("app.json"));
		// A header on every block of k_malloc, timers and messages.
		assert.ok(creation.static + 4096 <= pool);
		// SRAM of the application core, less 64 KB for the kernel, its stacks and drivers.
		assert.ok(pool <= 0x49fc0 - 65536);
	});
});
