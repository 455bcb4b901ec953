import { Device, type Platform, versionName } from "./device.js";
import type { ImageValidationFile, SlotOutcome, VectorConfig } from "./format.js";
import { Report, same, sampleOf } from "./report.js";
import type { Sample } from "./scenario.js";

/** What the cases refer to. `unpack` gives the bytes of an image that the file holds packed. */
export interface ValidationMaterial {
	readonly primary: Uint8Array;
	readonly keys: readonly Uint8Array[];
	unpack(packed: string): Uint8Array;
}

const VARIANTS: Readonly<Record<string, Partial<VectorConfig>>> = {
	ecdsa: {},
	"ecdsa+allow_list": { tlv_allow_list: true },
	"ecdsa+hw_nv5": { hw_rollback: true },
	"hash-only": { signature: "none" },
};

/** Stored counter of the variant with hardware rollback protection. */
const STORED_COUNTER = 5;

/** Hand-made images in the primary slot and as an update: one check for an image in a configuration and a place. */
export function runImageValidation(
	file: ImageValidationFile,
	material: ValidationMaterial,
	platform: Platform,
	sample: Sample,
	report: Report,
): void {
	const { sector_size, write_size, slot_size, boot_max_align, max_img_sectors } = file.flash;
	const configOf = (algorithm: VectorConfig["algorithm"], variant: Partial<VectorConfig>): VectorConfig => ({
		algorithm,
		images: 1,
		signature: "ecdsa-p256",
		boot_max_align,
		max_img_sectors,
		validate_primary: true,
		downgrade_prevention: "none",
		hw_rollback: false,
		bootstrap: false,
		tlv_allow_list: false,
		version_cmp_build_number: false,
		flash: { size: 2 * slot_size, sector_size, write_size, erased: 0xff, strict_nor: true },
		areas: [
			{ id: 1, name: "primary", off: 0, size: slot_size },
			{ id: 2, name: "secondary", off: slot_size, size: slot_size },
		],
		...variant,
	});
	for (const item of sampleOf(file.cases, sample)) {
		const image = material.unpack(item.image_gz_base64);
		for (const [name, results] of Object.entries(item.results)) {
			const variant = VARIANTS[name];
			if (!variant) {
				report.skipped.push(`${item.name}: configuration ${name} is not known here`);
				continue;
			}
			const make = (algorithm: VectorConfig["algorithm"]): Device => {
				const device = new Device(configOf(algorithm, variant), material.keys, platform);
				if (variant.hw_rollback) device.counters = [STORED_COUNTER];
				return device;
			};
			// Where the crypto library decides how strict it is, only agreement counts.
			const counted = item.crypto_backend_dependent ? new Report() : report;
			counted.check(`${item.name}, ${name}, primary`, () => {
				const device = make("swap-move");
				device.flash.bytes(1).set(image.subarray(0, slot_size));
				same(
					"load_header_rc",
					device.bootutil.boot_image_load_header(device.flash.map.area(1)).rc,
					results.load_header_rc,
				);
				const outcome = device.boot();
				same("ok", outcome?.ok, results.primary.ok);
				same("outcome", outcome?.status, results.primary.status ?? "returned");
				same("number of operations", outcome?.nops, results.primary.nops);
				if (results.primary.nv !== undefined) same("hardware counter", device.counters[0], results.primary.nv);
			});
			for (const algorithm of ["swap-move", "swap-offset"] as const)
				counted.check(`${item.name}, ${name}, ${algorithm}`, () => {
					const device = make(algorithm);
					device.flash.bytes(1).set(material.primary);
					const offset = algorithm === "swap-offset" ? sector_size : 0;
					device.flash.bytes(2).set(image.subarray(0, slot_size - offset), offset);
					device.bootutil.boot_set_pending(false);
					checkUpdate(device, results[algorithm]);
				});
			if (counted === report) continue;
			report.passed += counted.passed;
			for (const failure of counted.failures)
				report.skipped.push(`${failure} (depends on the DER leniency of the crypto library)`);
		}
	}
}

function checkUpdate(device: Device, expected: SlotOutcome): void {
	const outcome = device.boot();
	same("ok", outcome?.ok, expected.ok);
	same("outcome", outcome?.status, expected.status ?? "returned");
	if (expected.version !== undefined) same("version", outcome?.version, versionName(expected.version));
	same("number of operations", outcome?.nops, expected.nops);
	same("swap type after", device.swapTypes()[0], expected.swap_type_after);
	if (expected.nv !== undefined) same("hardware counter", device.counters[0], expected.nv);
	same("SHA-256 of the flash", device.hash(), expected.flash_sha256);
}
