import assert from "node:assert";
import { SmpClient } from "../../client/client.js";
import { readImageFile } from "../../client/image-file.js";
import { type UpgradeOptions, type UpgradeStep, upgrade } from "../../client/upgrade.js";
import { update } from "../clients/images.js";
import { ForeignDevice } from "./foreign-device.js";

const OLD = update("1.0.0", 1500).file;
const OTHER = update("1.1.0", 1600).file;
const NEW = update("2.0.0", 9000).file;
const THEIRS = update("3.0.0", 9000).file;

const clientOf = (device: ForeignDevice): SmpClient => new SmpClient(device.link(), { timeout: 50, tries: 3 });

const updateOf = (device: ForeignDevice, options: UpgradeOptions = {}, file = NEW) =>
	upgrade(clientOf(device), file, { settle: 0, wait: 20_000, ...options });

/** Asserts that nothing was sent, and why. */
async function refusesBefore(device: ForeignDevice, action: Promise<unknown>, message: string | RegExp): Promise<void> {
	await assert.rejects(action, { message });
	assert.equal(device.uploads, 0, "nothing is sent");
}

/** Breaks an upload off in the middle. */
async function breakOff(device: ForeignDevice, file: Uint8Array, image: number): Promise<void> {
	device.before = ({ group, command, fields }) =>
		group === 1 && command === 1 && Number(fields["off"]) > 4000 ? { rc: 10 } : undefined;
	await assert.rejects(clientOf(device).upload(file, { image }));
	device.before = () => undefined;
	assert.ok(device.session);
}

