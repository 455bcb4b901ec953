import assert from "node:assert";
import { consoleLink } from "../../client/console.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import { ascii, concat, hex, random, TestStream } from "../unit/smp/support.js";

const SHORT = Uint8Array.from({ length: 20 }, (_, i) => i);
/** Four lines. */
const LONG = Uint8Array.from({ length: 300 }, (_, i) => i * 7);

/** The lines of a frame, without their LF. */
function linesOf(packet: Uint8Array): Uint8Array[] {
	const frame = encodeConsole(packet);
	const lines: Uint8Array[] = [];
	for (let at = 0; at < frame.length; ) {
		const end = frame.indexOf(0x0a, at);
		lines.push(frame.subarray(at, end));
		at = end + 1;
	}
	return lines;
}

/** Packets that a client takes from these bytes, which arrive in pieces of this size. */
function taken(bytes: Uint8Array, size: number): string[] {
	const stream = new TestStream();
	const link = consoleLink(stream);
	const packets: string[] = [];
	link.onPacket = (packet) => packets.push(hex(packet));
	stream.feed(bytes, size);
	return packets;
}

const everyCut = (bytes: Uint8Array, ...packets: readonly Uint8Array[]): void => {
	for (const size of [1, 2, 3, 7, 64, 10_000])
		assert.deepEqual(taken(bytes, size), packets.map(hex), `in pieces of ${size}`);
};

const LF = ascii("\n");

describe("client on a shared console", () => {
	/** What is in front, and whether it would break a frame off that has begun. */
	const fronts: [what: string, front: string, breaks?: true][] = [
		["at the start of a line", ""],
		["behind a prompt", "uart:~$ "],
		["behind a prompt with terminal control", "\r\n\x1b[1;32muart:~$ \x1b[m\x1b[8D\x1b[J"],
		["behind a log line that is not at its end", "[00:00:01.234,000] <inf> smp_sample: build time"],
		["behind a half marker", "\x06"],
		["behind another half marker", "\x04"],
		["behind the first bytes of a frame that was cut off", "\x06\x09AAxx", true],
		["behind base64 of a frame that is nobody's", "\x04\x14AAAA", true],
	];
	for (const [what, front, breaks] of fronts)
		it(`finds a frame ${what}`, () => {
			const line = (bytes: Uint8Array): Uint8Array => concat(ascii(front), bytes, LF);
			everyCut(concat(line(linesOf(SHORT)[0]!), line(linesOf(SHORT)[0]!)), SHORT, SHORT);
			// The other lines of a frame may have text in front as well.
			const [first, ...rest] = linesOf(LONG);
			if (!breaks) everyCut(concat(line(first!), ...rest.map(line)), LONG);
		});

	it("finds a frame between whole lines of other text, with CR and without", () => {
		for (const end of ["\n", "\r\n"]) {
			const lines = linesOf(LONG).flatMap((line) => [ascii(`<inf> text${end}`), line, ascii(end)]);
			everyCut(concat(...lines, ascii(`uart:~$ ${end}`)), LONG);
		}
	});

	it("takes nothing that is none", () => {
		everyCut(ascii("\x06 \x09\x06\x08AAAA\nuart:~$ \x04\x13AAAA\n\x06\x09====\n\x04\x14AAAA\n"));
		const [line] = linesOf(SHORT);
		everyCut(concat(line!.subarray(0, 12), ascii("<inf> in between"), line!.subarray(12), LF));
	});

	it("finds every frame among noise", () => {
		for (let seed = 1; seed <= 30; seed++) {
			const next = random(seed);
			const noise = (): Uint8Array =>
				Uint8Array.from({ length: next(60) }, () => {
					const byte = next(256);
					return byte === 0x06 || byte === 0x04 ? 0x20 : byte;
				});
			const packets = Array.from({ length: 10 }, (_, i) => LONG.subarray(0, 8 + i * 25));
			const bytes = packets.flatMap((packet) => linesOf(packet).flatMap((line) => [noise(), line, LF]));
			assert.deepEqual(taken(concat(...bytes), 1 + next(100)), packets.map(hex), `seed ${seed}`);
		}
	});

	it("hears nothing more once it is closed", () => {
		const stream = new TestStream();
		const link = consoleLink(stream);
		link.onPacket = () => assert.fail();
		link.close();
		stream.feed(encodeConsole(SHORT));
		assert.ok(stream.closed);
	});
});
