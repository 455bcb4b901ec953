import type { Link } from "../../../../modules/agent/host.js";
import { SmpPeripheral } from "../../../../modules/bluetooth/peripheral.js";
import { BleTransport } from "../../../../modules/smp/transport/ble.js";
import type { ByteStream } from "../../../../modules/smp/transport/stream.js";
import type { SimConfig } from "../../../desk/xs/config.js";
import type { SimHost } from "../host.js";

/** Bytes taken from the controller at a time. */
const RECEIVE_BUFFER = 2048;

/** How long a controller that is not there is left alone, milliseconds. */
const PAUSE = 1000;

/** The stream to the controller. */
class SimHci implements ByteStream {
	onBytes: ByteStream["onBytes"];

	write(bytes: Uint8Array): boolean {
		return simulator.hciWrite(bytes);
	}

	close(): void {
		simulator.hciClose();
	}
}

/** SMP over Bluetooth LE by the controller of `--hci`. It may come later, and go and come again. */
export function openBluetooth(host: SimHost, options: Required<SimConfig>["bluetooth"], maxPacket: number): Link {
	const { name, address, controller } = options;
	const stream = new SimHci();
	/** What was said last of the way to the controller: the same is not said each second. */
	let said = "";
	const say = (text: string): void => {
		if (text !== said) host.log(`Bluetooth: ${text}`);
		said = text;
	};
	const peripheral = new SmpPeripheral(stream, {
		name,
		address,
		after: (ms, callback) => host.after(ms, callback),
		onReady: () => say(`${name} ${address} advertises`),
		onFault: say,
	});
	const bytes = new Uint8Array(RECEIVE_BUFFER);
	simulator.hciOpen(
		bytes,
		() => peripheral.start(),
		(count) => stream.onBytes?.(bytes.subarray(0, count)),
		(reason) => {
			say(`no controller at ${controller}, tried each second: ${reason}`);
			host.after(PAUSE, () => simulator.hciConnect());
		},
	);
	simulator.hciConnect();
	return { name: "ble", transport: new BleTransport(peripheral, { maxPacket }) };
}
