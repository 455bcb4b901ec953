import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../../modules/bootutil/config.js";
import { formatVersion } from "../../../modules/bootutil/header.js";
import type { BootResult, LoaderConfig, LoaderServices } from "../../../modules/bootutil/loader/config.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import type { SignatureType } from "../../../modules/bootutil/signature/signature.js";
import { type BootFlag, type BootMagic, Trailer } from "../../../modules/bootutil/trailer.js";
import type { DigestProvider } from "../../../modules/bytes/digest.js";
import { FlashModel } from "./flash-model.js";
import type { BootOutcome, TrailerRow, VectorConfig } from "./format.js";
import { toHex } from "./hex.js";

/** What the machine that runs the vectors supplies. */
export interface Platform {
	readonly digest: DigestProvider;
	readonly verifySignature?: NonNullable<LoaderServices["verifySignature"]>;
	/** Called before every boot that runs to its end; what it returns, after it. */
	readonly beforeBoot?: (device: Device) => (result: BootResult) => void;
}

const SIGNATURES: Readonly<Record<string, SignatureType>> = {
	none: "none",
	"ecdsa-p256": "ecdsa-p256",
	ed25519: "ed25519",
	"rsa2048-pss": "rsa-2048",
	"rsa3072-pss": "rsa-3072",
};

const SWAP_TYPES: Readonly<Record<number, string>> = {
	1: "none",
	2: "test",
	3: "perm",
	4: "revert",
	5: "fail",
	255: "panic",
};

export const swapTypeName = (type: number): string => SWAP_TYPES[type] ?? String(type);
export const magicName = (magic: BootMagic): string => ["", "good", "bad", "unset"][magic] ?? String(magic);
export const flagName = (flag: BootFlag): string => ["", "set", "bad", "unset"][flag] ?? String(flag);

/** The part of a configuration that boot loader and application share. */
export const bootConfig = (
	config: Pick<VectorConfig, "algorithm" | "boot_max_align" | "max_img_sectors" | "mcuboot_release"> & {
		readonly images?: number;
	},
): BootConfig => ({
	mode: config.algorithm,
	images: config.images ?? 1,
	maxAlign: config.boot_max_align,
	maxSectors: config.max_img_sectors,
	trailer: config.mcuboot_release?.startsWith("2.2") ? "2.2" : "current",
});

/** Why there is no loader for a configuration, in words; undefined if there is one. */
export function unsupported({ algorithm, signature }: VectorConfig): string | undefined {
	if (algorithm !== "swap-move" && algorithm !== "swap-offset") return `there is no loader for ${algorithm}`;
	return SIGNATURES[signature] === undefined ? `there is no loader for ${signature} signatures` : undefined;
}

const loaderConfig = (config: VectorConfig, keys: readonly Uint8Array[]): LoaderConfig => ({
	...bootConfig(config),
	signature: SIGNATURES[config.signature] ?? "none",
	keys,
	validatePrimary: config.validate_primary,
	downgradePrevention: config.downgrade_prevention,
	hwRollback: config.hw_rollback,
	bootstrap: config.bootstrap,
	tlvAllowList: config.tlv_allow_list,
	versionCmpBuildNumber: config.version_cmp_build_number,
});

/** A simulated device: the flash model, the loader, the application's calls, hardware counters. */
export class Device {
	readonly flash: FlashModel;
	readonly bootutil: BootUtil;
	counters: number[];
	/** Value of an erased byte. */
	readonly erased: number;
	/** What the loader logged in the last boot. */
	readonly log: string[] = [];
	readonly config: LoaderConfig;
	readonly vector: VectorConfig;
	readonly #platform: Platform;
	readonly #loader: Loader;

	/** `config` is not `unsupported`. */
	constructor(config: VectorConfig, keys: readonly Uint8Array[], platform: Platform) {
		this.flash = new FlashModel(config.flash, config.areas);
		this.erased = config.flash.erased;
		this.vector = config;
		this.config = loaderConfig(config, keys);
		this.#platform = platform;
		this.bootutil = new BootUtil(this.flash.map, this.config);
		this.counters = new Array<number>(config.images).fill(0);
		this.#loader = new Loader(this.flash.map, this.config, {
			...platform,
			log: (line) => this.log.push(line),
			securityCounters: {
				get: (image) => this.counters[image] ?? 0,
				set: (image, value) => {
					this.counters[image] = value;
				},
			},
		});
	}

	/** One boot, the power cut after `cutAfter` operations; undefined if it was. */
	boot(
		cutAfter?: number,
		torn?: boolean,
	): (Required<Omit<BootOutcome, "version">> & { version: string | undefined }) | undefined {
		this.log.length = 0;
		this.flash.powerOn(cutAfter, torn);
		const afterBoot = cutAfter === undefined ? this.#platform.beforeBoot?.(this) : undefined;
		const result = this.#loader.boot();
		const { ok, halted, images } = result;
		const { cut, ops, violations } = this.flash;
		if (cut) return undefined;
		afterBoot?.(result);
		const first = images[0]!;
		return {
			status: halted ? "assert" : "returned",
			nops: ops.length,
			ok,
			image_off: first.offset,
			version: first.version,
			hdr_size: first.headerSize,
			violations,
		};
	}

	/** SHA-256 of the whole flash, hexadecimal. */
	hash(): string {
		return this.hashOf(this.flash.memory);
	}

	hashOf(bytes: Uint8Array): string {
		const hasher = this.#platform.digest.sha256();
		hasher.update(bytes);
		return toHex(hasher.digest());
	}

	/** Names of the swap types of every image, as they are with the power on. */
	swapTypes(): string[] {
		this.flash.powerOn();
		return Array.from({ length: this.config.images }, (_, i) => swapTypeName(this.bootutil.boot_swap_type_multi(i)));
	}

	trailer(areaId: number): TrailerRow {
		const state = new Trailer(this.config, this.flash.map.area(areaId)).read();
		return {
			magic: magicName(state.magic),
			swap_type: state.swapType,
			copy_done: flagName(state.copyDone),
			image_ok: flagName(state.imageOk),
			image_num: state.imageNumber,
		};
	}
}

/** "1.2.3+4" of the vectors in the spelling of the loader. */
export function versionName(text: string): string {
	const [major, minor, revision, build] = text.split(/[.+]/).map(Number);
	return formatVersion({ major: major ?? 0, minor: minor ?? 0, revision: revision ?? 0, build: build ?? 0 });
}
