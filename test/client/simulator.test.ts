import assert from "node:assert";
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEVELOPMENT_KEY } from "../../apps/locked-down/rules.js";
import { keepUnlocked } from "../../client/access.js";
import { SmpClient, SmpResponseError } from "../../client/client.js";
import type { Link } from "../../client/link.js";
import { serialLink } from "../../client/node/serial.js";
import { tcpLink } from "../../client/node/tcp.js";
import { udpLink } from "../../client/node/udp.js";
import { type UpgradeStep, upgrade } from "../../client/upgrade.js";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { run } from "../support/tools.js";
import { LossyLink } from "./links.js";

const RAW = "a raw serial line";

const LINKS: Readonly<Record<string, (simulator: Simulator) => Link>> = {
	serial: (simulator) => serialLink(simulator.serial),
	[RAW]: (simulator) => serialLink(simulator.serial, 115200, { raw: true }),
	UDP: (simulator) => udpLink(simulator.udp),
	TCP: (simulator) => tcpLink(simulator.tcp),
};

const optionsOf = (link: string): readonly string[] => (link === RAW ? ["--uart", "raw"] : []);

async function withDevice(options: readonly string[], use: (simulator: Simulator) => Promise<void>): Promise<void> {
	const simulator = await Simulator.start(options);
	try {
		await use(simulator);
	} finally {
		await simulator.stop();
	}
}

async function withClient<T>(link: Link, use: (client: SmpClient) => Promise<T>, tries = 20): Promise<T> {
	const client = new SmpClient(link, { timeout: 300, tries });
	try {
		return await use(client);
	} finally {
		client.close();
	}
}

