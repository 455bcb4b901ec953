// Upgrades a board over UDP, and keeps the update once it runs.
//
//     node upgrade.js firmware.bin 192.0.2.1:1337
import { readFile } from "node:fs/promises";
import { ImageFileError, NoAnswerError, SmpClient, SmpResponseError, upgrade } from "xs-smp";
import { udpLink } from "xs-smp/node/udp";

const [path, server] = process.argv.slice(2);
if (path === undefined || server === undefined) {
	console.error("Usage: upgrade FILE HOST:PORT");
	process.exit(2);
}

// A serial line would be serialLink("/dev/ttyACM0") of xs-smp/node/serial. The client is the same for every link.
await using client = new SmpClient(udpLink(server));
try {
	const { previous, version } = await upgrade(client, await readFile(path), {
		confirm: true,
		onStep: ({ step }) => console.log(step),
	});
	console.log(`Version ${version} runs in place of ${previous}.`);
} catch (error) {
	// The messages are sentences for people. The classes tell the program how it failed.
	if (error instanceof ImageFileError) console.error(`${path}: ${error.message}`);
	else if (error instanceof SmpResponseError) console.error(`Refused, code ${error.code}: ${error.message}`);
	else if (error instanceof NoAnswerError) console.error(`Is the board switched on? ${error.message}`);
	else console.error((error as Error).message);
	process.exitCode = 1;
}
