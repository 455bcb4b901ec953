import { HEADER_SIZE } from "../../modules/smp/header.js";
import { SMP_CHARACTERISTIC, SMP_SERVICE } from "../../modules/smp/transport/ble.js";
import { type DisposableLink, disposable } from "../link.js";
import type { OwnBytes } from "./own-bytes.js";

export { SMP_CHARACTERISTIC, SMP_SERVICE };

/** A characteristic, as Web Bluetooth has it (BluetoothRemoteGATTCharacteristic): the part that a link uses. */
export interface WebCharacteristic {
	readonly value?: DataView | undefined;
	/** Asks the device for notifications; each changes `value`. */
	startNotifications(): Promise<unknown>;
	/** Writes up to ATT_MTU - 3 bytes. Rejects while another write is on its way. */
	writeValueWithoutResponse(bytes: OwnBytes): Promise<void>;
	/** Calls `listener` when `value` has changed. */
	addEventListener(type: "characteristicvaluechanged", listener: () => void): void;
	/** Calls it no more. */
	removeEventListener(type: "characteristicvaluechanged", listener: () => void): void;
}

/** A service of a device, as Web Bluetooth has it (BluetoothRemoteGATTService): the part that a link uses. */
export interface WebGattService {
	/** Rejects if the service has no such characteristic. */
	getCharacteristic(uuid: string): Promise<WebCharacteristic>;
}

/** The GATT server of a device, as Web Bluetooth has it (BluetoothRemoteGATTServer): the part that a link uses. */
export interface WebGattServer {
	/** Connects, or does nothing where it is connected. Rejects if the device is not in reach. */
	connect(): Promise<unknown>;
	/** Ends the connection. */
	disconnect(): void;
	/** Rejects if the device has no such service. */
	getPrimaryService(uuid: string): Promise<WebGattService>;
}

/** A device that the user has chosen (Web Bluetooth, BluetoothDevice): the part that a link uses. */
export interface WebBluetoothDevice {
	readonly gatt?: WebGattServer | undefined;
	/** Calls `listener` when the connection is lost. */
	addEventListener(type: "gattserverdisconnected", listener: () => void): void;
	/** Calls it no more. */
	removeEventListener(type: "gattserverdisconnected", listener: () => void): void;
}

/** Payload of a write with the ATT_MTU that every device has (Bluetooth Core, vol. 3, part G, 5.2.1), bytes. */
const LEAST_FRAGMENT = 20;

/** Longest value of a characteristic (Bluetooth Core, vol. 3, part F, 3.2.9), bytes. */
const MOST_FRAGMENT = 512;

/** A device that went away for a restart may take some tries to be found, milliseconds between them. */
const PAUSES: readonly number[] = [0, 500, 1000, 2000];

/**
 * Connects to an SMP server over Bluetooth LE from a page (Zephyr SMP transport specification, Bluetooth Low Energy). A page
 * gets the device from `navigator.bluetooth.requestDevice()`, which asks the user.
 *
 * A browser does not tell the ATT_MTU. But a server fills its notifications, so that the longest of them tells. Until a long
 * answer came, packets leave in pieces of 20 bytes; one echo of 300 characters is such an answer.
 *
 * A connection that is lost, as in a restart, is a failure of the link. The next request connects anew, which the browser allows
 * without asking again.
 *
 * @example
 * ```ts
 * import { SmpClient } from "xs-smp";
 * import { bluetoothLink, SMP_SERVICE } from "xs-smp/web/bluetooth";
 *
 * const device = await navigator.bluetooth.requestDevice({ filters: [{ services: [SMP_SERVICE] }] });
 * await using client = new SmpClient(await bluetoothLink(device));
 * console.log(await client.images());
 * ```
 *
 * @throws An Error with one sentence if the device cannot be connected, or has no SMP service.
 */
export async function bluetoothLink(device: WebBluetoothDevice): Promise<DisposableLink> {
	const connection = new Connection(device);
	await connection.open();
	const link = disposable({
		onPacket: undefined,
		send: (packet) => connection.send(packet.slice()),
		close: () => connection.close(),
	});
	connection.onPacket = (packet) => link.onPacket?.(packet);
	connection.onLost = (why) => link.onFailure?.(why);
	return link;
}

