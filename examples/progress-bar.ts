// Uploads an image and draws a progress bar. Another upload of the same file goes on where this one broke off.
//
//     node progress-bar.js firmware.bin 192.0.2.1:1337
import { readFile } from "node:fs/promises";
import { SmpClient } from "xs-smp";
import { udpLink } from "xs-smp/node/udp";

const WIDTH = 40;

const [path, server] = process.argv.slice(2);
if (path === undefined || server === undefined) {
	console.error("Usage: progress-bar FILE HOST:PORT");
	process.exit(2);
}

await using client = new SmpClient(udpLink(server));
try {
	const { resumed, repeated } = await client.upload(await readFile(path), {
		// The offset is what the device has. It starts above 0 when the device knows this upload from before.
		onProgress: (offset, total) => {
			const done = Math.round((WIDTH * offset) / total);
			const percent = Math.floor((100 * offset) / total);
			process.stdout.write(`\r[${"#".repeat(done)}${" ".repeat(WIDTH - done)}] ${String(percent).padStart(3)} %`);
		},
	});
	console.log(`\nThe device had ${resumed} bytes already; ${repeated} packets were sent again.`);
} catch (error) {
	console.error(`\n${(error as Error).message}`);
	process.exitCode = 1;
}