describe("client and simulator", () => {
	for (const [name, open] of Object.entries(LINKS)) {
		it(`update and confirm, over ${name}`, () =>
			withDevice(["--images", "2", "--tcp", "0", ...optionsOf(name)], async (simulator) => {
				for (const image of [0, 1]) {
					const { file, hash } = update("0.0.1", 20_000 + image);
					const steps: string[] = [];
					const onStep = ({ step }: UpgradeStep) => void steps.push(step);
					await withClient(open(simulator), async (client) => {
						const result = await upgrade(client, file, { image, confirm: true, onStep });
						assert.deepEqual(result, { image, version: "0.0.1", hash, previous: "0.0.0", confirmed: true });
						const running = (await client.images()).find((entry) => entry.image === image && entry.active);
						assert.deepEqual([running?.hash, running?.confirmed], [hash, true]);
						await upgrade(client, file, { image, onStep });
					});
					assert.deepEqual(steps, [
						...["found", "uploaded", "marked", "forecast", "restarting", "running", "confirmed"],
						...["found", "already-running"],
					]);
				}
			}));

		// Over TCP nothing gets lost but the connection.
		if (name === "TCP") continue;
		it(`an upload over ${name} that loses, doubles and reorders packets`, () =>
			withDevice(["--images", "1", ...optionsOf(name)], async (simulator) => {
				for (const seed of [1, 2, 3]) {
					const { file, hash } = update(`0.0.${seed}`, 60_000);
					const link = new LossyLink(open(simulator), seed, { dropped: 3, doubled: 3, late: 5 });
					await withClient(link, async (client) => {
						assert.equal((await client.upload(file)).match, true);
						assert.ok((await client.images()).some((entry) => entry.hash === hash));
					});
				}
			}));
	}

	// The line is a console or raw, not both.
	const framed = Object.keys(LINKS)
		.filter((name) => name !== RAW)
		.map((name) => LINKS[name]!);
	it("update and confirm on a device that locks itself at each start, over every link", () =>
		withDevice(["--app", "locked-down", "--images", "1", "--tcp", "0"], async (simulator) => {
			let previous = "0.0.0";
			for (const [at, open] of framed.entries()) {
				const version = `0.0.${at + 1}`;
				const { file, hash } = update(version, 20_000);
				await withClient(open(simulator), async (client) => {
					await assert.rejects(
						upgrade(client, file, { confirm: true }),
						(error) => error instanceof SmpResponseError && error.denied,
					);
					assert.equal(await keepUnlocked(client, Uint8Array.from(DEVELOPMENT_KEY)), 600);
					const result = await upgrade(client, file, { confirm: true });
					assert.deepEqual(result, { image: 0, version, hash, previous, confirmed: true });
				});
				previous = version;
			}
		}));

	const killed: [string, string[], (resumed: number) => boolean][] = [
		["goes on", [], (resumed) => resumed > 40_000 && resumed % 4096 === 0],
		["starts again without a journal", ["--layout", join(root, "layouts/guide-bare.json")], (resumed) => resumed === 0],
	];
	for (const [what, options, right] of killed)
		it(`an upload in whose middle the device is killed ${what}`, async () => {
			const directory = freshDirectory();
			const { file } = update("0.0.1", 200_000);
			let simulator = await Simulator.start(["--images", "1", ...options], directory);
			let killed: Promise<void> | undefined;
			const upload = (client: SmpClient) =>
				client.upload(file, {
					onProgress: (offset) => {
						if (offset > 50_000) killed ??= simulator.kill();
					},
				});
			await assert.rejects(withClient(serialLink(simulator.serial), upload, 2), {
				message: `no answer to the upload: the serial line ${simulator.serial} is gone`,
			});
			await killed;
			simulator = await Simulator.start(["--images", "1", ...options], directory);
			try {
				await withClient(serialLink(simulator.serial), async (client) => {
					const { match, resumed } = await client.upload(file);
					assert.equal(match, true);
					assert.ok(right(resumed), String(resumed));
				});
			} finally {
				await simulator.stop();
			}
		});

	it("a serial line that goes away with the device, and comes back with it", async () => {
		const directory = freshDirectory();
		let simulator = await Simulator.start(["--images", "1"], directory);
		// A time-out would end no test.
		const client = new SmpClient(serialLink(simulator.serial), { timeout: 60_000, tries: 1 });
		const gone = { message: `no answer to the image state: the serial line ${simulator.serial} is gone` };
		try {
			assert.equal((await client.images()).length, 1);
			await simulator.kill();
			await assert.rejects(client.images(), gone);
			await assert.rejects(client.images(), gone);
			simulator = await Simulator.start(["--images", "1"], directory);
			assert.equal((await client.images()).length, 1);
		} finally {
			client.close();
			await simulator.stop();
		}
	});

	for (const [name, open] of Object.entries(LINKS))
		it(`an upload over ${name} in whose middle the reset button is pressed`, () =>
			withDevice(["--images", "1", "--tcp", "0", ...optionsOf(name)], async (simulator) => {
				const { file } = update("0.0.1", 200_000);
				let pressed: Promise<unknown> | undefined;
				await withClient(open(simulator), async (client) => {
					const result = await client.upload(file, {
						onProgress: (offset) => {
							if (offset > 60_000) pressed ??= simulator.pressReset();
						},
					});
					assert.equal(result.match, true);
				});
				await pressed;
			}));

	it("updates of three clients at once: one runs, and the others are told so", () =>
		withDevice(["--images", "1"], async (simulator) => {
			const updates = ["0.0.1", "0.0.2", "0.0.3"].map((version) => update(version, 60_000));
			const outcomes = await Promise.all(
				updates.map(({ file }) =>
					withClient(udpLink(simulator.udp), (client) =>
						upgrade(client, file, { wait: 20_000 }).then(
							({ version }) => version,
							({ message }: Error) => message,
						),
					),
				),
			);
			const [runs] = (await withClient(udpLink(simulator.udp), (client) => client.images())).filter(
				({ active }) => active,
			);
			assert.ok(outcomes.includes(runs!.version), outcomes.join("\n"));
			// One that ran for a moment is no lie either.
			for (const outcome of outcomes.filter((each) => !/^0\.0\.\d$/.test(each)))
				assert.match(outcome, /another client|is busy|in use|on trial|pending|waits for the next/, outcomes.join("\n"));
		}));

	it("an update that the boot loader does not take", () =>
		withDevice(["--images", "1"], async (simulator) => {
			const { file } = update("0.0.1", 20_000, "test/vectors/data/mcuboot/keys/ec1.pem");
			await withClient(udpLink(simulator.udp), (client) =>
				assert.rejects(upgrade(client, file), /did not accept the update; version 0\.0\.0 runs as before/),
			);
		}));
});

