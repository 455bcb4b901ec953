import assert from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { Simulator } from "../../tools/simulator.js";
import { describeWith, run } from "../support/tools.js";
import { type Update, update } from "./images.js";

interface Kind {
	readonly name: "version" | "counter" | "hardware";
	/** Installed and confirmed first. */
	readonly newer: Update;
	/** Must not come back. */
	readonly older: Update;
	/** What the boot log says then. */
	readonly why: RegExp;
}

const KEY = "keys/development-ec-p256.pem";

const counted = (version: string, size: number, securityCounter: number): Update =>
	update(version, size, KEY, { securityCounter });

const KINDS: readonly Kind[] = [
	{
		name: "version",
		newer: update("1.2.0", 20_000),
		older: update("1.1.9", 21_000),
		why: /image 0: downgrade refused, secondary slot erased: version 1\.1\.9 is older than 1\.2\.0/,
	},
	{
		// The versions go up: they do not count here.
		name: "counter",
		newer: counted("1.0.0", 20_000, 3),
		older: counted("2.0.0", 21_000, 2),
		why: /image 0: downgrade refused, secondary slot erased: security counter 2 is below the running 3/,
	},
	{
		name: "hardware",
		newer: counted("1.0.0", 20_000, 3),
		older: counted("2.0.0", 21_000, 2),
		why: /image 0: secondary slot: refused and erased: security counter 2 is below the stored 3/,
	},
];

/** The way in which images get onto the device and are marked. */
interface Hand {
	install(update: Update): Promise<void>;
	confirm(): Promise<void>;
	/** Version, and the hash, of each image that is there. */
	list(): Promise<readonly string[]>;
	close(): void;
}

/** The application would refuse first what is for the boot loader to refuse here. */
const options = (kind: Kind, guards = "off") => [
	"--images",
	"1",
	"--downgrade-prevention",
	kind.name,
	"--guards",
	guards,
];

const logOf = (simulator: Simulator): string =>
	simulator.events.map(({ event, line }) => (event === "log" ? String(line) : "")).join("\n");

/** What the device ran after a reset. */
async function reset(simulator: Simulator): Promise<unknown> {
	const { images } = await simulator.pressReset();
	return (images as { version: string }[])[0]?.version;
}

async function scenario(kind: Kind, simulator: Simulator, hand: Hand): Promise<void> {
	const version = async (update: Update) => {
		await hand.install(update);
		return reset(simulator);
	};
	const wanted = kind.name === "version" ? "1.2.0" : "1.0.0";
	assert.equal(await version(kind.newer), wanted);
	await hand.confirm();
	// The hardware counter follows the confirmed image at the next boot.
	assert.equal(await reset(simulator), wanted);
	assert.doesNotMatch(logOf(simulator), /refused/);
	assert.equal(await version(kind.older), wanted);
	assert.match(logOf(simulator), kind.why);
	const left = await hand.list();
	assert.deepEqual(left.includes(kind.newer.hash), true);
	assert.deepEqual(left.includes(kind.older.hash), false);
}

function clientHand(simulator: Simulator): Hand {
	const client = new SmpClient(udpLink(simulator.udp));
	return {
		install: async ({ file, hash }) => {
			await client.upload(file);
			await client.test(hash);
		},
		confirm: async () => void (await client.confirm()),
		list: async () => (await client.images()).map(({ hash }) => hash),
		close: () => client.close(),
	};
}

function newtmgrHand(simulator: Simulator): Hand {
	const connection = ["--conntype", "serial", "--connstring", `dev=${simulator.serial},baud=115200,mtu=512`];
	const newtmgr = async (...args: string[]): Promise<string> => {
		const env = { ...process.env, HOME: simulator.directory };
		const { status, output } = await run("newtmgr", [...args, ...connection], { env });
		assert.equal(status, 0, output);
		return output;
	};
	return {
		install: async ({ file, hash }) => {
			const path = join(simulator.directory, "update.bin");
			writeFileSync(path, file);
			await newtmgr("image", "upload", path);
			assert.match(await newtmgr("image", "test", hash), /flags: pending/);
		},
		confirm: async () => void (await newtmgr("image", "confirm")),
		list: async () => (await newtmgr("image", "list")).match(/[0-9a-f]{64}/g) ?? [],
		close: () => {},
	};
}

