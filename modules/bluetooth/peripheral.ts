import { bytesOf } from "../bytes/hex.js";
import { utf8Bytes } from "../bytes/utf8.js";
import { SMP_CHARACTERISTIC, SMP_SERVICE } from "../smp/transport/ble.js";
import type { ByteStream, GattCharacteristic } from "../smp/transport/stream.js";
import { AttError, type Attribute, AttServer, LONGEST_VALUE } from "./att.js";
import { type After, Controller } from "./controller.js";

/** Fixed channels of L2CAP for LE (Core Specification, Vol 3, Part A, 2.1). */
const ATT_CHANNEL = 4;
const SIGNALING_CHANNEL = 5;
const SECURITY_CHANNEL = 6;

/** Signaling (Vol 3, Part A, 4.1): the answer to a request that is not understood. */
const COMMAND_REJECT = 0x01;
/** What is no request: answers, and credits for a channel that there is not (Vol 3, Part A, 4). */
const UNANSWERED: readonly number[] = Object.freeze([0x01, 0x03, 0x05, 0x07, 0x09, 0x0b, 0x13, 0x15, 0x16, 0x18, 0x1a]);

/** Security Manager (Vol 3, Part H, 3.5): a request to pair is answered with "Pairing Not Supported". */
const PAIRING_REQUEST = 0x01;
const PAIRING_FAILED = 0x05;
const PAIRING_NOT_SUPPORTED = 0x05;

/** Assigned Numbers: services, declarations and characteristics. */
const PRIMARY_SERVICE = 0x2800;
const CHARACTERISTIC = 0x2803;
const CLIENT_CONFIGURATION = 0x2902;
const GAP_SERVICE = 0x1800;
const GATT_SERVICE = 0x1801;
const DEVICE_NAME = 0x2a00;
const APPEARANCE = 0x2a01;

/** Properties of a characteristic (Vol 3, Part G, 3.3.1.1). */
const READABLE = 0x02;
const WRITABLE_WITHOUT_RESPONSE = 0x04;
const NOTIFIES = 0x10;

/** Advertising data (Core Specification Supplement, Part A, 1): types, and its most bytes. */
const FLAGS = 0x01;
const COMPLETE_UUIDS_128 = 0x07;
const COMPLETE_NAME = 0x09;
const ADVERTISING_SIZE = 31;
/** LE General Discoverable Mode, and no BR/EDR. */
const DISCOVERABLE = 0x06;

/** ATT_MTU with which a notification has the longest value that there is. */
const FULL_MTU = LONGEST_VALUE + 3;

/** Handle of the characteristic's value, in the table of `#attributes`. */
const VALUE_HANDLE = 9;

export interface PeripheralOptions {
	/** Its name for those who look for devices: up to 29 bytes of UTF-8. With more than 8 it is in the scan response. */
	readonly name: string;
	/** Its static random address, such as `C6:00:00:00:00:01`: the two highest bits are set. */
	readonly address: string;
	/** Calls `callback` once after `ms` milliseconds, as a host's `after` does. */
	readonly after: After;
	/** Called when the controller advertises, after each `start()`. */
	readonly onReady?: () => void;
	/** Called with a sentence when the controller refuses what it is told. */
	readonly onFault?: (sentence: string) => void;
}

/**
 * A Bluetooth LE peripheral with Zephyr's SMP service, for `BleTransport`, on a controller that a byte stream leads to by H4: a
 * chip behind a UART, or a virtual one behind a socket. One client at a time. There is no pairing and no encryption: whoever is
 * near enough may connect, so that rules of access have to keep out who should not (docs/SMP.md, Access).
 */
export class SmpPeripheral implements GattCharacteristic {
	onWrite: GattCharacteristic["onWrite"];
	onUnsubscribed: GattCharacteristic["onUnsubscribed"];
	readonly #controller: Controller;
	readonly #server: AttServer;
	/** Whether the client has turned notifications on. */
	#subscribed = false;

	/** Throws a RangeError for a name that is too long, or an address that is none of that kind. */
	constructor(stream: ByteStream, { name, address, after, onReady, onFault }: PeripheralOptions) {
		const nameBytes = utf8Bytes(name);
		this.#controller = new Controller(stream, { address: addressBytes(address), ...advertisement(nameBytes) }, after);
		this.#server = new AttServer(this.#attributes(nameBytes), (pdu) => this.#controller.send(ATT_CHANNEL, pdu));
		this.#controller.onReady = onReady;
		this.#controller.onFault = onFault;
		this.#controller.onConnected = () => this.#server.reset();
		this.#controller.onDisconnected = () => this.#subscribe(false);
		this.#controller.onPdu = (channel, pdu) => this.#receive(channel, pdu);
	}

