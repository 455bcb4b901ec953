import { holdsArchive } from "../../../modules/bootutil/archive.js";
import { decodeHeader, IMAGE_HEADER_SIZE } from "../../../modules/bootutil/header.js";
import type {
	BootResult,
	Decryption,
	ImageResult,
	LoaderConfig,
	LoaderServices,
	SwapEvent,
} from "../../../modules/bootutil/loader/config.js";
import { bytesOf, hex } from "../../../modules/bytes/hex.js";
import "./text-encoder.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import { MODES, SCRATCH_LABEL } from "../../../modules/bootutil/modes.js";
import { OtpCounters } from "../../../modules/bootutil/otp-counter.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { readConfig, type SimConfig } from "./config.js";
import { type BootAction, log, report } from "./event.js";
import { SimFlash } from "./flash.js";
import { loaderConfig } from "./loader-config.js";
import { longDigest } from "./long-digest.js";

// The boot loader of the boards on a desk: what MCUboot is on a real one. It runs on a machine of its own, which ends before
// the application starts.

/** A boot loader that is about to boot. */
export interface LoaderRun {
	readonly config: SimConfig;
	readonly build: LoaderConfig;
	readonly map: FlashMap;
	readonly loader: Loader;
	/** Starts what was booted, or stays down until a reset. */
	finish(result: BootResult): void;
}

/** Progress is reported so many times in a swap. */
const REPORTS = 20;

const ACTIONS: Readonly<Record<number, BootAction>> = {
	[SwapType.TEST]: "test",
	[SwapType.PERM]: "permanent",
	[SwapType.REVERT]: "revert",
};

/**
 * Address and length of the payload with the application's archive, which is in the last image if that is not opaque. The boot
 * loader has validated what it starts at this boot, hash and signature: so no other archive gets to the engine.
 */
function archivePayload(map: FlashMap, images: readonly ImageResult[]): [] | [number, number] {
	const last = images.at(-1)!;
	const area = map.slot(last.image, last.slot === 0 ? "primary" : "secondary");
	const header = decodeHeader(area.bytes(0, IMAGE_HEADER_SIZE));
	if (!holdsArchive(area, header)) return [];
	return [area.offset + header.headerSize, header.imageSize];
}

function reportSwap({ event, image, type, done, total }: SwapEvent): void {
	const action = ACTIONS[type] ?? "none";
	if (event === "start") simulator.swapBegins();
	if (event !== "progress") report({ event: "swap", phase: event, image, type: action });
	else if (Math.floor((done * REPORTS) / total) !== Math.floor(((done - 1) * REPORTS) / total))
		report({ event: "swap", phase: event, image, type: action, step: done, steps: total });
}

/** What the boot loader has of the board. */
export const loaderServices = (): LoaderServices => ({
	digest: longDigest,
	log,
	securityCounters: new OtpCounters({
		read: (word) => simulator.otpRead(word),
		program: (word, value) => simulator.otpProgram(word, value),
		lock: (word) => simulator.otpLock(word),
	}),
	report: reportSwap,
});

/** Has `boot` boot with the boot loader as the command line has it. */
export function withLoader(boot: (run: LoaderRun) => void): void {
	const config = readConfig();
	const { encryptionKey } = config;
	if (encryptionKey === undefined) boot(openLoader(config));
	// Who has no key is not to pay for it at each start.
	else
		void import("../../../modules/bootutil/loader/encryption.js").then(({ decryptionWith }) =>
			boot(openLoader(config, decryptionWith(bytesOf(encryptionKey)))),
		);
}

function openLoader(config: SimConfig, decryption?: Decryption): LoaderRun {
	const { entrances = ["no-image"] } = config.recovery ?? {};
	const build = { ...loaderConfig(config, decryption), loaderWithoutImage: entrances.includes("no-image") };
	const map = FlashMap.open(config.layout, (label) => SimFlash.open(config.layout, label));
	log(`*** Booting xs-smp boot loader: ${config.boot.mode}, ${config.signature} ***`);
	if (config.signature === "none")
		log("WARNING: this boot loader has no key. It checks hashes, no signatures, and starts anybody's image.");
	const scratch = config.layout.areas.find(({ label }) => label === SCRATCH_LABEL);
	if (scratch && MODES[config.boot.mode].swapRoom === "scratch")
		log(`scratch area ${hex(scratch.offset)}, ${hex(scratch.size)} bytes`);
	return {
		config,
		build,
		map,
		loader: new Loader(map, build, loaderServices()),
		finish: (result) => {
			if (result.ok) {
				simulator.startApplication(JSON.stringify(result.images), ...archivePayload(map, result.images));
			} else {
				report({ event: "halt", reason: result.reason ?? "no bootable image" });
				simulator.halt();
			}
		},
	};
}
