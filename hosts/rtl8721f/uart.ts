import type { ByteStream } from "../../modules/smp/transport/stream.js";
import type { UartDriver } from "./devices.js";

/** Bytes taken from the driver's ring at a time. */
const RECEIVE_BUFFER = 256;
/** OTA guide, UART Transport Layer Configuration. */
const BAUD = 115200;

/** The UART that carries SMP, by a driver with rings of its own. */
export class RtlUart implements ByteStream {
	onBytes: ByteStream["onBytes"];
	readonly #driver: UartDriver;

	constructor(driver: UartDriver) {
		this.#driver = driver;
		const bytes = new Uint8Array(RECEIVE_BUFFER);
		// Most lines of a packet have one length: each view of that is the same.
		let view = bytes;
		driver.open(BAUD, bytes, (count) => {
			if (count !== view.length) view = bytes.subarray(0, count);
			this.onBytes?.(view);
		});
	}

	write(bytes: Uint8Array): boolean {
		return this.#driver.write(bytes);
	}

	close(): void {
		this.onBytes = undefined;
		this.#driver.close();
	}
}
