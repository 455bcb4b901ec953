// The client side of the group in thermostat/thermostat.ts: reads the target, or sets it.
//
//     node thermostat-client.js 192.0.2.1:1337 [DEGREES]
//     node thermostat-client.js /dev/ttyACM0 [DEGREES]
import { Op, SmpClient, SmpResponseError } from "xs-smp";
import { command, number } from "xs-smp/command";
import { serialLink } from "xs-smp/node/serial";
import { udpLink } from "xs-smp/node/udp";

const THERMOSTAT_GROUP = 81;
const TARGET = 0;

const readTarget = command(Op.READ, THERMOSTAT_GROUP, TARGET, {
	answer: { target: number, measured: number },
	name: "the target of the thermostat",
});
const writeTarget = command(Op.WRITE, THERMOSTAT_GROUP, TARGET, {
	request: { target: number },
	name: "the target of the thermostat",
});

const [server, degrees] = process.argv.slice(2);
if (server === undefined) {
	console.error("Usage: thermostat-client HOST:PORT|SERIAL-LINE [DEGREES]");
	process.exit(2);
}

await using client = new SmpClient(server.includes("/") ? serialLink(server) : udpLink(server));
try {
	if (degrees !== undefined) await client.request(writeTarget, { target: Number(degrees) });
	const { target, measured } = await client.request(readTarget);
	console.log(`The target is ${target} degrees, and the room has ${measured}.`);
} catch (error) {
	// A device whose firmware is no thermostat has no such group, which the error says too.
	const refused = error instanceof SmpResponseError && error.reason !== undefined;
	console.error(refused ? `The device refuses: ${error.reason}.` : (error as Error).message);
	process.exitCode = 1;
}
