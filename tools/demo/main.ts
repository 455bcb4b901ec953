import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { onClosedPipe } from "../../cli/closed-pipe.js";
import { newProgram, runAlone } from "../../cli/command-line.js";
import { type ImageState, SmpClient } from "../../client/client.js";
import { runShell } from "../../client/group/shell.js";
import { udpLink } from "../../client/node/udp.js";
import { createImage } from "../../image/create.js";
import { parseKey } from "../../image/keys.js";
import { freshDirectory, root, Simulator, type SimulatorEvent } from "../simulator.js";
import { Narrator } from "./narrator.js";

const context = { stdout: process.stdout, stderr: process.stderr, status: 0 };
const story = new Narrator(process.stdout);

/** A firmware update of 48 KiB, signed with the development key. */
function firmware(version: string): Uint8Array {
	const { type, publicKey, sign } = parseKey(readFileSync(join(root, "keys/development-ec-p256.pem"), "utf8"));
	if (!sign) throw new Error("the development key cannot sign");
	const payload = Uint8Array.from({ length: 48 * 1024 }, (_, i) => (i * 31 + (i >> 7) + version.length) & 0xff);
	return createImage(payload, { version, headerSize: 0x200, padHeader: true, signer: { type, publicKey, sign } });
}

/** The device on stage: a simulator, a client that talks to it, and its log on the page. */
class Stage {
	readonly device: Simulator;
	readonly client: SmpClient;
	#told = 0;

	private constructor(device: Simulator) {
		this.device = device;
		this.client = new SmpClient(udpLink(device.udp));
		this.tellLog();
	}

	static async open(directory: string, options: readonly string[] = []): Promise<Stage> {
		return new Stage(await Simulator.start(["--images", "1", ...options], directory));
	}

	async close(): Promise<void> {
		this.client.close();
		await this.device.stop({ keep: true });
	}

