import { crc16 } from "../../../modules/bytes/crc16.js";
import { bool, bytes, decodeFields, uint } from "../../../modules/smp/fields.js";
import { HEADER_SIZE } from "../../../modules/smp/header.js";
import { BleTransport } from "../../../modules/smp/transport/ble.js";
import { ConsoleTransport } from "../../../modules/smp/transport/console.js";
import { encodeConsole, scriptCodec } from "../../../modules/smp/transport/frame.js";
import { RawTransport } from "../../../modules/smp/transport/raw.js";
import type { ByteStream, DatagramSocket, GattCharacteristic } from "../../../modules/smp/transport/stream.js";
import type { Transport } from "../../../modules/smp/transport/transport.js";
import { DatagramTransport } from "../../../modules/smp/transport/udp.js";
import { Device } from "./device.js";
import {
	compareList,
	compareResponses,
	compareValue,
	hex,
	type JsonMap,
	list,
	map,
	oneOf,
	Unsupported,
	unhex,
} from "./match.js";

/** What became of one vector. `detail` is the first difference, or why it was skipped. */
export interface Result {
	readonly name: string;
	readonly outcome: "passed" | "failed" | "skipped";
	readonly detail?: string;
}

/** Runs one vector: returns the first difference, undefined if all is right. */
type Runner = (vector: JsonMap, fixtures: JsonMap) => string | undefined;

/** Runs every vector of a file. */
export function runFile(file: JsonMap, fixtures: JsonMap): Result[] {
	const runner = RUNNERS[String(file["kind"])];
	return list(file["vectors"]!).map((json): Result => {
		const vector = map(json);
		const name = String(vector["name"]);
		if (!runner) return { name, outcome: "skipped", detail: `the runner does not know the kind "${file["kind"]}"` };
		try {
			const detail = runner(vector, fixtures);
			return detail === undefined ? { name, outcome: "passed" } : { name, outcome: "failed", detail };
		} catch (error) {
			if (error instanceof Unsupported) return { name, outcome: "skipped", detail: error.message };
			return { name, outcome: "failed", detail: `it threw ${error}` };
		}
	});
}

/** What a report needs from its machine. */
export interface Reporter {
	read(path: string): JsonMap;
	print(line: string): void;
}

/** Runs the files, prints a line for each and a total, and returns how many vectors failed. */
export function report(paths: readonly string[], { read, print }: Reporter): number {
	const total = { passed: 0, failed: 0, skipped: 0 };
	for (const path of paths) {
		const folder = path.slice(0, path.lastIndexOf("/") + 1);
		const results = runFile(read(path), read(`${folder}fixtures.json`));
		const count = { passed: 0, failed: 0, skipped: 0 };
		for (const { outcome } of results) {
			count[outcome]++;
			total[outcome]++;
		}
		print(`${path}: ${summary(count)}`);
		for (const { name, outcome, detail } of results)
			if (outcome !== "passed") print(`  ${outcome}: ${name}: ${cut(detail ?? "")}`);
	}
	print(summary(total));
	return total.failed;
}

const summary = ({ passed, failed, skipped }: { passed: number; failed: number; skipped: number }): string =>
	`${passed} passed, ${failed} failed, ${skipped} skipped`;

