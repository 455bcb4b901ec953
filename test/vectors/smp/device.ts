import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../../modules/bootutil/config.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { FlashArea } from "../../../modules/flash/area.js";
import { slotAreaId } from "../../../modules/flash/layout.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { encodeMap } from "../../../modules/smp/cbor.js";
import { Rc, SmpError } from "../../../modules/smp/errors.js";
import { enumerationGroup } from "../../../modules/smp/group/enumeration.js";
import { type FileSystem, fsGroup } from "../../../modules/smp/group/fs.js";
import { type ImageOptions, imageGroup } from "../../../modules/smp/group/image/image.js";
import { type OsInfo, osGroup } from "../../../modules/smp/group/os.js";
import { clockCommand, taskCommand } from "../../../modules/smp/group/os-commands.js";
import { type SettingsStore, settingsGroup } from "../../../modules/smp/group/settings.js";
import { shellGroup } from "../../../modules/smp/group/shell.js";
import { statisticsGroup } from "../../../modules/smp/group/statistics.js";
import { zephyrGroup } from "../../../modules/smp/group/zephyr.js";
import type { Group } from "../../../modules/smp/group.js";
import { HEADER_SIZE, Op, writeHeader } from "../../../modules/smp/header.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { refusalOf, switchOf, yieldsToForce } from "./hooks.js";
import { type Json, type JsonMap, list, map, Unsupported, unhex, type Variables } from "./match.js";

const SECTOR = 4096;

/** Values of OS info. */
const INFO: OsInfo = Object.freeze({
	s: "Zephyr",
	n: "xs-smp",
	r: "4.4.0",
	v: "v4.4.0-0-gxs",
	m: "simulated",
	p: "arm",
	i: "rtl8721f_evb",
	o: "Zephyr",
});

/** A device in the state that a vector starts from. */
export class Device {
	readonly server: SmpServer;
	readonly variables: Variables;
	readonly #fixtures: JsonMap;
	readonly #config: JsonMap;

