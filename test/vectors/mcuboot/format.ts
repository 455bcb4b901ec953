import type { ImgtoolSignRow } from "./imgtool-sign.js";

/** The files of the MCUboot golden vectors (test/vectors/data/mcuboot/README.md), as far as they are read here. */

export interface VectorArea {
	readonly id: number;
	readonly name: string;
	readonly off: number;
	readonly size: number;
}

export interface VectorConfig {
	readonly algorithm: "swap-move" | "swap-offset";
	readonly images: number;
	readonly signature: "none" | "ecdsa-p256" | "ed25519" | "rsa2048-pss" | "rsa3072-pss";
	readonly boot_max_align: 8 | 16 | 32;
	readonly max_img_sectors: number;
	readonly validate_primary: boolean;
	readonly downgrade_prevention: "none" | "version" | "counter";
	readonly hw_rollback: boolean;
	readonly bootstrap: boolean;
	readonly tlv_allow_list: boolean;
	readonly version_cmp_build_number: boolean;
	readonly mcuboot_release?: string;
	readonly flash: {
		/** From address 0 to the end of the last area. */
		readonly size: number;
		readonly sector_size: number;
		readonly write_size: number;
		readonly erased: number;
		readonly strict_nor: boolean;
	};
	readonly areas: readonly VectorArea[];
}

export interface BootOutcome {
	/** Left out if "returned". */
	readonly status?: "returned" | "assert";
	readonly nops: number;
	readonly ok?: boolean;
	readonly image_off?: number;
	readonly version?: string;
	readonly hdr_size?: number;
	readonly violations?: number;
}

export interface TrailerRow {
	readonly magic: string;
	readonly swap_type: number;
	readonly copy_done: string;
	readonly image_ok: string;
	readonly image_num: number;
}

interface Call {
	readonly cut_after_ops?: number;
	readonly rc: number | null;
	readonly ops?: readonly string[];
	readonly swap_type_after: readonly string[];
	readonly flash_sha256: string;
}

export interface NextBoot {
	readonly result: BootOutcome;
	readonly swap_type_after: readonly string[];
	readonly flash_sha?: string;
	readonly flash_sha256?: string;
}

export interface Recovery {
	readonly result: BootOutcome;
	readonly ops_sha?: string;
	readonly ops?: readonly string[];
	readonly swap_type_after: readonly string[];
	readonly flash_sha: string;
	readonly nv_counters?: readonly number[];
	readonly dump?: readonly number[];
}

export interface Cut {
	readonly k: number;
	readonly cut_sha: string;
	readonly swap_type_at_cut: readonly string[];
	readonly cut_dump?: readonly number[];
	readonly recovery: Recovery;
	readonly next_boot?: NextBoot;
	readonly second_cuts?: readonly { readonly j: number; readonly cut_sha: string; readonly recovery: Recovery }[];
}

export interface Sweep {
	readonly do: "sweep";
	readonly torn: boolean;
	readonly swap_type_before: readonly string[];
	readonly uninterrupted: {
		readonly result: BootOutcome;
		readonly ops: readonly string[];
		readonly flash_sha256: string;
		readonly swap_type_after: readonly string[];
		readonly dump?: readonly number[];
		readonly nv_counters?: readonly number[];
		readonly next_boot: NextBoot;
	};
	readonly cuts: readonly Cut[];
}

export interface BootStep {
	readonly do: "boot";
	readonly swap_type_before: readonly string[];
	readonly result: BootOutcome;
	readonly ops: readonly string[];
	readonly swap_type_after: readonly string[];
	readonly trailers: Readonly<Record<string, TrailerRow>>;
	readonly nv_counters?: readonly number[];
	readonly flash_sha256: string;
	readonly dump?: readonly number[];
}

export type Step =
	| {
			readonly do: "program";
			readonly area: number;
			readonly image: string;
			readonly offset: number;
			readonly erase_area_first: boolean;
	  }
	| { readonly do: "poke"; readonly area: number; readonly offset: number; readonly hex: string }
	| { readonly do: "erase"; readonly area: number; readonly offset: number; readonly len: number }
	| { readonly do: "set_nv"; readonly values: readonly number[] }
	| (Call & { readonly do: "set_pending"; readonly image: number; readonly permanent: boolean })
	| (Call & { readonly do: "set_confirmed"; readonly image: number })
	| (Call & { readonly do: "set_next"; readonly area: number; readonly active: boolean; readonly confirm: boolean })
	| BootStep
	| Sweep;

