import assert from "node:assert";
import { application } from "../../apps/own-group/application.js";
import { THERMOSTAT_GROUP } from "../../apps/own-group/thermostat.js";
import { SmpClient } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { upgrade } from "../../client/upgrade.js";
import { Op } from "../../modules/smp/header.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";
import { update } from "../clients/images.js";
import { keepBackup, keepBackupMode } from "../unit/bootutil/keep-backup.js";
import { OwnBoard } from "./board.js";
import { SlipTransport, slipLink } from "./slip.js";

// What docs/ADDING.md says of additions, done: a device whose group, transport, mode and board are all its own, one file
// each, and nothing of the product changed. A client upgrades it.

/** Both ends of a serial line. */
function serialLine(): readonly [ByteStream, ByteStream] {
	const end = (other: () => ByteStream): ByteStream => ({
		onBytes: undefined,
		write: (bytes) => {
			const copy = bytes.slice();
			setImmediate(() => other().onBytes?.(copy));
		},
		close: () => {},
	});
	const ends: readonly [ByteStream, ByteStream] = [end(() => ends[1]), end(() => ends[0])];
	return ends;
}

describe("additions, one file each", () => {
	const old = update("1.0.0", 9_000);
	const fresh = update("2.0.0", 20_000);
	let board: OwnBoard;
	let line: ByteStream;
	let client: SmpClient;

	beforeEach(() => {
		const [device, desk] = serialLine();
		line = desk;
		board = new OwnBoard({
			boot: { mode: keepBackupMode, images: 1, maxAlign: 8, maxSectors: 16, trailer: "current" },
			strategy: keepBackup,
			application,
			links: (maxPacket) => [{ name: "slip", transport: new SlipTransport(device, maxPacket) }],
		});
		board.memory("image-0").set(old.file);
		board.start();
		client = new SmpClient(slipLink(desk));
	});

	afterEach(() => {
		client.close();
		board.off();
	});

	it("a group: a client calls it", async () => {
		await client.request(anyCommand(Op.WRITE, THERMOSTAT_GROUP, 1), { room: "kitchen", target: 21 });
		assert.deepEqual(await client.request(anyCommand(Op.READ, THERMOSTAT_GROUP, 1), { room: "kitchen" }), {
			target: 21,
		});
	});

	it("a transport: a frame that is too long is dropped and told in the log, and the next one gets through", async () => {
		line.write(new Uint8Array(2000));
		assert.equal(await client.echo("é\u00c0\u00db"), "é\u00c0\u00db");
		assert.match(board.console.join("\n"), /<wrn> smp: slip: .*rx_too_long/);
	});

	it("a mode: the device tells its number, and how large an image may be", async () => {
		assert.equal((await client.bootloaderMode()).mode, keepBackupMode.number);
		// Slots of 64 KiB, without the trailer's five last fields.
		assert.deepEqual(
			(await client.slots()).map(({ maxImageSize }) => maxImageSize),
			[65_536 - 40, 65_536 - 40],
		);
	});

	it("a board: a client upgrades it, and the update stays in the secondary slot", async () => {
		assert.match(board.console.join("\n"), /image 0: version 1\.0\.0, confirmed/);
		const result = await upgrade(client, fresh.file);
		assert.deepEqual([result.version, result.previous, result.confirmed], ["2.0.0", "1.0.0", true]);
		for (const label of ["image-0", "image-1"])
			assert.deepEqual(board.memory(label).subarray(0, fresh.file.length), fresh.file, label);
		assert.match(board.console.join("\n"), /image 0: version 2\.0\.0, confirmed/);
	});
});