describe("xs-smp", () => {
	const program = join(root, "dist/cli/main.js");
	const xsSmp = (...args: string[]) => run(process.execPath, [program, ...args]);

	it("does every step of an update, and says so", () =>
		withDevice(["--images", "1"], async (simulator) => {
			const { file, hash } = update("0.0.1", 20_000);
			const path = join(simulator.directory, "update.bin");
			writeFileSync(path, file);
			const device = ["--serial", simulator.serial];
			const says = async (status: number, pattern: RegExp, ...args: string[]) => {
				const outcome = await xsSmp(...args, ...device);
				assert.match(outcome.output, pattern);
				assert.equal(outcome.status, status);
			};
			await says(0, /^image 0 slot 0 {2}0\.0\.0 {8}[0-9a-f]{16} {2}active confirmed\n$/, "list");
			await says(0, /^name +xs-smp .*\nboot loader +MCUboot, swap using move\nbuffers +4 of 1024 bytes\n/, "info");
			await says(0, /^hello\n$/, "echo", "hello");
			await says(
				0,
				new RegExp(`^Uploaded 2\\d\\.\\d KiB in .*, the device has checked it\\.\nIts hash is ${hash}`),
				"upload",
				path,
			);
			await says(0, /^The device has this file already\.\n/, "upload", path);
			await says(0, / pending\n$/, "test", hash.slice(0, 8));
			await says(
				1,
				/^The device refuses the image state: .* \(image group error 28\): the image is marked for a test already; .*\.\n$/,
				"confirm",
				hash,
			);
			await says(0, /^The slot is erased\.\n$/, "erase", "--slot", "1");
			await says(1, /^No image on the device has a hash that begins with abcdef\.\n$/, "test", "abcdef");
			await says(
				0,
				/^The device runs version 0\.0\.0\. .*\nUploaded .*\nIt is marked .*\nThe next start installs version 0\.0\.1 on trial\.\nThe device restarts…\nAfter .* version 0\.0\.1 runs, on trial\.\nIt is confirmed\.\n$/,
				...["upgrade", path, "--confirm"],
			);
			await says(0, /^The device restarts\.\n$/, "reset");
		}));

	it("speaks JSON", () =>
		withDevice(["--images", "1"], async (simulator) => {
			const { file, hash } = update("0.0.1", 3000);
			const path = join(simulator.directory, "update.bin");
			writeFileSync(path, file);
			const { status, output } = await xsSmp("upgrade", path, "--udp", simulator.udp, "--json");
			assert.equal(status, 0);
			const lines = output.split("\n").filter(Boolean);
			const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
			const names = events.map(({ event }) => event).filter((name) => name !== "progress");
			assert.deepEqual(names, ["found", "uploaded", "marked", "forecast", "restarting", "running", "done"]);
			assert.deepEqual(events.at(-1), {
				...{ event: "done", image: 0, version: "0.0.1", hash, previous: "0.0.0", confirmed: false },
			});
		}));

	it("says that nobody answers", async () => {
		const mute = createSocket("udp4");
		await new Promise<void>((resolve) => mute.bind(0, "127.0.0.1", resolve));
		const device = `127.0.0.1:${mute.address().port}`;
		const { status, output } = await xsSmp("list", "--udp", device, "--timeout", "1");
		mute.close();
		assert.equal(status, 1);
		assert.equal(output, `No answer to the image state after 3 tries. Is the device at ${device}?\n`);
	});
});