	/** ATT_MTU, as far as it is of use: no value is longer than 512 bytes. */
	get attMtu(): number {
		return Math.min(this.#server.mtu, FULL_MTU);
	}

	/** Brings up the controller: at the start, and whenever another one is at the end of the stream. Ends a connection. */
	start(): void {
		this.#controller.start();
	}

	notify(bytes: Uint8Array): boolean {
		return this.#subscribed && this.#server.notify(VALUE_HANDLE, bytes);
	}

	/** Ends the connection and stops advertising. */
	close(): void {
		this.#controller.close();
	}

	#receive(channel: number, pdu: Uint8Array): void {
		if (channel === ATT_CHANNEL) this.#server.receive(pdu);
		else if (channel === SIGNALING_CHANNEL && pdu.length >= 4 && !UNANSWERED.includes(pdu[0]!))
			// Reason 0: command not understood.
			this.#controller.send(channel, Uint8Array.of(COMMAND_REJECT, pdu[1]!, 2, 0, 0, 0));
		else if (channel === SECURITY_CHANNEL && pdu[0] === PAIRING_REQUEST)
			this.#controller.send(channel, Uint8Array.of(PAIRING_FAILED, PAIRING_NOT_SUPPORTED));
	}

	#subscribe(on: boolean): void {
		const ends = this.#subscribed && !on;
		this.#subscribed = on;
		if (ends) this.onUnsubscribed?.();
	}

	/** Declarations and values (Vol 3, Part G, 3; for the Generic Access service, Part C, 12). */
	#attributes(name: Uint8Array): readonly Attribute[] {
		const smp = uuidBytes(SMP_CHARACTERISTIC);
		return [
			service(short(GAP_SERVICE), 5),
			characteristic(READABLE, 3, short(DEVICE_NAME)),
			readable(short(DEVICE_NAME), name),
			characteristic(READABLE, 5, short(APPEARANCE)),
			readable(short(APPEARANCE), short(0)),
			service(short(GATT_SERVICE), 6),
			service(uuidBytes(SMP_SERVICE), 10),
			characteristic(WRITABLE_WITHOUT_RESPONSE | NOTIFIES, VALUE_HANDLE, smp),
			{ type: smp, write: (value) => this.#written(value) },
			{
				type: short(CLIENT_CONFIGURATION),
				value: () => short(this.#subscribed ? 1 : 0),
				write: (value) => this.#configured(value),
			},
		];
	}

	#written(value: Uint8Array): number {
		this.onWrite?.(value);
		return 0;
	}

	/** Bit 0 turns notifications on; the others have no use here (Vol 3, Part G, 3.3.3.3). */
	#configured(value: Uint8Array): number {
		if (value.length !== 2) return AttError.INVALID_LENGTH;
		this.#subscribe((value[0]! & 1) === 1);
		return 0;
	}
}

const short = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8);

/** A UUID as it is printed, least significant byte first. */
const uuidBytes = (uuid: string): Uint8Array => bytesOf(uuid.replaceAll("-", "")).reverse();

const readable = (type: Uint8Array, value: Uint8Array): Attribute => ({ type, value: () => value });

const service = (uuid: Uint8Array, end: number): Attribute => ({ ...readable(short(PRIMARY_SERVICE), uuid), end });

const characteristic = (properties: number, handle: number, uuid: Uint8Array): Attribute =>
	readable(short(CHARACTERISTIC), Uint8Array.of(properties, ...short(handle), ...uuid));

/** One element of advertising data. */
const element = (type: number, bytes: ArrayLike<number>): number[] => [bytes.length + 1, type, ...Array.from(bytes)];

/** Flags, the service and the name: where the name has no room, the scan response has it. */
function advertisement(name: Uint8Array): { readonly data: Uint8Array; readonly scanResponse: Uint8Array } {
	const named = element(COMPLETE_NAME, name);
	if (named.length > ADVERTISING_SIZE) throw new RangeError("the name of a peripheral has at most 29 bytes");
	const data = [...element(FLAGS, [DISCOVERABLE]), ...element(COMPLETE_UUIDS_128, uuidBytes(SMP_SERVICE))];
	const fits = data.length + named.length <= ADVERTISING_SIZE;
	return {
		data: Uint8Array.from(fits ? [...data, ...named] : data),
		scanResponse: Uint8Array.from(fits ? [] : named),
	};
}

function addressBytes(address: string): Uint8Array {
	if (!/^[c-f][0-9a-f](:[0-9a-f]{2}){5}$/i.test(address))
		throw new RangeError(`${address} is no static random address, such as C6:00:00:00:00:01`);
	return bytesOf(address.replaceAll(":", "")).reverse();
}
