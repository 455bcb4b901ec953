import assert from "node:assert";
import { ARCHIVE_MAGIC } from "../../modules/bootutil/archive.js";
import { archiveImage } from "../support/application.js";
import { Device, SECONDARY } from "./device.js";

// An image with an application: explain names the runtime that it is for, or what is wrong with the archive.

describe("explain: applications in images", () => {
	const RUNTIME = "5a".repeat(32);
	const archive = {
		runtime: RUNTIME,
		lines: true,
		main: "main",
		keys: ["kitchen"],
		modules: [{ name: "main", code: Uint8Array.of(1, 2, 3) }],
		imports: ["xs-smp/modules/smp/group"],
		policy: "",
	};

	/** What explain finds in the secondary slot with this image. */
	function found(mode: "move" | "offset", image: Uint8Array) {
		const device = new Device(mode);
		device.memory.fill(0xff, SECONDARY, SECONDARY + 0x80000);
		device.memory.set(image, SECONDARY + device.start);
		const { primary, secondary } = device.json().images[0]!;
		assert.strictEqual(primary.images[0]!.archive, null);
		return { archive: secondary.images[0]!.archive, text: device.explain() };
	}

	for (const mode of ["move", "offset"] as const)
		it(`names the runtime, ${mode}`, () => {
			const { archive: said, text } = found(mode, archiveImage(archive, "3.0.0", RUNTIME));
			assert.deepEqual(said, { runtime: RUNTIME });
			assert.match(text, new RegExp(`secondary +3\\.0\\.0, .*\n +an application for the runtime ${RUNTIME}\n`));
		});

	it("names what is wrong with an archive", () => {
		const cut = new Uint8Array(200);
		new DataView(cut.buffer).setUint32(0, ARCHIVE_MAGIC, true);
		new DataView(cut.buffer).setUint16(4, 1, true);
		new DataView(cut.buffer).setUint32(8, 201, true);
		const { archive: said, text } = found("move", archiveImage(cut, "3.0.0", RUNTIME));
		assert.deepEqual(said, { problem: "The archive is cut short." });
		assert.match(text, /\n +an application that does not run: The archive is cut short\.\n/);
	});

	it("says nothing of bytes that are opaque, nor of a header that leads out of the slot", () => {
		const opaque = archiveImage(new Uint8Array(200), "3.0.0", RUNTIME);
		assert.strictEqual(found("move", opaque).archive, null);
		const long = archiveImage(archive, "3.0.0", RUNTIME);
		new DataView(long.buffer, long.byteOffset).setUint32(12, 0x7fffffff, true);
		const { archive: said, text } = found("move", long);
		assert.strictEqual(said, null);
		assert.doesNotMatch(text, /an application for/);
	});
});