describe("client and the image that an upload is for", () => {
	it("an upload that the device goes on with in another image is no success", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		await breakOff(device, NEW, 1);
		await assert.rejects(clientOf(device).upload(NEW, { image: 0 }), {
			message:
				'the device went on with an earlier upload of this file, and has it in slot 1 of image 1 instead of image 0: erase that with "xs-smp erase --slot 3" and upload the file again',
		});
		await clientOf(device).erase(3);
		await clientOf(device).upload(NEW, { image: 0 });
		assert.deepEqual([device.slots[1], device.slots[3]], [NEW, undefined]);
	});

	it("an upload that goes on in the same image is one", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		await breakOff(device, NEW, 1);
		const { resumed } = await clientOf(device).upload(NEW, { image: 1 });
		assert.ok(resumed > 4000);
		assert.deepEqual(device.slots[3], NEW);
	});

	for (const tellsSlots of [true, false])
		it(`an image that the device does not have gets nothing, ${tellsSlots ? "by its slots" : "by its list"}`, async () => {
			for (const [running, message] of [
				[[OLD], "the device has no image 3; it has only image 0"],
				[[OLD, OTHER], "the device has no image 3; it has images 0, 1"],
			] as const) {
				const device = new ForeignDevice(...running);
				device.tellsSlots = tellsSlots;
				await refusesBefore(device, clientOf(device).upload(NEW, { image: 3 }), message);
				await refusesBefore(device, updateOf(device, { image: 3 }), message);
			}
		});

	it("a device that takes uploads for every slot has numbers of its own for them", async () => {
		const device = new ForeignDevice(OLD);
		const slots = [0, 1].map((slot) => ({ slot, size: 65536, upload_image_id: slot + 1 }));
		device.before = ({ group, command }) =>
			group === 1 && command === 6 ? { images: [{ image: 0, slots }] } : undefined;
		await clientOf(device).upload(NEW, { image: 2 });
		assert.deepEqual(device.slots[1], NEW);
		const plain = new ForeignDevice(OLD);
		await refusesBefore(plain, clientOf(plain).upload(NEW, { image: 2 }), /no image 2/);
	});

	it("a list that tells nothing of what runs or of hashes, as in recovery, is no reason to refuse", async () => {
		const device = new ForeignDevice(OLD);
		device.tellsSlots = false;
		device.tellsHashes = false;
		await clientOf(device).upload(NEW);
		assert.deepEqual(device.slots[1], NEW);
		device.before = ({ op, group, command }) =>
			group === 1 && command === 0 && op === 0 ? { images: [{ slot: 0, version: "1.0.0" }] } : undefined;
		await clientOf(device).upload(THEIRS, { image: 1 });
		assert.deepEqual(device.slots[1], THEIRS);
	});

	it("a device that answers the question for its slots in its own way is asked for its list", async () => {
		const device = new ForeignDevice(OLD);
		for (const answer of [{ slots: 2 }, { images: [] }, { images: 7 }]) {
			device.before = ({ group, command }) => (group === 1 && command === 6 ? answer : undefined);
			const only = "the device has no image 1; it has only image 0";
			await refusesBefore(device, clientOf(device).upload(NEW, { image: 1 }), only);
		}
		await clientOf(device).upload(NEW);
		assert.deepEqual(device.slots[1], NEW);
	});

	it("a file that is not in the list in the end is no success", async () => {
		for (const [file, message] of [
			[undefined, "the device has taken the file, but lists no such image in image 0"],
			[THEIRS, "the slot holds version 3.0.0 with another hash after the upload: another client has replaced the file"],
		] as const) {
			const device = new ForeignDevice(OLD);
			device.before = ({ op, group, command }) => {
				if (group === 1 && command === 0 && op === 0) device.slots[1] = file;
				return undefined;
			};
			await assert.rejects(clientOf(device).upload(NEW), { message });
		}
	});

	it("a file that is too long gets nowhere, and the padding is to blame if it is", async () => {
		const padded = update("2.0.0", 9000, undefined, { pad: "test", slotSize: 0x10000 }).file;
		const much = `; the image itself has ${readImageFile(padded).size}, the rest is padding up to the end of a slot: sign it without --pad`;
		const device = new ForeignDevice(OLD);
		device.maxImageSize = 60_000;
		const told = `the file has 65536 bytes, and image 0 of the device takes 60000${much}`;
		await refusesBefore(device, clientOf(device).upload(padded), told);
		await refusesBefore(device, updateOf(device, {}, padded), told);
		device.maxImageSize = 9000;
		await refusesBefore(
			device,
			clientOf(device).upload(NEW),
			`the file has ${NEW.length} bytes, and image 0 of the device takes 9000`,
		);
		const mute = new ForeignDevice(OLD);
		mute.tellsSlots = false;
		mute.slotSize = 50_000;
		await assert.rejects(clientOf(mute).upload(padded), {
			message: `the device refuses the upload: the image is too large for the slot (image group error 30): the file is too long${much}`,
		});
	});

	it("two uploads at once do not mix their files", async () => {
		const device = new ForeignDevice(OLD);
		device.before = ({ group, command, fields }) =>
			group === 1 && command === 1 && fields["off"] !== 0 ? { off: 8000 } : undefined;
		await assert.rejects(clientOf(device).upload(NEW), {
			message: "another client uploads to the device: it is at 8000 bytes of that file",
		});
	});
});

describe("client and the mark", () => {
	it("does not send what would be marked in another image", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.slots[1] = NEW;
		await refusesBefore(
			device,
			updateOf(device, { image: 1 }),
			'this very file is in slot 1 of image 0 too, and a device marks by hash, so it would take that one: erase it with "xs-smp erase --slot 1" first',
		);
		const running = new ForeignDevice(NEW, OTHER);
		await refusesBefore(
			running,
			updateOf(running, { image: 1 }),
			"this very file runs as image 0, and a device marks by hash, so it would take that one",
		);
	});

	it("updates image 0 although image 1 holds the same file", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.slots[3] = NEW;
		device.onReset = () => device.swap();
		await updateOf(device, { confirm: true });
		assert.deepEqual([device.slots[0], device.slots[2], device.slots[3]], [NEW, OTHER, NEW]);
	});

	it("is given in the image that is meant, or not at all", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.before = ({ op, group, command }) => {
			if (group !== 1 || command !== 0 || op !== 2) return undefined;
			device.slots[1] = device.slots[3];
			device.slots[3] = undefined;
			return undefined;
		};
		await assert.rejects(updateOf(device, { image: 1 }), {
			message: "the device has marked slot 1 of image 0 instead of image 1",
		});
		assert.ok(!device.asked.includes("0.5"), "no restart");
	});

	it("is taken from a device that answers it with nothing", async () => {
		const device = new ForeignDevice(OLD);
		device.onReset = () => device.swap();
		let marked = 0;
		device.before = ({ op, group, command }) => {
			if (group !== 1 || command !== 0 || op !== 2) return undefined;
			marked++;
			device.pending.add(1);
			return {};
		};
		assert.equal((await updateOf(device)).confirmed, false);
		assert.equal(marked, 1);
	});

	const replaced: [what: string, slot: Uint8Array | undefined, pending: boolean, rc: number, message: RegExp][] = [
		[
			"replaced the file",
			THEIRS,
			false,
			8,
			/^another client's upload has replaced the update: the slot holds version 3\.0\.0\. the device refuses/,
		],
		["erased it", undefined, false, 8, /^version 2\.0\.0 is not in the slot any more: another client has erased it\. /],
		["done nothing", NEW, false, 32, /^the device refuses the image state: this image may not be confirmed /],
	];
	for (const [what, slot, pending, rc, message] of replaced)
		it(`that is refused is explained when another client has ${what}`, async () => {
			const device = new ForeignDevice(OLD);
			device.before = ({ op, group, command }) => {
				if (group !== 1 || command !== 0 || op !== 2) return undefined;
				device.slots[1] = slot;
				if (pending) device.pending.add(1);
				return { err: { group: 1, rc } };
			};
			await assert.rejects(updateOf(device), { message });
		});
});