	/** Prints what the device logged since the last time. */
	tellLog(): void {
		for (; this.#told < this.device.events.length; this.#told++) story.device(logLine(this.device.events[this.#told]!));
	}

	async list(): Promise<ImageState[]> {
		const images = await this.client.images();
		story.images(images);
		return images;
	}

	/** Uploads an image and marks it for the next boot, as the guide does. */
	async update(version: string, file = firmware(version), name = `firmware-${version}.bin`): Promise<void> {
		story.command(`newtmgr -c sim image upload ${name}`);
		await this.client.upload(file, { onProgress: (sent, total) => story.progress(sent, total) });
		const uploaded = (await this.client.images()).find((image) => image.slot === 1 && image.version === version);
		if (!uploaded) throw new Error(`the device does not list version ${version}`);
		story.command(`newtmgr -c sim image test ${uploaded.hash.slice(0, 12)}…`);
		story.images(await this.client.test(uploaded.hash));
	}

	/** Asks the shell of the device; returns what it says. */
	async shell(...words: string[]): Promise<string> {
		story.command(`newtmgr -c sim shell exec ${words.join(" ")}`);
		const { output } = await runShell(this.client, words);
		for (const line of output.trimEnd().split("\n")) story.say(`    ${line}`);
		return output;
	}

	/** Waits for a line of the log, or for another event. */
	async hear(name: string, line = /./): Promise<void> {
		await this.device.next(name, (event) => line.test(String(event["line"] ?? event["reason"] ?? "-")));
		this.tellLog();
	}

	/** Resets the device and prints its log until the application runs again. */
	async reset(): Promise<void> {
		story.command("newtmgr -c sim reset");
		await this.client.reset();
		await this.device.next("boot");
		this.tellLog();
	}
}

/** An application of examples/thermostat as an image. */
function application(name: string, version: string): Uint8Array {
	const folder = freshDirectory();
	const words = ["--version", version, "--key", "keys/development-ec-p256.pem", `examples/thermostat/${name}.ts`];
	story.command(`npm run image -- app ${words.join(" ")} ${name}.bin`);
	const file = join(folder, `${name}.bin`);
	const { status, stderr } = spawnSync(
		process.execPath,
		[join(root, "dist/cli/main.js"), "image", "app", ...words, file],
		{
			cwd: root,
			encoding: "utf8",
		},
	);
	if (status !== 0) throw new Error(stderr);
	const image = readFileSync(file);
	rmSync(folder, { recursive: true, force: true });
	return image;
}

function logLine(event: SimulatorEvent): string | undefined {
	if (event.event === "log") return String(event["line"]);
	if (event.event === "crash") return `*** crash: ${event["reason"]} ***`;
	if (event.event === "power-cut")
		return `*** power fails during flash operation ${event["operation"]} of the swap ***`;
	return undefined;
}

function expect(images: readonly ImageState[], version: string, confirmed: boolean): void {
	const running = images.find((image) => image.active);
	if (running?.version !== version || running.confirmed !== confirmed)
		throw new Error(`expected ${version}, ${confirmed ? "" : "not "}confirmed, to run`);
}

async function tell(): Promise<void> {
	const directory = freshDirectory();
	try {
		story.title("The update procedure of the OTA guide, on a simulated device");
		story.say(
			"A boot loader checks and swaps images; an application serves SMP. Both run on XS, on flash that obeys NOR rules.",
		);
		let stage = await Stage.open(directory);
		expect(await stage.list(), "0.0.0", true);

		await story.pause();
		story.chapter("1", "Nobody confirms");
		story.say("New firmware is uploaded to the secondary slot and marked for a test.");
		await stage.update("0.0.1");
		await story.pause();
		story.say("At the reset the boot loader swaps the slots. The new firmware runs on trial.");
		await stage.reset();
		expect(await stage.list(), "0.0.1", false);
		await story.pause();
		story.say("Nobody confirms it. At the next reset the boot loader brings the old one back.");
		await stage.reset();
		expect(await stage.list(), "0.0.0", true);
		await stage.close();
		await story.pause();

		story.chapter("2", "Power fails in the middle of the swap");
		story.say("The same update, on a device whose supply fails during the 100th flash operation of the swap.");
		stage = await Stage.open(directory, ["--power-cut", "100"]);
		await stage.update("0.0.1");
		await story.pause();
		await stage.reset();
		story.say("The swap status in the trailer told the boot loader where to go on. Nothing is lost.");
		expect(await stage.list(), "0.0.1", false);
		await stage.reset();
		expect(await stage.list(), "0.0.0", true);
		await stage.close();
		await story.pause();

		story.chapter("3", "The application confirms itself");
		story.say("This application calls boot_write_img_confirmed() once it runs well.");
		stage = await Stage.open(directory, ["--confirm", "self"]);
		await stage.update("0.0.2");
		await story.pause();
		await stage.reset();
		expect(await stage.list(), "0.0.2", true);
		story.say("So it stays, also after another reset.");
		await stage.reset();
		expect(await stage.list(), "0.0.2", true);
		await stage.close();
		await story.pause();

		story.chapter("4", "The update changes the device");
		story.say(
			"This device has no thermostat. Its next firmware is one: a program in TypeScript, which runs from the slot.",
		);
		stage = await Stage.open(directory);
		await stage.shell("target");
		await stage.update("1.1.0", application("thermostat", "1.1.0"), "thermostat.bin");
		await story.pause();
		await stage.reset();
		await stage.hear("log", /app: thermostat/);
		if (!(await stage.shell("target", "23")).startsWith("23 degrees")) throw new Error("there is no thermostat");
		story.say("It is good, so it is confirmed. Then somebody breaks it.");
		story.images(await stage.client.confirm());
		await story.pause();
		await stage.update("1.2.0", application("throws", "1.2.0"), "throws.bin");
		await stage.reset();
		await stage.hear("crash");
		story.say("It crashed before anybody confirmed it. So the boot loader brings the thermostat back.");
		await stage.hear("boot");
		await stage.hear("log", /app: thermostat/);
		expect(await stage.list(), "1.1.0", true);
		if (!(await stage.shell("target")).startsWith("23 degrees")) throw new Error("the target is lost");
		await stage.close();

		story.end("npm start gives you this device; the README has a session with newtmgr.");
	} finally {
		rmSync(directory, { recursive: true, force: true });
	}
}

onClosedPipe();
// Ends the device and removes its files on the way out.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
const program = newProgram("npm run demo --", context)
	.description(
		"Tells the update procedure of the OTA guide on a simulated device: a trial that nobody confirms, a power failure in the middle of the swap, and an application that confirms itself.",
	)
	.option("--no-pause", "do not wait for the Enter key between the steps; without a terminal nobody is waited for")
	.action(({ pause }: { pause: boolean }) => {
		if (pause) story.pauses(process.stdin);
		return tell();
	});
process.exitCode = await runAlone(program, process.argv.slice(2), context);