class Connection {
	onPacket: ((packet: Uint8Array) => void) | undefined;
	onLost: ((why: string) => void) | undefined;
	readonly #device: WebBluetoothDevice;
	#characteristic: WebCharacteristic | undefined;
	#fragment = LEAST_FRAGMENT;
	/** The beginning of an answer. */
	#begun = new Uint8Array(0);
	/** Packets that wait for those before them, the one that is being sent included. */
	#queue: Uint8Array[] = [];
	#sending = false;
	#ended = false;
	readonly #changed = (): void => this.#receive();
	readonly #disconnected = (): void => {
		this.#release();
		this.#lose("the connection is lost: is the device in reach, or does it restart?");
	};

	constructor(device: WebBluetoothDevice) {
		this.#device = device;
	}

	/** Throws an Error with one sentence. */
	async open(): Promise<void> {
		const { gatt } = this.#device;
		if (!gatt) throw new Error("This Bluetooth device has no GATT server.");
		try {
			await gatt.connect();
		} catch (error) {
			throw new Error(`The Bluetooth device cannot be connected: ${(error as Error).message.replace(/\.$/, "")}.`);
		}
		try {
			const service = await gatt.getPrimaryService(SMP_SERVICE);
			const characteristic = await service.getCharacteristic(SMP_CHARACTERISTIC);
			characteristic.addEventListener("characteristicvaluechanged", this.#changed);
			await characteristic.startNotifications();
			this.#characteristic = characteristic;
		} catch {
			gatt.disconnect();
			throw new Error("The Bluetooth device has no SMP service.");
		}
		this.#device.addEventListener("gattserverdisconnected", this.#disconnected);
		// Another connection may have another ATT_MTU.
		this.#fragment = LEAST_FRAGMENT;
		this.#begun = new Uint8Array(0);
	}

	send(packet: Uint8Array): void {
		if (this.#ended) return;
		this.#queue.push(packet);
		if (!this.#sending) void this.#flush();
	}

	close(): void {
		this.#ended = true;
		this.#queue = [];
		this.#release();
		this.#device.gatt?.disconnect();
	}

	/** Sends what waits, one piece after the other: a browser refuses a write while another is on its way. Never rejects. */
	async #flush(): Promise<void> {
		this.#sending = true;
		for (let packet = this.#queue[0]; packet; packet = this.#queue[0]) {
			let characteristic = this.#characteristic;
			try {
				if (!characteristic) await this.#again();
				characteristic = this.#characteristic;
				for (let at = 0; at < packet.length && this.#queue[0] === packet; ) {
					const piece = packet.slice(at, at + this.#fragment);
					await characteristic?.writeValueWithoutResponse(piece);
					at += piece.length;
				}
			} catch (error) {
				// What the lost connection took with it is known already, and no fault of the next one.
				if (characteristic === this.#characteristic) this.#lose(reasonOf(error));
			}
			if (this.#queue[0] === packet) this.#queue.shift();
		}
		this.#sending = false;
	}

	/** Connects to a device that was there before. */
	async #again(): Promise<void> {
		let last: unknown;
		for (const pause of PAUSES) {
			await new Promise((resolve) => setTimeout(resolve, pause));
			if (this.#ended) return;
			try {
				return await this.open();
			} catch (error) {
				last = error;
			}
		}
		throw last;
	}

	#receive(): void {
		const { value } = this.#characteristic ?? {};
		if (!value) return;
		const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
		this.#fragment = Math.min(MOST_FRAGMENT, Math.max(this.#fragment, bytes.length));
		const joined = new Uint8Array(this.#begun.length + bytes.length);
		joined.set(this.#begun);
		joined.set(bytes, this.#begun.length);
		this.#begun = new Uint8Array(0);
		if (joined.length < HEADER_SIZE) return;
		const length = HEADER_SIZE + ((joined[2]! << 8) | joined[3]!);
		// An answer ends with a notification. One that is longer than it says is damaged, and counts as lost.
		if (joined.length < length) this.#begun = joined;
		else if (joined.length === length) this.onPacket?.(joined);
	}

	#release(): void {
		this.#characteristic?.removeEventListener("characteristicvaluechanged", this.#changed);
		this.#device.removeEventListener("gattserverdisconnected", this.#disconnected);
		this.#characteristic = undefined;
	}

	#lose(why: string): void {
		this.#queue = [];
		if (!this.#ended) this.onLost?.(why);
	}
}

/** As the end of a sentence. */
function reasonOf(error: unknown): string {
	const text = (error as Error).message;
	return text.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase()).replace(/\.$/, "");
}
