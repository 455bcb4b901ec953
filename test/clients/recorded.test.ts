import assert from "node:assert";
import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ReadStream } from "node:tty";
import { Decoder } from "cbor-x/decode";
import { HEADER_SIZE, readHeader } from "../../modules/smp/header.js";
import { ConsoleTransport } from "../../modules/smp/transport/console.js";
import { scriptCodec } from "../../modules/smp/transport/frame.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";
import { root, Simulator } from "../../tools/simulator.js";

// The guide's session as newtmgr 1.14 sent it, byte for byte, for machines that cannot install newtmgr. test/clients/record.py
// made the recordings with the images of images.ts: image 0 of 6000 bytes and image 1 of 9003 bytes, version 0.0.1.

interface Step {
	readonly command: string;
	/** What newtmgr sent and what it got, in hexadecimal. */
	readonly exchanges: readonly (readonly [sent: string, received: string])[];
}

const decoder = new Decoder({ useRecords: false, mapsAsObjects: true });

/** The packets in a stream of console frames: header and fields. */
class FrameReader {
	readonly packets: unknown[] = [];
	readonly #stream: ByteStream = { onBytes: undefined, write: () => {}, close: () => {} };

	constructor() {
		new ConsoleTransport(this.#stream, { codec: scriptCodec, maxPacket: 4096 }).onPacket = (packet) => {
			const fields = decoder.decode(packet.slice(HEADER_SIZE)) as Record<string, unknown>;
			this.packets.push({ header: { ...readHeader(packet), length: 0 }, fields: plain(fields) });
		};
	}

	feed(bytes: Uint8Array): void {
		this.#stream.onBytes?.(bytes);
	}
}

/** Byte strings as text, and the hashes of the factory images, which the session did not choose, as a word. */
function plain(value: unknown): unknown {
	if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
	if (Array.isArray(value)) return value.map(plain);
	if (typeof value !== "object" || value === null) return value;
	const map = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
	return map["version"] === "0.0.0" ? { ...map, hash: "factory" } : map;
}

function packetsOf(hex: string): unknown[] {
	const reader = new FrameReader();
	reader.feed(Buffer.from(hex, "hex"));
	return reader.packets;
}

for (const mode of ["move", "offset"])
	describe(`newtmgr, recorded: the OTA guide over the UART, swap using ${mode}, two images`, () => {
		const path = join(root, `test/clients/recorded/newtmgr-${mode}.json`);
		const steps = JSON.parse(readFileSync(path, "utf8")) as Step[];
		let simulator: Simulator;
		let port: number;
		let input: ReadStream;
		let reader = new FrameReader();
		let arrived: () => void = () => {};

		before(async () => {
			simulator = await Simulator.start(["--mode", mode]);
			port = openSync(simulator.serial, constants.O_RDWR | constants.O_NOCTTY);
			input = new ReadStream(openSync(simulator.serial, constants.O_RDONLY | constants.O_NOCTTY));
			input.on("data", (bytes: Buffer) => {
				reader.feed(bytes);
				arrived();
			});
		});
		after(async () => {
			input.destroy();
			closeSync(port);
			await simulator.stop();
		});

		/** Sends what newtmgr sent and waits for as many packets as it got. */
		async function exchange(sent: string, count: number): Promise<unknown[]> {
			reader = new FrameReader();
			writeSync(port, Buffer.from(sent, "hex"));
			while (reader.packets.length < count) await new Promise<void>((resolve) => (arrived = resolve));
			return reader.packets;
		}

		for (const { command, exchanges } of steps)
			it(command, async () => {
				for (const [sent, received] of exchanges) {
					const expected = packetsOf(received);
					assert.deepEqual(await exchange(sent, expected.length), expected);
				}
				if (/ reset$/.test(command)) await simulator.next("boot");
			});
	});