const cut = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)} ...` : text);

const RUNNERS: Readonly<Record<string, Runner>> = {
	exchange: runExchange,
	"client-request": runClientRequest,
	"serial-input": runSerialInput,
	"serial-encode": runSerialEncode,
	crc16: (vector) => {
		const found = crc16(unhex(String(vector["data_hex"])))
			.toString(16)
			.padStart(4, "0");
		return found === vector["crc16"] ? undefined : `expected ${vector["crc16"]}, got ${found}`;
	},
	transport: runTransport,
};

function runExchange(vector: JsonMap, fixtures: JsonMap): string | undefined {
	const device = new Device(fixtures, vector);
	const steps = vector["steps"] ? list(vector["steps"]).map(map) : [vector];
	for (let i = 0; i < steps.length; i++) {
		const responses = device.exchange(unhex(String(steps[i]!["request_hex"])));
		const difference = compareResponses(responses, map(steps[i]!["expected"]!), device.variables);
		if (difference) return steps.length > 1 ? `step ${i + 1}: ${difference}` : difference;
	}
	return undefined;
}

const UPLOAD = Object.freeze({ image: uint, len: uint, off: uint, sha: bytes, data: bytes, upgrade: bool });

function runClientRequest(vector: JsonMap, fixtures: JsonMap): string | undefined {
	const request = unhex(String(vector["request_hex"]));
	if (vector["decoded"]) {
		const fields = decodeFields(request.subarray(HEADER_SIZE), UPLOAD);
		const difference = compareValue(fields, vector["decoded"], {}, "request");
		if (difference) return difference;
	}
	for (const framing of list(vector["serial_lines"] ?? [])) {
		const input = list(map(framing)["lines_hex"]!).join("");
		const difference = inAnyCut(unhex(input), (parts) => {
			const stream = new Stream();
			const received: string[] = [];
			new ConsoleTransport(stream, { codec: scriptCodec, maxPacket: 2048 }).onPacket = (packet) =>
				received.push(hex(packet));
			stream.feed(parts);
			return received.join() === hex(request) ? undefined : `framed lines gave ${received.join() || "nothing"}`;
		});
		if (difference) return `line setting ${map(framing)["line_setting"]}: ${difference}`;
	}
	return runExchange(vector, fixtures);
}

function runSerialInput(vector: JsonMap, fixtures: JsonMap): string | undefined {
	const maxLine = Number(map(vector["config"] ?? {})["line_buffer"] ?? 4096);
	return inAnyCut(unhex(String(vector["input_hex"])), (parts) => {
		const stream = new Stream();
		const transport = new ConsoleTransport(stream, { codec: scriptCodec, maxPacket: 2048, maxLine });
		return served(vector, fixtures, transport, () => stream.feed(parts));
	});
}

/** Feeds a server through a transport and compares its responses. */
function served(vector: JsonMap, fixtures: JsonMap, transport: Transport, feed: () => void): string | undefined {
	const device = new Device(fixtures, vector);
	const responses: Uint8Array[] = [];
	transport.onPacket = (packet, reply) => {
		device.server.receive(packet, (response) => {
			responses.push(response.slice());
			reply(response);
		});
	};
	feed();
	const anyOf = vector["expected_packets_any_of"];
	const compare = (expected: readonly JsonMap[]) => compareList(responses, expected, device.variables);
	if (anyOf) return oneOf(list(anyOf), (each) => compare(list(each).map(map)));
	return compare(list(vector["expected_packets"]!).map(map));
}

/** Runs `check` with the input as a whole, byte by byte, and in sevens. */
function inAnyCut(input: Uint8Array, check: (parts: readonly Uint8Array[]) => string | undefined): string | undefined {
	for (const size of [input.length || 1, 1, 7]) {
		const parts: Uint8Array[] = [];
		for (let at = 0; at < input.length; at += size) parts.push(input.subarray(at, at + size));
		const difference = check(parts);
		if (difference) return `in pieces of ${size}: ${difference}`;
	}
	return undefined;
}

function runSerialEncode(vector: JsonMap): string | undefined {
	const found = hex(encodeConsole(unhex(String(vector["packet_hex"]))));
	// Lines are cut plainly; Zephyr's own cut is right as well.
	const plain = list(vector["lines_hex"]!).join("");
	const zephyr = vector["zephyr_lines_hex"] ? list(vector["zephyr_lines_hex"]).join("") : plain;
	return found === plain || found === zephyr ? undefined : `expected ${plain}, got ${found}`;
}

function runTransport(vector: JsonMap, fixtures: JsonMap): string | undefined {
	const maxPacket = Number(map(vector["config"] ?? {})["buf_size"] ?? 2048);
	switch (vector["transport"]) {
		case "raw-uart":
			return inAnyCut(unhex(String(vector["input_hex"])), (parts) => {
				const stream = new Stream();
				return served(vector, fixtures, new RawTransport(stream, { maxPacket }), () => stream.feed(parts));
			});
		case "udp": {
			const socket: DatagramSocket = { onDatagram: undefined, send: () => {}, close: () => {} };
			return served(vector, fixtures, new DatagramTransport(socket, { maxPacket }), () => {
				for (const datagram of list(vector["datagrams_hex"]!)) socket.onDatagram?.(unhex(String(datagram)), 1);
			});
		}
		case "ble": {
			const attMtu = Number(vector["att_mtu"] ?? 23);
			const tooLong: number[] = [];
			const characteristic: GattCharacteristic = {
				attMtu,
				onWrite: undefined,
				onUnsubscribed: undefined,
				notify: (part) => {
					if (part.length > attMtu - 3) tooLong.push(part.length);
				},
				close: () => {},
			};
			const difference = served(vector, fixtures, new BleTransport(characteristic, { maxPacket }), () => {
				for (const write of list(vector["writes_hex"]!)) characteristic.onWrite?.(unhex(String(write)));
			});
			return difference ?? (tooLong.length > 0 ? `notifications of ${tooLong} bytes` : undefined);
		}
		default:
			throw new Unsupported(`the runner does not know the transport "${vector["transport"]}"`);
	}
}

/** A byte stream that is fed by hand. */
class Stream implements ByteStream {
	onBytes: ByteStream["onBytes"];

	feed(parts: readonly Uint8Array[]): void {
		for (const part of parts) this.onBytes?.(part);
	}

	write(): void {}

	close(): void {}
}
