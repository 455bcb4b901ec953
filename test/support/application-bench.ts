import assert from "node:assert";
import { type ImageState, SmpClient, SmpResponseError } from "../../client/client.js";
import { command, number } from "../../client/command.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { Op } from "../../modules/smp/header.js";
import { freshDirectory, type Machine, Simulator } from "../../tools/simulator.js";

/** The group of an application under test: one command, whose target is read and written. */
export const target = (group: number) => ({
	read: command(Op.READ, group, 0, { answer: { target: number } }),
	write: command(Op.WRITE, group, 0, { request: { target: number } }),
});

/** A device whose image with the application is the given one, and a client. */
export class Bench {
	readonly simulator: Simulator;
	readonly client: SmpClient;
	readonly image: number;
	/** Of the last upload. */
	hash = "";

	private constructor(simulator: Simulator, image: number) {
		this.simulator = simulator;
		this.client = new SmpClient(simulator.udp ? udpLink(simulator.udp) : serialLink(simulator.serial));
		this.image = image;
	}

	static async run(use: (bench: Bench) => Promise<void>, images = 1, ...options: string[]): Promise<void> {
		await Bench.on("sim", use, images, ...options);
	}

	static async on(
		machine: Machine,
		use: (bench: Bench) => Promise<void>,
		images = 1,
		...options: string[]
	): Promise<void> {
		const simulator = await Simulator.start(["--images", String(images), ...options], freshDirectory(), machine);
		const bench = new Bench(simulator, images - 1);
		try {
			await use(bench);
		} finally {
			bench.client.close();
			await simulator.stop();
		}
	}

	async upload(image: Uint8Array): Promise<string> {
		await this.client.upload(image, { image: this.image });
		this.hash = (await this.#slot(1)).hash!;
		return this.hash;
	}

	/** Uploads and marks an image, and resets into it. */
	async install(image: Uint8Array): Promise<void> {
		await this.client.test(await this.upload(image));
		await this.simulator.pressReset();
	}

	async #slot(slot: number): Promise<ImageState> {
		return (await this.client.images()).find((each) => each.slot === slot && (each.image ?? 0) === this.image)!;
	}

	/** Version that runs, and whether another is to. */
	async state(): Promise<string> {
		const [running, other] = [await this.#slot(0), await this.#slot(1).catch(() => undefined)];
		return `${running.version}${other?.pending ? `, ${other.version} pending` : ""}`;
	}

	log(line: RegExp): Promise<unknown> {
		return this.simulator.next("log", (event) => line.test(String(event["line"])));
	}

	get lines(): string {
		return this.simulator.events.map((event) => String(event["line"] ?? "")).join("\n");
	}

	async refusal(hash: string): Promise<string> {
		return this.client.test(hash).then(
			() => "taken",
			(error: unknown) => {
				assert.ok(error instanceof SmpResponseError, String(error));
				return error.message;
			},
		);
	}
}
