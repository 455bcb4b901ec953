import assert from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LESSON_IMAGES } from "../../hosts/desk/node/page-protocol.js";
import { inspectImage } from "../../image/inspect.js";
import { parseKey } from "../../image/keys.js";
import { root, Simulator } from "../../tools/simulator.js";

describe("page: images for lessons", () => {
	const development = parseKey(readFileSync(join(root, "keys/development-ec-p256.pem"), "utf8"));

	it("are good images, but for the stranger's, whose signature nobody trusts", async () => {
		const device = await Simulator.start(["--page", "0", "--images", "1"]);
		for (const name of LESSON_IMAGES) {
			const response = await fetch(new URL(`/lesson/${name}?version=1.2.3`, device.page));
			assert.equal(response.status, 200, name);
			const image = new Uint8Array(await response.arrayBuffer());
			const { header, digest, signatures, archive } = inspectImage(image, {
				keys: [{ name: "development", key: development }],
			});
			assert.equal(header.version, "1.2.3");
			assert.equal(digest?.good, true);
			assert.deepEqual(
				signatures.map(({ result }) => result === "good"),
				[name !== "stranger"],
				name,
			);
			const expected = ["firmware", "stranger"].includes(name) ? undefined : `application/${name}`;
			assert.equal(archive?.main, expected);
		}
		for (const path of ["/lesson/none?version=1.2.3", "/lesson/firmware", "/lesson/firmware?version=1.2.x"])
			assert.equal((await fetch(new URL(path, device.page))).status, 404, path);
		await device.stop();
	});

	it("hold no application for firmware that runs none", async () => {
		const device = await Simulator.start(["--page", "0", "--images", "1", "--app", "smp-svr-minimal"]);
		const ask = (name: string): Promise<Response> => fetch(new URL(`/lesson/${name}?version=1.2.3`, device.page));
		assert.equal((await ask("firmware")).status, 200);
		const refused = await ask("thermostat");
		assert.equal(refused.status, 500);
		assert.match(
			await refused.text(),
			/^This device runs no applications in images, and the lesson needs one that does: /,
		);
		await device.stop();
	});

	it("are for those who may change the device", async () => {
		const device = await Simulator.start(["--page", "0.0.0.0:0", "--images", "1"]);
		const { port, searchParams } = new URL(device.page);
		const status = async (token: string): Promise<number> =>
			(await fetch(`http://127.0.0.1:${port}/lesson/firmware?version=1.2.3&token=${token}`)).status;
		assert.equal(await status("0"), 403);
		assert.equal(await status(searchParams.get("token")!), 200);
		await device.stop();
	});
});
