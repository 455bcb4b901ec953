import assert from "node:assert";
import { H4 } from "../../../modules/bluetooth/h4.js";
import { concat, hex, TestStream, unhex } from "../smp/support.js";

const EVENT = unhex("04 0e 04 01 03 0c 00");
const ACL = unhex("02 42 20 05 00 01 00 04 00 ff");

/** What comes out of `bytes` that arrive in pieces of `size`, and how often the two were out of step. */
function received(bytes: Uint8Array, size: number): { packets: string[]; lost: number } {
	const stream = new TestStream();
	const h4 = new H4(stream);
	const packets: string[] = [];
	let lost = 0;
	h4.onPacket = (indicator, packet) => packets.push(`${indicator} ${hex(packet)}`);
	h4.onLost = () => lost++;
	stream.feed(bytes, size);
	return { packets, lost };
}

const E = "4 0e0401030c00";
const A = "2 4220050001000400ff";

describe("HCI on a byte stream", () => {
	const scenarios: [string, Uint8Array, string[], number?][] = [
		["packets back to back", concat(EVENT, ACL, EVENT), [E, A, E]],
		["an event without parameters", unhex("04 ff 00"), ["4 ff00"]],
		[
			"synchronous and isochronous data",
			concat(unhex("03 01 00 02 aa bb 05 01 00 01 00 cc"), EVENT),
			["3 010002aabb", "5 01000100cc", E],
		],
		["an ACL packet that is too long", concat(unhex("02 42 20 00 10"), new Uint8Array(4096).fill(4), EVENT), [E]],
		["a packet that is not whole", ACL.subarray(0, 9), []],
		["a byte that begins no packet, up to the answer to a reset", concat(unhex("07"), ACL, EVENT, ACL), [E, A], 1],
		["parts of the answer before it", concat(unhex("00 04 0e 04 0e 04 0e"), EVENT, ACL), [E, A], 1],
		[
			"the answer with another number of commands",
			concat(unhex("ff"), unhex("04 0e 04 05 03 0c 00"), ACL),
			["4 0e0405030c00", A],
			1,
		],
	];
	for (const [name, bytes, packets, lost = 0] of scenarios)
		it(name, () => {
			for (const size of [bytes.length, 1, 2, 3, 5, 7]) assert.deepEqual(received(bytes, size), { packets, lost });
		});

	it("passes no longer packet than it has room for", () => {
		const longest = 4 + 517;
		const acl = (length: number) =>
			concat(unhex("02 42 20"), Uint8Array.of(length & 0xff, length >> 8), new Uint8Array(length));
		assert.equal(received(acl(longest), 100).packets.length, 1);
		assert.equal(received(concat(acl(longest + 1), EVENT), 100).packets.length, 1);
	});

	it("begins anew with another stream", () => {
		const stream = new TestStream();
		const h4 = new H4(stream);
		const packets: string[] = [];
		h4.onPacket = (indicator, packet) => packets.push(`${indicator} ${hex(packet)}`);
		for (const before of ["04 0e", "ff", "02 42 20 00 10"]) {
			stream.feed(unhex(before));
			h4.restart();
			stream.feed(ACL);
		}
		assert.deepEqual(packets, [A, A, A]);
		h4.close();
		assert.ok(stream.closed);
	});
});
