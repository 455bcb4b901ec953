import assert from "node:assert";
import { runProgram } from "../../cli/program.js";
import { readImageFile } from "../../client/image-file.js";
import { update } from "../clients/images.js";
import { ForeignDevice } from "./foreign-device.js";
import { Listener } from "./listener.js";

const OLD = update("1.0.0", 1500).file;
const OTHER = update("1.1.0", 1600).file;
const NEW = update("2.0.0", 3000).file;
const P384_HASH = "ab".repeat(48);
const hashOf = (file: Uint8Array): string => readImageFile(file).hash;

/** Runs a command line on a device. */
async function xsSmp(device: ForeignDevice, ...args: string[]) {
	const link = device.link();
	const listener = new Listener((packet, reply) => {
		link.onPacket = reply;
		link.send(packet.slice());
	});
	const output: string[] = [];
	const stdout = { write: (text: string | Uint8Array) => output.push(String(text)) };
	const status = await runProgram([...args, "--tcp", await listener.listen()], { stdout, stderr: stdout });
	await listener.close();
	return { status, output: output.join("") };
}

/** What a device was asked to mark. */
function marksOf(device: ForeignDevice): string[] {
	const marks: string[] = [];
	device.before = ({ op, group, command, fields }) => {
		if (group === 1 && command === 0 && op === 2) marks.push(Buffer.from(fields["hash"] as Uint8Array).toString("hex"));
		return undefined;
	};
	return marks;
}