function rollbackTests(makeHand: (simulator: Simulator) => Hand): void {
	for (const kind of KINDS)
		it(`refuses an older image by ${kind.name} and says why`, async () => {
			const simulator = await Simulator.start(options(kind));
			const hand = makeHand(simulator);
			try {
				await scenario(kind, simulator, hand);
			} finally {
				hand.close();
				await simulator.stop();
			}
		});
}

describe("downgrade prevention over UDP", () => {
	rollbackTests(clientHand);

	const withDevice = async (kind: Kind, use: (simulator: Simulator, hand: Hand) => Promise<void>) => {
		const simulator = await Simulator.start(options(kind));
		const hand = clientHand(simulator);
		try {
			await use(simulator, hand);
		} finally {
			hand.close();
			await simulator.stop();
		}
	};
	const hardware = KINDS[2]!;
	const otp = (simulator: Simulator): string => readFileSync(`${simulator.flash}.otp`).toString("hex");

	it("keeps the hardware counter in the chip: a word an image, bits from the lowest up, raised once confirmed", () =>
		withDevice(hardware, async (simulator, hand) => {
			// The factory image counts 1. The second word is another image's.
			assert.equal(otp(simulator), "feffffffffffffff");
			await hand.install(hardware.newer);
			assert.equal(await reset(simulator), "1.0.0");
			assert.equal(otp(simulator), "feffffffffffffff", "on trial: a revert must stay possible");
			await hand.confirm();
			await reset(simulator);
			assert.equal(otp(simulator), "f8ffffffffffffff");
		}));

	it("takes the highest counter that the chip can keep, and refuses the next before it is installed", () =>
		withDevice(hardware, async (simulator, hand) => {
			await hand.install(counted("33.0.0", 9_000, 33));
			assert.equal(await reset(simulator), "0.0.0");
			assert.match(logOf(simulator), /security counter 33 cannot be stored: the hardware counts to 32/);
			await hand.install(counted("32.0.0", 9_000, 32));
			assert.equal(await reset(simulator), "32.0.0");
			await hand.confirm();
			assert.equal(await reset(simulator), "32.0.0");
			assert.equal(otp(simulator), "00000000ffffffff");
		}));

	it("refuses an image without a counter where counters count", async () => {
		const plain = update("9.0.0", 9_000);
		for (const [kind, why] of [
			[KINDS[1]!, /the new image has no security counter/],
			[hardware, /secondary slot: refused and erased: no security counter/],
		] as const)
			await withDevice(kind, async (simulator, hand) => {
				await hand.install(plain);
				assert.equal(await reset(simulator), "0.0.0");
				assert.match(logOf(simulator), why);
			});
	});

	it("boots nothing that is below the chip's counter, and says so", () =>
		withDevice(hardware, async (simulator) => {
			writeFileSync(`${simulator.flash}.otp`, Uint8Array.of(0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
			simulator.process.stdin!.write("reset\n");
			const { reason } = await simulator.next("halt");
			assert.match(String(reason), /security counter 1 is below the stored 4/);
		}));

	it("tells clients that versions do not go back", async () => {
		for (const kind of KINDS)
			await withDevice(kind, async (simulator) => {
				const client = new SmpClient(udpLink(simulator.udp));
				const { noDowngrade } = await client.bootloaderMode();
				client.close();
				assert.equal(noDowngrade, kind.name === "version");
			});
	});
});

describeWith("newtmgr", "downgrade prevention", () => rollbackTests(newtmgrHand));
