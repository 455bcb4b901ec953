import { BootUtil } from "../../modules/bootutil/bootutil.js";
import type { UpgradeMode } from "../../modules/bootutil/config.js";
import { nobleDigest } from "../../modules/bootutil/noble-digest.js";
import { FlashArea } from "../../modules/flash/area.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { enumerationGroup } from "../../modules/smp/group/enumeration.js";
import { type FileSystem, fsGroup } from "../../modules/smp/group/fs.js";
import { imageGroup } from "../../modules/smp/group/image.js";
import { osGroup, uptimeClock } from "../../modules/smp/group/os.js";
import { type SettingsStore, settingsGroup } from "../../modules/smp/group/settings.js";
import { shellGroup } from "../../modules/smp/group/shell.js";
import { statisticsGroup } from "../../modules/smp/group/statistics.js";
import { zephyrGroup } from "../../modules/smp/group/zephyr.js";
import { SmpServer } from "../../modules/smp/server.js";
import { BleTransport } from "../../modules/smp/transport/ble.js";
import { ConsoleTransport } from "../../modules/smp/transport/console.js";
import { RawTransport } from "../../modules/smp/transport/raw.js";
import type { ByteStream, DatagramSocket, GattCharacteristic } from "../../modules/smp/transport/stream.js";
import { DatagramTransport } from "../../modules/smp/transport/udp.js";
import { image, request } from "../unit/smp/support.js";

const SECTOR = 1024;
const SECTORS = 16;
export const BUFFER = 512;

/** Longest file, and how many there can be: the device's memory is bounded, so its file system is. */
const FILE_SIZE = 2048;
const FILES = 4;
const VALUES = 8;

/** How the ways in are called. */
export const WAYS = ["console", "raw", "udp", "ble"] as const;
export type Way = (typeof WAYS)[number];

/** A device with two images, every group, and every transport. Nothing in it grows without bound but by a mistake. */
export class FuzzDevice {
	readonly server: SmpServer;
	readonly console: ByteStream = stream();
	readonly raw: ByteStream = stream();
	readonly udp: DatagramSocket = { onDatagram: undefined, send: () => {}, close: () => {} };
	readonly ble: GattCharacteristic = {
		attMtu: 65,
		onWrite: undefined,
		onUnsubscribed: undefined,
		notify: () => {},
		close: () => {},
	};
	#uptime = 0;
	readonly #values = new Map<string, Uint8Array>();
	readonly #files: Files = new Map();
	readonly #primary: readonly Uint8Array[];
	readonly #original: readonly Uint8Array[];

	/** `onResponse` gets every response; its bytes are valid during the call only. */
	constructor(mode: UpgradeMode, onResponse: (response: Uint8Array) => void) {
		const slots = [0, 1, 2, 3].map(() => new Uint8Array(SECTOR * SECTORS).fill(0xff));
		for (const i of [0, 1]) {
			slots[2 * i]!.set(image(3000 + 500 * i, [1, i, 0], i + 1));
			slots[2 * i + 1]!.set(image(2500, [0, 9, i], i + 3), mode === "swap-offset" ? SECTOR : 0);
		}
		this.#primary = [slots[0]!, slots[2]!];
		this.#original = this.#primary.map((slot) => slot.slice(0, SECTOR * (SECTORS - 1)));
		const areas = slots.map(
			(memory, i) =>
				new FlashArea(i + 1, `image-${i}`, 0, new NorPartition(memory, { sectorSize: SECTOR, writeAlign: 4 })),
		);
		const boot = new BootUtil(new FlashMap(areas), {
			mode,
			images: 2,
			maxAlign: 8,
			maxSectors: SECTORS,
			trailer: "current",
		});
		const groups = [
			osGroup({
				reset: () => {},
				buffers: { size: BUFFER, count: 1 },
				tasks: () => ({ main: { prio: 0, tid: 1, state: 2, stkuse: 3, stksiz: 4 } }),
				clock: uptimeClock(() => 0),
				info: { s: "s", n: "n", r: "r", v: "v", b: "b", m: "m", p: "p", i: "i", o: "o" },
				bootloader: { name: "MCUboot", mode: 3, noDowngrade: true },
			}),
			imageGroup({ boot, digest: nobleDigest, confirmOtherImages: "any" }),
			statisticsGroup({ counters: () => ({ a: 1, b: 2 }) }),
			settingsGroup({ store: settingsStore(this.#values) }),
			fsGroup({ files: fileSystem(this.#files), digest: nobleDigest }),
			shellGroup({ run: (line) => ({ output: line, status: line.length }) }),
			zephyrGroup(() => {}),
		];
		this.server = new SmpServer({
			groups: [...groups, enumerationGroup(groups)],
			bufferSize: BUFFER,
			verbose: true,
			hooks: {},
		});
		const transports = [
			new ConsoleTransport(this.console, { maxPacket: BUFFER }),
			new RawTransport(this.raw, { maxPacket: BUFFER, uptime: () => this.#uptime }),
			new DatagramTransport(this.udp, { maxPacket: BUFFER }),
			new BleTransport(this.ble, { maxPacket: BUFFER }),
		];
		for (const transport of transports)
			transport.onPacket = (packet, reply) =>
				this.server.receive(packet, (response) => {
					onResponse(response);
					reply(response);
				});
	}

	/** Brings every transport to where a new packet begins, as silence and a new connection do. */
	settle(): void {
		this.console.onBytes?.(NEW_LINE);
		this.#uptime += 10_000;
		this.ble.onUnsubscribed?.();
	}

	/** Ends what is under way and empties what clients filled, so that memory can be compared. */
	quiet(): void {
		this.settle();
		this.udp.onDatagram?.(ERASE, undefined);
		this.settle();
		this.#values.clear();
		this.#files.clear();
	}

	/** Whether the images that run are what they were. */
	get intact(): boolean {
		return this.#primary.every((slot, i) => this.#original[i]!.every((byte, at) => slot[at] === byte));
	}
}

/** Files have a fixed size, of which `size` bytes are used. */
type Files = Map<string, { readonly data: Uint8Array; size: number }>;

/** Ends an upload. */
const ERASE = request(1, 5, { slot: 1 });

const NEW_LINE = Uint8Array.of(0x0a);

const stream = (): ByteStream => ({ onBytes: undefined, write: () => {}, close: () => {} });

function settingsStore(values: Map<string, Uint8Array>): SettingsStore {
	return {
		get: (name) => values.get(name),
		hasRoot: (root) => root === "a",
		set: (name, value) => {
			if (values.size < VALUES || values.has(name)) values.set(name, value.slice(0, 64));
		},
		delete: (name) => values.delete(name),
		commit: () => {},
		load: () => values.clear(),
		save: () => {},
	};
}

function fileSystem(files: Files): FileSystem {
	const find = (path: string) => files.get(path)!;
	return {
		size: (path) => (path === "/lfs" ? "directory" : files.get(path)?.size),
		mounted: (path) => path.startsWith("/lfs/"),
		read: (path, offset, into) => into.set(find(path).data.subarray(offset, offset + into.length)),
		create: (path) => {
			if (!files.has(path) && files.size === FILES) throw new Error("the disk is full");
			files.set(path, { data: new Uint8Array(FILE_SIZE), size: 0 });
		},
		append: (path, data) => {
			const file = find(path);
			if (file.size + data.length > FILE_SIZE) throw new Error("the disk is full");
			file.data.set(data, file.size);
			file.size += data.length;
		},
	};
}
