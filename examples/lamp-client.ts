// The client side of the group in lamp/: reads the level of the lamp, or sets it.
//
//     node lamp-client.js 192.0.2.1:1337 [PERCENT]
import { Op, SmpClient, SmpResponseError } from "xs-smp";
import { command, number } from "xs-smp/command";
import { udpLink } from "xs-smp/node/udp";
import { LAMP_GROUP, LEVEL } from "./lamp/lamp.js";

// The group, as the client sees it: the types of each request and each answer follow from these rows.

/** Reads the level of the lamp, percent. */
const readLevel = command(Op.READ, LAMP_GROUP, LEVEL, { answer: { level: number }, name: "the level of the lamp" });

/** Sets the level of the lamp, 0 to 100 percent. Any other is an SmpResponseError: code 2 of group 80. */
const writeLevel = command(Op.WRITE, LAMP_GROUP, LEVEL, { request: { level: number }, name: "the level of the lamp" });

const [server, percent] = process.argv.slice(2);
if (server === undefined) {
	console.error("Usage: lamp-client HOST:PORT [PERCENT]");
	process.exit(2);
}

await using client = new SmpClient(udpLink(server));
try {
	if (percent !== undefined) await client.request(writeLevel, { level: Number(percent) });
	const { level } = await client.request(readLevel);
	console.log(`The lamp is at ${level} percent.`);
} catch (error) {
	// The device says itself why it refuses: the text is the one that lamp.ts throws.
	if (error instanceof SmpResponseError && error.group === LAMP_GROUP)
		console.error(`The lamp refuses (error ${error.code}): ${error.reason}.`);
	else console.error((error as Error).message);
	process.exitCode = 1;
}