describe("client and what its file depends on", () => {
	const needs = (version: string): Uint8Array =>
		update("2.0.0", 9000, undefined, { dependencies: [{ image: 1, version }] }).file;

	it("sends nothing that the boot loader would not install", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		await refusesBefore(
			device,
			updateOf(device, {}, needs("1.1.1")),
			"the update needs image 1 in version 1.1.1 or later, and the device has version 1.1.0: update that first, or upload both and mark both for the same restart",
		);
		const empty = new ForeignDevice(OLD, OTHER);
		empty.slots[2] = undefined;
		await refusesBefore(
			empty,
			updateOf(empty, {}, needs("0.0.1")),
			/^the update needs image 1 in version 0\.0\.1 or later, and the device has none: /,
		);
	});

	it("goes on where the boot loader has one image, and looks at no other", async () => {
		for (const tellsSlots of [true, false]) {
			const device = new ForeignDevice(OLD);
			device.tellsSlots = tellsSlots;
			device.onReset = () => device.swap();
			assert.equal((await updateOf(device, {}, needs("9.0.0"))).version, "2.0.0");
		}
	});

	it("goes on where the other image runs, or waits for the same restart", async () => {
		for (const version of ["1.1.0", "3.0.0"]) {
			const device = new ForeignDevice(OLD, OTHER);
			device.onReset = () => device.swap();
			device.slots[3] = THEIRS;
			device.pending.add(3);
			assert.equal((await updateOf(device, {}, needs(version))).version, "2.0.0");
		}
	});

	it("says what an update waits for after the restart", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.slots[3] = THEIRS;
		device.pending.add(3);
		device.onReset = () => {
			device.slots[3] = undefined;
			device.pending.delete(3);
		};
		await assert.rejects(updateOf(device, {}, needs("3.0.0")), {
			message:
				"version 1.0.0 runs, and the update still waits for a later start: the boot loader wants image 1 in version 3.0.0 or later, and the device has version 1.1.0",
		});
	});
});

