// A program of a user of the package: package.test.ts compiles it where the package is installed, and runs it.
// `consumer ADDRESS KEY`: signs an image and upgrades the device there.
import { readFileSync } from "node:fs";
import { type Fields, type Link, Op, SmpClient, SmpResponseError, type UpgradeStep, upgrade } from "xs-smp";
import { anyCommand, command, number, optional, text } from "xs-smp/command";
import { osInfo } from "xs-smp/group/os";
import { readSetting, writeSetting } from "xs-smp/group/settings";
import { createImage, ImageError, inspectImage, parseKey } from "xs-smp/image";
import { Rc } from "xs-smp/modules/smp/errors";
import type { Group } from "xs-smp/modules/smp/group";
import { udpLink } from "xs-smp/node/udp";

const [server = "", keyFile = ""] = process.argv.slice(2);

const key = parseKey(readFileSync(keyFile, "utf8"));
if (!key.sign) throw new ImageError("the key cannot sign");
const image: Uint8Array = createImage(new Uint8Array(20_000).fill(3), {
	version: "4.5.6",
	headerSize: 0x200,
	padHeader: true,
	align: 4,
	signer: { type: key.type, publicKey: key.publicKey, sign: key.sign },
});
const version: string = inspectImage(image).header.version;

const link: Link = udpLink(server);
await using client = new SmpClient(link);
const steps: UpgradeStep["step"][] = [];
const result = await upgrade(client, image, { confirm: true, onStep: ({ step }) => steps.push(step) });

await writeSetting(client, "net/name", new TextEncoder().encode("kitchen"));
const name = new TextDecoder().decode(await readSetting(client, "net/name"));

let refusal: unknown;
try {
	const answer: Fields = await client.request(anyCommand(Op.READ, 200, 0));
	throw new Error(`group 200 answers ${JSON.stringify(answer)}`);
} catch (error) {
	if (!(error instanceof SmpResponseError)) throw error;
	refusal = error.code === Rc.NOT_SUPPORTED && error.message;
}

// Types of request and answer follow from the command.
const { output: kernel }: { readonly output: string } = await client.request(osInfo, { format: "s" });
// @ts-expect-error: the format is text. A program in JavaScript hears of it, too.
const wrong = await client.request(osInfo, { format: 1 }).catch((error: Error) => error.message);
const own = command(Op.WRITE, 200, 0, { request: { level: number, note: optional(text) }, answer: { level: number } });
const level: Promise<{ readonly level: number }> = client.request(
	own,
	{ level: 1 },
	{ signal: AbortSignal.abort("no") },
);
const aborted = await level.catch((reason: unknown) => reason);

const group: Group = { id: 70, name: "own", commands: {} };
const report = {
	version,
	runs: result.version,
	confirmed: result.confirmed,
	steps,
	name,
	refusal,
	kernel,
	wrong,
	aborted,
	group,
};
process.stdout.write(JSON.stringify(report));
