import assert from "node:assert";
import { SmpClient } from "../../client/client.js";
import { consoleLink } from "../../client/console.js";
import { rawLink } from "../../client/raw.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";
import { concat, request, unhex } from "../unit/smp/support.js";

/** A line on which the answer to every request is `bytes`. */
function answering(bytes: Uint8Array): ByteStream {
	const stream: ByteStream = {
		onBytes: undefined,
		write: () => void setImmediate(() => stream.onBytes?.(bytes)),
		close: () => {},
	};
	return stream;
}

const damaged = encodeConsole(request(0, 0, { r: "hello" }, 1, 1));
damaged[9] = damaged[9] === 0x41 ? 0x42 : 0x41;

describe("client: answers that arrive damaged", () => {
	const patience = { timeout: 20, tries: 1 };

	it("are told apart from no answer: on a console", async () => {
		const client = new SmpClient(consoleLink(answering(concat(damaged, damaged))), patience);
		const sentence = /^NoAnswerError: no answer to .* after 1 try: something came, but damaged \(rx_bad_crc 2\)$/;
		// Each time only what came since.
		for (let i = 0; i < 2; i++) await assert.rejects(client.echo("hello"), sentence);
	});

	it("are told apart from no answer: on a raw line", async () => {
		const client = new SmpClient(rawLink(answering(unhex("ffffffffffffffff"))), patience);
		await assert.rejects(client.echo("hello"), /something came, but damaged \(rx_bad_header 1\)$/);
	});

	it("nothing is said where nothing came", async () => {
		const client = new SmpClient(consoleLink(answering(new Uint8Array(0))), patience);
		await assert.rejects(client.echo("hello"), /^NoAnswerError: .* after 1 try$/);
	});
});
