// The client side of the group in lamp/: reads the level of the lamp, or sets it.
//
//     node lamp-client.js 192.0.2.1:1337 [PERCENT]
import { Op, type Requester, SmpClient, SmpResponseError } from "xs-smp";
import { udpLink } from "xs-smp/node/udp";

const LAMP_GROUP = 80;
const LEVEL = 0;

/** The level of the lamp, percent. */
async function lampLevel(device: Requester): Promise<number> {
	return Number((await device.request(Op.READ, LAMP_GROUP, LEVEL))["level"]);
}

/** Sets the level of the lamp, 0 to 100 percent. Any other is an SmpResponseError: code 2 of group 80. */
async function setLampLevel(device: Requester, level: number): Promise<void> {
	await device.request(Op.WRITE, LAMP_GROUP, LEVEL, { level });
}

const [server, percent] = process.argv.slice(2);
if (server === undefined) {
	console.error("Usage: lamp-client HOST:PORT [PERCENT]");
	process.exit(2);
}

const client = new SmpClient(udpLink(server));
try {
	if (percent !== undefined) await setLampLevel(client, Number(percent));
	console.log(`The lamp is at ${await lampLevel(client)} percent.`);
} catch (error) {
	// The device says itself why it refuses: the text is the one that lamp.ts throws.
	if (error instanceof SmpResponseError && error.group === LAMP_GROUP)
		console.error(`The lamp refuses (error ${error.code}): ${error.reason}.`);
	else console.error((error as Error).message);
	process.exitCode = 1;
} finally {
	client.close();
}