	constructor(fixtures: JsonMap, vector: JsonMap) {
		this.#fixtures = fixtures;
		this.#config = map(vector["config"] ?? {});
		const info: OsInfo = this.#option("build_date") === true ? { ...INFO, b: "2026-01-02 03:04:05" } : INFO;
		this.variables = { ...info };
		const profile = String(vector["profile"] ?? "single");
		const images = list(map(map(fixtures["profiles"]!)[profile]!)["images"]!).map(map);
		const boot = new BootUtil(this.#flash(images), this.#bootConfig(images.length));
		images.forEach((image, i) => {
			this.#fill(boot, i, image);
		});
		this.server = new SmpServer({
			groups: this.#groups(boot, info, String(vector["precondition"] ?? "")),
			bufferSize: Number(this.#option("response_buffer") ?? 2048),
			original: this.#flag(ORIGINAL, true),
			verbose: this.#flag(VERBOSE, false),
		});
		for (const key of Object.keys(this.#config))
			if (!KNOWN.includes(key)) throw new Unsupported(`the runner does not know the option "${key}"`);
		const session = /session (?:of image A )?(?:stands )?at (?:offset )?(\d+)/.exec(
			`${vector["precondition"] ?? ""} ${vector["note"] ?? ""}`,
		);
		if (session) this.#upload(Number(session[1]));
	}

	/** Sends one packet and returns the responses. */
	exchange(packet: Uint8Array): Uint8Array[] {
		const responses: Uint8Array[] = [];
		this.server.receive(packet, (response) => responses.push(response.slice()));
		return responses;
	}

	#option(key: string): Json | undefined {
		return this.#config[key];
	}

	/** An option that goes by several names. */
	#flag(names: readonly string[], value: boolean): boolean {
		const name = names.find((each) => each in this.#config);
		return name === undefined ? value : this.#option(name) === true;
	}

	#bootConfig(images: number): BootConfig {
		const mode = this.#option("mode") ?? "swap-move";
		if (mode !== "swap-move" && mode !== "swap-offset") throw new Unsupported(`there is no mode ${mode}`);
		return { mode, images, maxAlign: 8, maxSectors: 128, trailer: "current" };
	}

	#flash(images: readonly JsonMap[]): FlashMap {
		const sectorSize = Number(this.#option("sector_size") ?? SECTOR);
		const areas: FlashArea[] = [];
		images.forEach((image, i) => {
			for (const which of ["primary", "secondary"] as const) {
				const memory = new Uint8Array(Number(image["slot_size"])).fill(0xff);
				const partition = new NorPartition(memory, { sectorSize, writeAlign: 4 });
				const id = slotAreaId(i, which);
				areas.push(new FlashArea(id, `image-${id - 1}`, 0, partition));
			}
		});
		return new FlashMap(areas);
	}

	/** Puts images and trailers where the boot loader would have left them. */
	#fill(boot: BootUtil, image: number, profile: JsonMap): void {
		const primary = boot.map.slot(image, "primary");
		const secondary = boot.map.slot(image, "secondary");
		const swap = profile["swap"];
		if (swap === "revert") {
			const trailer = boot.trailer(primary);
			trailer.writeMagic();
			trailer.writeCopyDone();
		} else if (swap !== "none") boot.boot_set_pending_multi(image, swap === "permanent");
		const [first, second] = list(profile["slots"]!);
		if (first) primary.write(this.#image(String(first)), 0);
		if (second) secondary.write(this.#image(String(second)), boot.boot_get_image_start_offset(secondary.id));
	}

	#image(name: string): Uint8Array {
		const filler = /^(\d+) bytes 0x([0-9a-f]{2})$/.exec(name);
		if (filler) return new Uint8Array(Number(filler[1])).fill(Number.parseInt(filler[2]!, 16));
		return unhex(String(map(map(this.#fixtures["images"]!)[name]!)["file_hex"]));
	}

	#groups(boot: BootUtil, info: OsInfo, precondition: string): Group[] {
		const refuse = refusal(precondition);
		const resetHook = refusalOf(this.#option("reset_hook"), Rc.BUSY);
		const yields = yieldsToForce(this.#option("reset_hook"));
		let time: number | undefined;
		const os = osGroup({
			reset: () => {},
			mayReset: ({ force }) => {
				if (!force) refuse();
				if (!force || !yields) resetHook?.();
			},
			buffers: { size: Number(this.#option("buf_size") ?? 2048), count: Number(this.#option("buf_count") ?? 4) },
			commands: {
				...taskCommand(() => ({ main: { prio: 0, tid: 1, state: 2, stkuse: 100, stksiz: 1024 } })),
				...clockCommand({
					now: () => time,
					set: (value) => {
						time = value;
					},
				}),
			},
			info,
			bootloader: { name: "MCUboot", mode: boot.config.mode === "swap-move" ? 3 : 9 },
		});
		const statistics = statisticsGroup({ smp_svr_stats: () => ({ ticks: 5 }) });
		const settings = settingsGroup({
			store: settingsStore(precondition),
			nameLimit: Number(this.#option("settings_name_len") ?? 32),
			mayAccess: refuse,
		});
		const fs = fsGroup({ files: fileSystem(precondition), digest: nobleDigest, mayAccess: refuse });
		const shell = shellGroup({
			run: (line) => ({ output: line.trim() === "" ? "" : "\r\ncommand not found\r\n", status: -8 }),
			lineLimit: Number(this.#option("shell_line") ?? 256),
		});
		const all = [
			os,
			imageGroup({ mayWrite: refuse, ...this.#imageOptions(boot) }),
			statistics,
			settings,
			fs,
			shell,
			zephyrGroup(() => {}),
		];
		const ids = this.#option("groups");
		const chosen = Array.isArray(ids) ? all.filter((group) => ids.includes(group.id)) : all;
		return [...chosen, enumerationGroup(chosen)];
	}

	#imageOptions(boot: BootUtil): ImageOptions {
		const others = this.#option("confirm_non_active_image") ?? "secondary";
		if (others !== "any" && others !== "secondary" && others !== "none")
			throw new Unsupported(`confirm_non_active_image cannot be ${others}`);
		// Whether the end of an upload says if its hash is the client's, or a hook that is asked for each chunk.
		const check = this.#option("image_check");
		const chunkHook = switchOf(check) === undefined ? refusalOf(check, Rc.USER) : undefined;
		const slotInfoHook = refusalOf(this.#option("slot_info_hook"), Rc.USER);
		return {
			boot,
			...(switchOf(check) !== false && { digest: nobleDigest }),
			...(chunkHook && { mayWrite: chunkHook }),
			...(slotInfoHook && {
				describe: (what) => {
					if (what === "slot") slotInfoHook();
					return undefined;
				},
			}),
			sizeLimit: "slot",
			guards: false,
			verifyMarked: false,
			frugalList: this.#option("frugal_list") === true,
			erasePending: this.#option("allow_erase_pending") !== false,
			confirmInactive: this.#option("allow_confirm_non_active_slot") !== false,
			confirmOtherImages: others,
			compareBuild: this.#flag(COMPARE_BUILD, false),
		};
	}

	/** Brings the upload of image A to an offset. */
	#upload(offset: number): void {
		const file = map(map(this.#fixtures["images"]!)["A"]!);
		const data = unhex(String(file["file_hex"])).subarray(0, offset);
		const packet = new Uint8Array(offset + 100);
		const sha = unhex(String(file["file_sha256"]));
		const end = encodeMap({ off: 0, len: Number(file["length"]), sha, data }, packet, HEADER_SIZE);
		const length = end - HEADER_SIZE;
		writeHeader(packet, { op: Op.WRITE, version: 1, flags: 0, length, group: 1, sequence: 0, command: 1 });
		this.exchange(packet.subarray(0, end));
	}
}

// The README of the vectors describes these options in words.
const ORIGINAL = ["original_protocol", "v1", "v1_support", "allow_v1"];
const VERBOSE = ["verbose", "verbose_errors", "verbose_err_response"];
const COMPARE_BUILD = ["compare_build", "compare_build_number", "version_cmp_use_build_number"];

const KNOWN: readonly string[] = [
	"allow_confirm_non_active_slot",
	"allow_erase_pending",
	"buf_count",
	"buf_size",
	"build_date",
	"confirm_non_active_image",
	"frugal_list",
	"groups",
	"image_check",
	"line_buffer",
	"mode",
	"reset_hook",
	"response_buffer",
	"sector_size",
	"settings_name_len",
	"shell_line",
	"slot_info_hook",
	...ORIGINAL,
	...VERBOSE,
	...COMPARE_BUILD,
];

/** The hook that a precondition asks for. */
function refusal(precondition: string): () => void {
	const code = /hook refuses with rc (\d+)/.exec(precondition)?.[1];
	return () => {
		if (code) throw new SmpError(Number(code), "not allowed");
	};
}

/** A store with the one subtree of Zephyr's settings test. */
function settingsStore(precondition: string): SettingsStore {
	const values = new Map([["test_val/aa", unhex("53564d0f")]]);
	const store: SettingsStore = {
		get: (name) => values.get(name),
		hasRoot: (root) => root === "test_val",
		set: (name, value) => void values.set(name, value.slice()),
		delete: (name) => values.delete(name),
	};
	return precondition.startsWith("no settings storage") ? store : { ...store, save: () => {} };
}

/** A file system under /lfs, with the one file that a precondition names. */
function fileSystem(precondition: string): FileSystem {
	const files = new Map<string, Uint8Array>();
	const named = /^(\/lfs\/\S+) holds (\S+)$/.exec(precondition);
	if (named)
		files.set(
			named[1]!,
			Uint8Array.from([...named[2]!], (letter) => letter.charCodeAt(0)),
		);
	return {
		size: (path) => (path === "/lfs" ? "directory" : files.get(path)?.length),
		mounted: (path) => path === "/lfs" || path.startsWith("/lfs/"),
		read: (path, offset, into) => into.set(files.get(path)!.subarray(offset, offset + into.length)),
		create: (path) => void files.set(path, new Uint8Array(0)),
		append: (path, data) => {
			const old = files.get(path)!;
			const whole = new Uint8Array(old.length + data.length);
			whole.set(old);
			whole.set(data, old.length);
			files.set(path, whole);
		},
	};
}