describe("xs-smp: commands that go by hash", () => {
	it("find the image by the beginning of its hash, in capitals too", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.slots[3] = NEW;
		const marks = marksOf(device);
		const { status, output } = await xsSmp(device, "test", hashOf(NEW).slice(0, 7).toUpperCase());
		assert.equal(status, 0);
		assert.match(output, /^image 1 slot 1 {2}2\.0\.0 .* pending$/m);
		assert.deepEqual(marks, [hashOf(NEW)]);
	});

	it("take longer hashes, whole and in part", async () => {
		for (const given of [P384_HASH, P384_HASH.slice(0, 70), "cd".repeat(64)]) {
			const device = new ForeignDevice(OLD);
			const marks: Uint8Array[] = [];
			const images = [P384_HASH, "cd".repeat(64)].map((hash, image) => ({
				image,
				slot: 1,
				version: "2.0.0",
				hash: Buffer.from(hash, "hex"),
				pending: marks.length > 0,
			}));
			device.before = ({ op, group, command, fields }) => {
				if (group !== 1 || command !== 0) return undefined;
				if (op === 2) marks.push(fields["hash"] as Uint8Array);
				return { images };
			};
			assert.equal((await xsSmp(device, "test", given)).status, 0);
			assert.deepEqual(
				marks.map((hash) => hash.length),
				[given.startsWith("cd") ? 64 : 48],
			);
		}
	});

	const refusals: [what: string, slots: Uint8Array[], args: string[], status: number, output: string][] = [
		[
			"an image that is not there",
			[OLD],
			["test", "abcdef"],
			1,
			"No image on the device has a hash that begins with abcdef.\n",
		],
		[
			"a whole hash that is not there",
			[OLD],
			["confirm", P384_HASH],
			1,
			`No image on the device has a hash that begins with ${P384_HASH}.\n`,
		],
		[
			"an image that is not where it is said to be",
			[OLD, OTHER],
			["test", hashOf(OTHER), "--image", "0"],
			1,
			`No image 0 on the device has a hash that begins with ${hashOf(OTHER)}.\n`,
		],
		["an image that no device has", [OLD], ["confirm", "--image", "3"], 1, "No image 3 on the device runs.\n"],
		[
			"a hash that two images have",
			[OLD, OLD],
			["confirm", hashOf(OLD)],
			2,
			"Image 0 and image 1 both have this hash: say which is meant, with --image.\n",
		],
		[
			"what a mark would not meet",
			[OLD, OLD],
			["confirm", hashOf(OLD), "--image", "1"],
			1,
			"This very file runs as image 0, and a device marks by hash, so it would take that one.\n",
		],
		["too few digits", [OLD], ["test", "abcde"], 2, 'A hash is 6 to 128 hexadecimal digits, not "abcde".\n'],
		[
			"too many digits",
			[OLD],
			["confirm", "a".repeat(129)],
			2,
			`A hash is 6 to 128 hexadecimal digits, not "${"a".repeat(80)}…".\n`,
		],
	];
	for (const [what, running, args, status, output] of refusals)
		it(`refuse ${what}, and mark nothing`, async () => {
			const device = new ForeignDevice(...running);
			const marks = marksOf(device);
			assert.deepEqual(await xsSmp(device, ...args), { status, output });
			assert.deepEqual(marks, []);
		});

	it("refuse the beginning of two hashes", async () => {
		const device = new ForeignDevice(OLD);
		const hashes = ["abcdef01", "abcdef02"].map((start) => Buffer.from(start.padEnd(64, "0"), "hex"));
		device.before = ({ group, command }) =>
			group === 1 && command === 0
				? { images: hashes.map((hash, slot) => ({ slot, version: "1.0.0", hash, active: slot === 0 })) }
				: undefined;
		assert.deepEqual(await xsSmp(device, "test", "abcdef"), {
			status: 2,
			output: "More than one image has a hash that begins with abcdef.\n",
		});
	});

	it("say which slot to erase when two hold the same image", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.slots[1] = NEW;
		device.slots[3] = NEW;
		const hash = hashOf(NEW);
		assert.equal((await xsSmp(device, "test", hash)).status, 2);
		assert.deepEqual(await xsSmp(device, "test", hash, "--image", "1"), {
			status: 1,
			output:
				'This very file is in slot 1 of image 0 too, and a device marks by hash, so it would take that one: erase it with "xs-smp erase --slot 1" first.\n',
		});
		assert.equal((await xsSmp(device, "test", hash, "--image", "0")).status, 0);
		assert.deepEqual([...device.pending], [1]);
	});

	it("mean the image in slot 1 where they are given no hash, and say what they marked", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.slots[1] = NEW;
		const marks = marksOf(device);
		const { status, output } = await xsSmp(device, "test");
		assert.equal(status, 0);
		const hash = hashOf(NEW);
		assert.match(
			output,
			new RegExp(
				`^Version 2\\.0\\.0 in slot 1 of image 0, hash ${hash.slice(0, 16)}…, is marked for a trial at the next start\\.\\nimage 0 `,
			),
		);
		device.slots[3] = OLD;
		assert.deepEqual(await xsSmp(device, "test"), {
			status: 2,
			output: "Slot 1 of image 0 and of image 1 both hold something: say which is meant, with --image.\n",
		});
		device.slots[3] = undefined;
		const permanent = await xsSmp(device, "confirm", "--slot", "1", "--image", "0");
		assert.equal(permanent.status, 0);
		assert.match(permanent.output, /^Version 2\.0\.0 in slot 1 of image 0, .* is to run from the next start on\.\n/);
		assert.deepEqual(marks, [hash, hash]);
	});

	it("refuse to mark a slot 1 with nothing in it, or that runs", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		for (const args of [["test"], ["confirm", "--slot", "1"]])
			assert.deepEqual(await xsSmp(device, ...args), {
				status: 1,
				output: "Nothing is in slot 1: upload an image first.\n",
			});
		assert.deepEqual(await xsSmp(device, "test", "--image", "1"), {
			status: 1,
			output: "Nothing is in slot 1 of image 1: upload an image first.\n",
		});
		device.before = ({ group, command }) =>
			group === 1 && command === 0
				? { images: [{ slot: 1, version: "1.0.0", hash: Buffer.from(hashOf(OLD), "hex"), active: true }] }
				: undefined;
		assert.deepEqual(await xsSmp(device, "test"), {
			status: 1,
			output: "The image in slot 1 of image 0 runs already.\n",
		});
	});

	it("keep the running image where confirm is given nothing, whatever lies in slot 1", async () => {
		const device = new ForeignDevice(NEW);
		device.slots[1] = OLD;
		device.unconfirmed.add(0);
		for (let time = 0; time < 2; time++) {
			const { status, output } = await xsSmp(device, "confirm");
			assert.equal(status, 0);
			assert.match(output, /^Version 2\.0\.0 in slot 0 of image 0, .* is confirmed\.\n/);
		}
		assert.deepEqual([...device.pending], []);
	});

	it("erase no slot that is not there", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		assert.deepEqual(await xsSmp(device, "erase", "--slot", "4"), {
			status: 1,
			output: "The device has no slot 4; it has slots 0, 1, 2, 3.\n",
		});
		assert.ok(!device.asked.includes("1.5"));
		device.tellsSlots = false;
		assert.match((await xsSmp(device, "erase", "--slot", "4")).output, /the flash cannot be opened/);
		device.slots[3] = NEW;
		assert.equal((await xsSmp(device, "erase", "--slot", "3")).status, 0);
		assert.equal(device.slots[3], undefined);
	});

	it("keep the image that runs as another than image 0", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.unconfirmed.add(2);
		const { status, output } = await xsSmp(device, "confirm", "--image", "1");
		assert.equal(status, 0);
		assert.match(output, /^image 1 slot 0 {2}1\.1\.0 .* active confirmed$/m);
	});

	it("say that another image was marked than was meant", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.slots[3] = NEW;
		device.before = ({ op, group, command }) => {
			if (group === 1 && command === 0 && op === 2) {
				device.slots[1] = device.slots[3];
				device.slots[3] = undefined;
			}
			return undefined;
		};
		assert.deepEqual(await xsSmp(device, "test", hashOf(NEW).slice(0, 10)), {
			status: 1,
			output: "The device has marked image 0 instead of image 1.\n",
		});
	});

	it("want the whole hash where a list has none", async () => {
		const device = new ForeignDevice(OLD);
		device.slots[1] = NEW;
		device.tellsHashes = false;
		const { status, output } = await xsSmp(device, "test", "abcdef");
		assert.deepEqual([status, output], [2, "The device's list has no hashes: give the whole hash.\n"]);
		assert.equal((await xsSmp(device, "test", hashOf(NEW))).status, 0);
		assert.deepEqual([...device.pending], [1]);
	});
});