export interface Scenario {
	readonly name: string;
	readonly description: string;
	readonly config: VectorConfig;
	readonly trusted_keys: readonly string[];
	readonly nv_counters_initial?: readonly number[];
	readonly steps: readonly Step[];
}

export interface ScenarioFile {
	readonly sector_size: number;
	readonly sectors_file: string;
	readonly images: Readonly<Record<string, { readonly file: string; readonly sha256: string }>>;
	readonly keys: Readonly<Record<string, string>>;
	readonly scenarios: readonly Scenario[];
}

export interface TrailerLayoutFile {
	readonly rows: readonly {
		readonly algorithm: VectorConfig["algorithm"];
		readonly boot_max_align: 8 | 16 | 32;
		readonly max_img_sectors: number;
		readonly write_size: number;
		readonly sector_size: number;
		readonly area_size: number;
		readonly secondary_size?: number;
		readonly offsets?: Readonly<Record<string, number>>;
		readonly trailer_size?: number;
		readonly status_size?: number;
		readonly app_max_size: number;
		readonly magic_hex?: string;
		readonly mcuboot_release?: string;
	}[];
}

export interface SetNextCase {
	readonly state: string;
	readonly swap_info: number | null;
	readonly active: boolean;
	readonly confirm: boolean;
	readonly rc: number;
	readonly ops: readonly string[];
	readonly before?: string;
	readonly after?: string;
}

export interface AppApiFile {
	readonly state_order: readonly string[];
	readonly tables: readonly {
		readonly algorithm: VectorConfig["algorithm"];
		readonly boot_max_align: 8 | 16 | 32;
		readonly write_size: number;
		readonly swap_type: readonly string[];
		readonly pending0: readonly string[];
		readonly pending1: readonly string[];
		readonly confirmed: readonly string[];
	}[];
	readonly set_next: readonly {
		readonly algorithm: VectorConfig["algorithm"];
		readonly boot_max_align: 8 | 16 | 32;
		readonly write_size: number;
		readonly area: number;
		readonly area_size: number;
		readonly strict_nor: boolean;
		readonly cases: readonly SetNextCase[];
	}[];
	readonly extra: readonly (
		| {
				readonly kind: "flag";
				readonly algorithm: VectorConfig["algorithm"];
				readonly boot_max_align: 8 | 16 | 32;
				readonly value: number;
				readonly image_ok: string;
				readonly copy_done: string;
		  }
		| {
				readonly kind: "swap_info";
				readonly algorithm: VectorConfig["algorithm"];
				readonly boot_max_align: 8 | 16 | 32;
				readonly value: number;
				readonly swap_type: number;
				readonly image_num: number;
		  }
		| {
				readonly kind: "magic";
				readonly algorithm: VectorConfig["algorithm"];
				readonly boot_max_align: 8 | 16 | 32;
				readonly name: string;
				readonly magic: string;
				readonly decoded: string;
		  }
		| {
				readonly kind: "set_pending_two_images";
				readonly algorithm: VectorConfig["algorithm"];
				readonly image: number;
				readonly permanent: boolean;
				readonly rc: number;
				readonly ops: readonly string[];
				readonly swap_types: readonly string[];
		  }
	)[];
}

export interface SlotOutcome {
	readonly ok: boolean;
	readonly status?: string;
	readonly nops: number;
	readonly version?: string;
	readonly swap_type_after: string;
	readonly flash_sha256: string;
	readonly outcome: "swapped" | "erased" | "trailer-removed" | "kept";
	readonly nv?: number;
}

export interface ImageValidationFile {
	readonly primary_image: { readonly file: string };
	readonly trusted_keys: readonly string[];
	readonly flash: {
		readonly sector_size: number;
		readonly write_size: number;
		readonly slot_size: number;
		readonly boot_max_align: 8 | 16 | 32;
		readonly max_img_sectors: number;
	};
	readonly cases: readonly {
		readonly name: string;
		readonly crypto_backend_dependent?: boolean;
		readonly image_gz_base64: string;
		readonly results: Readonly<
			Record<
				string,
				{
					readonly primary: {
						readonly ok: boolean;
						readonly status?: string;
						readonly nops: number;
						readonly nv?: number;
					};
					readonly load_header_rc: number;
					readonly "swap-move": SlotOutcome;
					readonly "swap-offset": SlotOutcome;
				}
			>
		>;
	}[];
}

export interface ImgtoolSignFile {
	readonly rows: readonly ImgtoolSignRow[];
}

export type VectorFile = Partial<
	ScenarioFile & TrailerLayoutFile & AppApiFile & ImageValidationFile & ImgtoolSignFile
> & {
	readonly format?: string;
};