describe("client after the restart", () => {
	const [ran] = [update("2.0.0", 9000)];

	it("does not blame others for an image that was to change as well", async () => {
		const device = new ForeignDevice(OLD, OTHER);
		device.slots[3] = THEIRS;
		device.pending.add(3);
		device.onReset = () => {
			device.slots[1] = undefined;
			device.pending.delete(1);
			device.swap();
		};
		await assert.rejects(updateOf(device), { message: /^the boot loader did not accept the update; version 1\.0\.0 / });
	});

	const outcomes: [what: string, running: Uint8Array[], onReset: (device: ForeignDevice) => void, message: string][] = [
		[
			"is back unchanged",
			[OLD],
			(device) => {
				device.slots[1] = undefined;
			},
			"the boot loader did not accept the update; version 1.0.0 runs as before. Is it signed with a key that the device trusts?",
		],
		[
			"is back, and the update waits on",
			[OLD],
			(device) => {
				device.silent = 1;
			},
			"version 1.0.0 runs, and the update still waits for a later start",
		],
		[
			"has run the update and taken it back",
			[OLD],
			(device) => device.pending.clear(),
			"the update ran, but nobody confirmed it before the device restarted once more: version 1.0.0 runs again",
		],
		[
			"runs another client's update",
			[OLD],
			(device) => {
				device.slots[0] = THEIRS;
				device.slots[1] = OLD;
			},
			"version 3.0.0 runs, which is not what was sent: another client's update has replaced it",
		],
		[
			"holds another client's update",
			[OLD],
			(device) => {
				device.slots[1] = THEIRS;
			},
			"version 1.0.0 runs as before, and the slot holds version 3.0.0: another client's upload has replaced the update",
		],
		[
			"has changed another image",
			[OLD, OTHER],
			(device) => {
				device.slots[1] = undefined;
				device.slots[2] = THEIRS;
			},
			"version 1.0.0 runs as before and the update is gone, while image 1 has changed to version 3.0.0: another client has updated the device",
		],
		[
			"has the update in another image",
			[OLD, OTHER],
			(device) => {
				device.slots[1] = undefined;
				device.slots[2] = ran.file;
			},
			"the device has installed version 2.0.0 as image 1, not as image 0",
		],
	];
	for (const [what, running, onReset, message] of outcomes)
		it(`tells that the device ${what}`, async () => {
			const device = new ForeignDevice(...running);
			device.onReset = onReset;
			await assert.rejects(updateOf(device), { message });
		});

	it("tells that the device does not come back", async () => {
		const device = new ForeignDevice(OLD);
		device.onReset = () => {
			device.silent = Number.POSITIVE_INFINITY;
		};
		await assert.rejects(updateOf(device, { wait: 1000 }), {
			message: "the device did not come back with the update within 1 s",
		});
	});

	it("waits for a device that takes its time to restart", async () => {
		const device = new ForeignDevice(OLD);
		let lists = 0;
		device.before = ({ group, command }) => {
			if (device.asked.includes("0.5") && group === 1 && command === 0 && ++lists === 3) device.swap();
			return undefined;
		};
		const steps: UpgradeStep["step"][] = [];
		const { version } = await updateOf(device, { onStep: ({ step }) => void steps.push(step) });
		assert.deepEqual([version, steps], ["2.0.0", ["found", "uploaded", "marked", "restarting", "running"]]);
	});

	it("tells that a device answers all the time, and has perhaps not restarted", async () => {
		await assert.rejects(updateOf(new ForeignDevice(OLD), { wait: 1000 }), {
			message: "version 1.0.0 runs, and the update still waits for a later start after 1 s; has the device restarted?",
		});
	});

	it("says how things stand when the device refuses to restart", async () => {
		const device = new ForeignDevice(OLD);
		device.before = ({ group, command }) => (group === 0 && command === 5 ? { rc: 10, rsn: "not now" } : undefined);
		await assert.rejects(updateOf(device), {
			message:
				"the device refuses the reset: it is busy (rc 10): not now; the update is marked, and will be installed at the next restart",
		});
	});

	it("does not confirm another client's update", async () => {
		const device = new ForeignDevice(OLD);
		device.onReset = () => device.swap();
		device.before = ({ op, group, command, fields }) => {
			if (group === 1 && command === 0 && op === 2 && fields["confirm"]) device.slots[0] = THEIRS;
			return undefined;
		};
		await assert.rejects(updateOf(device, { confirm: true }), {
			message: "version 3.0.0 runs by now: another client's update has replaced version 2.0.0",
		});
	});

	it("needs no mark where the boot loader runs the newest image, and says that an older one does not run", async () => {
		for (const newest of [true, false]) {
			const device = new ForeignDevice(OLD);
			device.onReset = () => device.swap();
			device.before = ({ op, group, command }) => {
				if (group !== 1 || command !== 0) return undefined;
				if (newest && device.slots[1]) device.pending.add(1);
				return op === 2 ? { rc: 8 } : undefined;
			};
			if (newest) assert.equal((await updateOf(device)).version, "2.0.0");
			else
				await assert.rejects(updateOf(device), {
					message:
						"the device takes no marks: its boot loader runs the newest image, and version 2.0.0 is not newer than what runs",
				});
		}
	});
});
