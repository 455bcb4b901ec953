import { SmpClient } from "../../client/index.js";
import { udpLink } from "../../client/node/udp.js";
import { update } from "../clients/images.js";

// A process of its own for the uploads that test/page/measure.ts measures: the driver of the browser would slow the client down.
// It uploads as often as it is told to, and tells KiB/s.

const { file } = update("0.0.1", 500_000);
/** What the page makes of the erased slot is not a part of the upload, milliseconds. */
const REST = 1000;

const [, , udp = ""] = process.argv;
const client = new SmpClient(udpLink(udp));
process.on("message", async () => {
	await client.erase();
	await new Promise((resolve) => setTimeout(resolve, REST));
	const began = performance.now();
	await client.upload(file);
	process.send!(file.length / 1024 / ((performance.now() - began) / 1000));
});
