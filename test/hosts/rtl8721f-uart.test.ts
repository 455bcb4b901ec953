import assert from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../support/tools.js";

// hosts/rtl8721f/uart.c runs here, on a UART and an event loop of our own (rtl8721f-uart.c): it must not lose a wake-up or a byte.

describe("the RTL8721F host's UART in C", function () {
	this.timeout(30_000);
	let directory: string;
	let program: string;

	before(async () => {
		directory = mkdtempSync(join(tmpdir(), "xs-smp-"));
		program = join(directory, "uart");
		const { status, output } = await run(process.env["CC"] ?? "cc", [
			...["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-Itest/zephyr-headers", "-Ihosts/rtl8721f"],
			...["-o", program, "test/hosts/rtl8721f-uart.c", "hosts/rtl8721f/uart.c"],
		]);
		assert.strictEqual(output, "");
		assert.strictEqual(status, 0);
	});

	after(() => rmSync(directory, { recursive: true }));

	async function uart(...scenario: string[]): Promise<string> {
		const { status, output } = await run(program, scenario);
		assert.strictEqual(status, 0);
		return output;
	}

	it("hands over a line whose wake-up found the message queue full, and the lines after it", async () => {
		assert.strictEqual(await uart("crowded"), "first\nsecond\n");
	});

	it("receives where a byte that came before the start would never interrupt", async () => {
		assert.strictEqual(await uart("early"), "before and after\n");
	});

	it("sends on where enabling the transmitter calls the interrupt routine at once", async () => {
		assert.strictEqual(await uart("prompt"), "whole");
	});

	for (const fifo of ["1", "16", "64"])
		it(`sends whole and in order through a FIFO of ${fifo}, many times round its ring`, async () => {
			assert.strictEqual(await uart("fifo", fifo), "whole");
		});

	it("drops whole writes while nothing leaves, and goes on with what it kept", async () => {
		assert.strictEqual(await uart("stuck"), "2 whole 1 whole");
	});

	it("wakes JavaScript for a line or for 256 bytes, and not for less", async () => {
		assert.strictEqual(await uart("worth", "255"), "[0]half of a line\n[1][1]");
		assert.strictEqual(await uart("worth", "256"), `[0]half of a line\n[1]${"x".repeat(256)}[2]`);
	});

	it("leaves in the UART what its ring has no room for", async () => {
		assert.strictEqual(await uart("flood", "500"), `[${5000 - 2048} left]${"0123456789".repeat(500)}`);
	});
});
