import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ListedPort, listWithSerialPort } from "./serialport.js";

/** A serial line of this machine. What the system does not tell is undefined. */
export interface Port {
	/** By which it is opened, such as `/dev/ttyACM0` or `COM3`. */
	readonly path: string;
	readonly manufacturer: string | undefined;
	/** Name of the board or of its USB chip. */
	readonly product: string | undefined;
	readonly serialNumber: string | undefined;
	/** USB ids, four hexadecimal digits each. */
	readonly vendorId: string | undefined;
	readonly productId: string | undefined;
}

/**
 * The serial lines of this machine: those of USB devices first, each kind by path. Lines that Linux has no hardware for are left
 * out.
 *
 * @example
 * ```ts
 * import { listPorts } from "xs-smp/node/ports";
 *
 * for (const { path, product } of await listPorts()) console.log(path, product);
 * ```
 *
 * @param list - what tells of them; by default the package `serialport`
 * @param classes - where Linux tells of its lines
 * @throws An Error with one sentence where the package `serialport` is missing, or cannot tell.
 */
export async function listPorts(list = listWithSerialPort, classes = "/sys/class/tty"): Promise<Port[]> {
	const listed = await list();
	const ports = await Promise.all(listed.map((port) => portOf(port, classes)));
	return ports
		.flatMap((port) => port ?? [])
		.sort((a, b) => Number(isUsb(b)) - Number(isUsb(a)) || a.path.localeCompare(b.path, "en", { numeric: true }));
}

const isUsb = ({ vendorId }: Port): boolean => vendorId !== undefined;

/** Undefined for a line without hardware. */
async function portOf(port: ListedPort, classes: string): Promise<Port | undefined> {
	const folder = join(classes, basename(port.path));
	// Linux has lines for UARTs that a machine might have (serial_core.h, PORT_UNKNOWN).
	if ((await textIn(join(folder, "type"))) === "0") return undefined;
	const { path, manufacturer, serialNumber, vendorId, productId } = port;
	return {
		...{ path, manufacturer, serialNumber },
		product: (await usbProduct(folder)) ?? windowsProduct(port) ?? udevProduct(port),
		vendorId: vendorId?.toLowerCase(),
		productId: productId?.toLowerCase(),
	};
}

/** The device's own word for itself, from Linux: a USB device has it in a folder above that of its line. */
async function usbProduct(folder: string): Promise<string | undefined> {
	const device = await realpath(join(folder, "device")).catch(() => undefined);
	if (device === undefined) return undefined;
	for (let above = device; dirname(above) !== above; above = dirname(above)) {
		const product = await textIn(join(above, "product"));
		if (product !== undefined) return product;
	}
	return undefined;
}

/** `J-Link CDC UART Port (COM3)`. */
const windowsProduct = ({ friendlyName, path }: ListedPort): string | undefined =>
	friendlyName?.replace(` (${path})`, "");

/** `usb-SEGGER_J-Link_000123-if00`, without the manufacturer and the number, where these are known. */
function udevProduct({ pnpId, manufacturer, serialNumber }: ListedPort): string | undefined {
	const [, name] = /^usb-(.*?)(?:-if\d+)?(?:-port\d+)?$/.exec(pnpId ?? "") ?? [];
	if (name === undefined) return undefined;
	const before = manufacturer ? `${manufacturer.replaceAll(" ", "_")}_` : "";
	const behind = serialNumber ? `_${serialNumber}` : "";
	const start = name.startsWith(before) ? before.length : 0;
	return name.slice(start, name.endsWith(behind) ? name.length - behind.length : name.length).replaceAll("_", " ");
}

/** The text of a file; undefined if there is none, or nothing in it. */
const textIn = async (file: string): Promise<string | undefined> =>
	(await readFile(file, "utf8").catch(() => "")).trim() || undefined;
