import { signal } from "@preact/signals";
import { NoAnswerError } from "../../client/index.js";
import { bluetoothLink, SMP_SERVICE, type WebBluetoothDevice } from "../../client/web/bluetooth.js";
import { type WebSerialPort, webSerialLink } from "../../client/web/serial.js";
import { webSocketLink } from "../../client/web/websocket.js";
import { client, outcome, place, refresh, talkOver } from "../client/client.js";
import { sentence } from "../ui/words.js";

/** What a browser made of Chromium has, and others do not. */
interface Radios {
	readonly serial?: { requestPort(): Promise<WebSerialPort> };
	readonly bluetooth?: { requestDevice(options: object): Promise<WebBluetoothDevice & { readonly name?: string }> };
}

const { serial, bluetooth } = navigator as unknown as Radios;

/** Text long enough to show how much fits into a write over Bluetooth (docs/CLIENT.md, In a page). */
const LONG = "x".repeat(300);

const bridge = signal("");
const baud = signal("115200");

const SILENT =
	"No SMP server answers: is it the right board, at the right speed, and does it run? It is asked again by “List again”.";

const DENIED =
	"The browser does not let this page reach the device: allow serial ports and Bluetooth in the browser's settings for this page.";

/** Connects, and lists the images, or says why not. */
async function connect(open: () => Promise<void>): Promise<void> {
	outcome.value = { good: true, words: "" };
	try {
		await open();
		const why = await refresh();
		if (why !== undefined)
			outcome.value = {
				good: false,
				words: why instanceof NoAnswerError && why.reason === undefined ? SILENT : sentence(why),
			};
	} catch (error) {
		const { name } = error as Error;
		// Who closes the browser's list of devices knows that.
		if (name === "NotFoundError") return;
		outcome.value = {
			good: false,
			words: name === "SecurityError" || name === "NotAllowedError" ? DENIED : sentence(error),
		};
	}
}

const openSerial = (): Promise<void> =>
	connect(async () => {
		const port = await serial!.requestPort();
		talkOver(await webSerialLink(port, { baud: Number(baud.value) }), "a board on a serial line");
	});

const openBluetooth = (): Promise<void> =>
	connect(async () => {
		const device = await bluetooth!.requestDevice({ filters: [{ services: [SMP_SERVICE] }] });
		talkOver(await bluetoothLink(device), device.name ?? "a board on Bluetooth");
		await client.value?.echo(LONG).catch(() => undefined);
	});

const openBridge = (): Promise<void> =>
	connect(async () => {
		const url = URL.parse?.(bridge.value.trim());
		if (url?.protocol !== "ws:" && url?.protocol !== "wss:")
			throw new Error("The address of a bridge begins with ws:// or wss://, as “xs-smp bridge” prints it.");
		talkOver(
			webSocketLink(() => new WebSocket(url)),
			`a board behind ${url.host}`,
		);
	});

/** Where the board is: a page without the simulator has to be told. */
export function Connect() {
	return (
		<div class="connect">
			<p>{client.value ? `This page talks to ${place.value}.` : "Which board is it?"}</p>
			<p class="actions">
				<button type="button" disabled={!serial} onClick={() => void openSerial()}>
					Serial port…
				</button>
				<label>
					at
					<input
						class="baud"
						inputMode="numeric"
						value={baud.value}
						onInput={({ currentTarget }) => {
							baud.value = currentTarget.value;
						}}
					/>
					baud
				</label>
				<button type="button" disabled={!bluetooth} onClick={() => void openBluetooth()}>
					Bluetooth…
				</button>
			</p>
			{(!serial || !bluetooth) && (
				<p class="quiet">
					This browser has no{" "}
					{[!serial && "Web Serial", !bluetooth && "Web Bluetooth"].filter(Boolean).join(" and no ")} here. A bridge
					works in every browser: <code>xs-smp bridge --serial /dev/ttyACM0</code>
				</p>
			)}
			<form
				class="fields"
				onSubmit={(event) => {
					event.preventDefault();
					void openBridge();
				}}
			>
				<label>
					address of a bridge
					<input
						type="url"
						placeholder="ws://127.0.0.1:8477/?token=…"
						value={bridge.value}
						onInput={({ currentTarget }) => {
							bridge.value = currentTarget.value;
						}}
					/>
				</label>
				<button type="submit" disabled={bridge.value === ""}>
					Connect
				</button>
			</form>
		</div>
	);
}
