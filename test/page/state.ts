import { WebSocket } from "ws";
import type { Hello, PageMessage, ServerMessage } from "../../hosts/desk/node/page-protocol.js";

/** A page's side of `/state`, without a page. */
export class PageState {
	readonly messages: ServerMessage[] = [];
	hello: Hello | undefined;
	/** The flash as it was told; empty before that. */
	flash: Uint8Array = new Uint8Array(0);
	readonly wear = new Map<number, number>();
	readonly #socket: WebSocket;
	#wake: () => void = () => {};

	private constructor(socket: WebSocket) {
		this.#socket = socket;
		socket.on("message", (data: Buffer, isBinary) => {
			if (isBinary) this.flash.set(data.subarray(4), data.readUInt32LE(0));
			else this.#take(JSON.parse(data.toString()) as ServerMessage);
			this.#wake();
		});
		socket.on("close", () => this.#wake());
	}

	/** Connects as the page does, and waits until the flash is there. */
	static async open(page: string, path = "/state?device=1"): Promise<PageState> {
		const url = new URL(path, page);
		url.protocol = "ws:";
		const state = new PageState(new WebSocket(url, { origin: new URL(page).origin }));
		await state.until(() => state.messages.some(({ type }) => type === "settled"));
		return state;
	}

	/** Waits until it is so. Throws an Error when the server hangs up before. */
	async until(condition: () => boolean): Promise<void> {
		while (!condition()) {
			if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("the page's server has hung up");
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
	}

	/** Waits for an event that comes after now. */
	async next(name: string): Promise<void> {
		const from = this.messages.length;
		await this.until(() =>
			this.messages.slice(from).some((message) => message.type === "event" && message.event.event === name),
		);
	}

	/** The numbers of recorded boots. */
	get boots(): readonly number[] {
		const last = this.messages.filter((message) => message.type === "boots").at(-1);
		return last?.numbers ?? [];
	}

	send(message: PageMessage | Uint8Array): void {
		this.#socket.send(message instanceof Uint8Array ? message : JSON.stringify(message));
	}

	sendText(text: string): void {
		this.#socket.send(text);
	}

	close(): void {
		this.#socket.close();
	}

	#take(message: ServerMessage): void {
		this.messages.push(message);
		if (message.type === "hello") {
			this.hello = message;
			this.flash = new Uint8Array(message.build.layout.size);
		}
		if (message.type === "flash") this.flash.fill(0xff);
		if (message.type === "wear") for (const [sector, erases] of message.sectors) this.wear.set(sector, erases);
	}
}

/** The first refusal that the server tells. */
export async function refusalOf(state: PageState): Promise<string> {
	let message = "";
	await state.until(() => {
		for (const each of state.messages) if (each.type === "refused") message = each.message;
		return message !== "";
	});
	return message;
}
