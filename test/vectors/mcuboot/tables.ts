import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import { appMaxSize, Trailer, trailerLayout, trailerMagic } from "../../../modules/bootutil/trailer.js";
import { bootConfig, flagName, magicName, swapTypeName } from "./device.js";
import { FlashModel } from "./flash-model.js";
import type { AppApiFile, TrailerLayoutFile, VectorConfig } from "./format.js";
import { fromHex, toHex } from "./hex.js";
import { type Report, same, sameOps } from "./report.js";

/** Trailer offsets, trailer size and app_max_size: one check a row. */
export function runTrailerLayout(file: TrailerLayoutFile, report: Report): void {
	for (const row of file.rows) {
		const name = `${row.algorithm} max align ${row.boot_max_align} write ${row.write_size} N ${row.max_img_sectors} sector ${row.sector_size} area ${row.area_size}`;
		report.check(name, () => {
			const config = bootConfig(row);
			const layout = trailerLayout(config, row.area_size, row.write_size);
			const offsets: Readonly<Record<string, number | undefined>> = {
				magic: layout.magic,
				image_ok: layout.imageOk,
				copy_done: layout.copyDone,
				swap_info: layout.swapInfo,
				unprotected_tlv_sizes: layout.tlvSizes,
				swap_size: layout.swapSize,
				status: layout.status,
			};
			for (const [field, offset] of Object.entries(row.offsets ?? {})) same(field, offsets[field], offset);
			const magic = toHex(Uint8Array.from(trailerMagic(row.boot_max_align)));
			same("trailer size", layout.size, row.trailer_size ?? layout.size);
			same("status size", layout.statusSize, row.status_size ?? layout.statusSize);
			same("magic", magic, row.magic_hex ?? magic);
			const { map } = slots({ ...row, slot: row.area_size, second: row.secondary_size ?? row.area_size });
			same("app_max_size", appMaxSize(config, map.area(1), map.area(2)), row.app_max_size);
		});
	}
}

const SLOT = 32768;

interface SlotOptions {
	readonly write_size: number;
	readonly sector_size?: number;
	readonly slot?: number;
	readonly second?: number;
	readonly images?: number;
	readonly strict_nor?: boolean;
}

/** Erased slots of `images` images, as the calls were recorded on. */
function slots(options: SlotOptions): FlashModel {
	const { slot = SLOT, second = slot, images = 1 } = options;
	const areas = [];
	for (let image = 0, off = 0; image < images; image++) {
		areas.push({ id: 1 + 2 * image, name: `image${image}-primary`, off, size: slot });
		areas.push({ id: 2 + 2 * image, name: `image${image}-secondary`, off: off + slot, size: second });
		off += slot + second;
	}
	return new FlashModel(
		{
			size: images * (slot + second),
			sector_size: options.sector_size ?? 4096,
			write_size: options.write_size,
			erased: 0xff,
			strict_nor: options.strict_nor ?? false,
		},
		areas,
	);
}

type ApiConfig = Pick<VectorConfig, "algorithm" | "boot_max_align">;

const apiConfig = (config: ApiConfig, images = 1) => bootConfig({ ...config, max_img_sectors: 128, images });

/** Puts a state of three letters (magic, image_ok, copy_done) into the trailer of an area. */
function setState(
	flash: FlashModel,
	config: ApiConfig,
	areaId: number,
	state: string,
	swapInfo: number | null = null,
): void {
	const bytes = flash.bytes(areaId);
	const layout = new Trailer(apiConfig(config), flash.map.area(areaId)).layout;
	bytes.fill(0xff, layout.status);
	const [magic, imageOk, copyDone] = state;
	if (magic !== "u") bytes.set(trailerMagic(config.boot_max_align), layout.magic);
	if (magic === "b") bytes[layout.magic + 15] = 0x81;
	const flag = (letter: string | undefined): number => (letter === "s" ? 1 : letter === "b" ? 0 : 0xff);
	bytes[layout.imageOk] = flag(imageOk);
	bytes[layout.copyDone] = flag(copyDone);
	if (swapInfo !== null) bytes[layout.swapInfo] = swapInfo;
}

const letter = (type: number): string => swapTypeName(type).charAt(0);

/** The application's calls on trailer states: one check for a row of a table, a single call, a decoded value. */
export function runAppApi(file: AppApiFile, report: Report): void {
	for (const table of file.tables) runTable(file.state_order, table, report);
	for (const group of file.set_next) {
		const flash = slots({ write_size: group.write_size, slot: group.area_size, strict_nor: group.strict_nor });
		const bootutil = new BootUtil(flash.map, apiConfig(group));
		for (const row of group.cases) {
			const name = `set_next ${group.algorithm} max align ${group.boot_max_align} write ${group.write_size}${group.strict_nor ? " strict" : ""}: ${row.state} swap_info ${row.swap_info} active ${row.active} confirm ${row.confirm}`;
			report.check(name, () => {
				setState(flash, group, group.area, row.state, row.swap_info);
				const area = flash.map.area(group.area);
				const tail = (): string => toHex(flash.bytes(group.area).subarray(bootutil.trailer(area).layout.swapSize));
				if (row.before !== undefined) same("trailer before", tail(), row.before);
				flash.powerOn();
				same("return code", bootutil.boot_set_next(area, row.active, row.confirm), row.rc);
				sameOps(flash.ops, row.ops);
				if (row.after !== undefined) same("trailer after", tail(), row.after);
			});
		}
	}
	for (const row of file.extra) runExtra(row, report);
}

function runTable(states: readonly string[], table: AppApiFile["tables"][number], report: Report): void {
	const flash = slots(table);
	const bootutil = new BootUtil(flash.map, apiConfig(table));
	states.forEach((primary, rowNumber) => {
		const compare = (name: string, expected: string | undefined, call: () => string): void => {
			report.check(`${name} ${table.algorithm} max align ${table.boot_max_align}: primary ${primary}`, () => {
				let row = "";
				for (const secondary of states) {
					setState(flash, table, 1, primary);
					setState(flash, table, 2, secondary);
					flash.powerOn();
					row += call();
				}
				same("row", row, expected);
			});
		};
		const result = (rc: number): string => `${rc}${flash.ops.length}${letter(bootutil.boot_swap_type())}`;
		compare("swap_type", table.swap_type[rowNumber], () => letter(bootutil.boot_swap_type()));
		compare("set_pending(0)", table.pending0[rowNumber], () => result(bootutil.boot_set_pending(false)));
		compare("set_pending(1)", table.pending1[rowNumber], () => result(bootutil.boot_set_pending(true)));
		compare("set_confirmed", table.confirmed[rowNumber], () => result(bootutil.boot_set_confirmed()));
	});
}

function runExtra(row: AppApiFile["extra"][number], report: Report): void {
	if (row.kind === "set_pending_two_images") {
		report.check(`${row.kind} ${row.algorithm} image ${row.image} permanent ${row.permanent}`, () => {
			const flash = slots({ write_size: 4, images: 2 });
			const bootutil = new BootUtil(flash.map, apiConfig({ algorithm: row.algorithm, boot_max_align: 8 }, 2));
			same("return code", bootutil.boot_set_pending_multi(row.image, row.permanent), row.rc);
			sameOps(flash.ops, row.ops);
			const types = [0, 1].map((image) => swapTypeName(bootutil.boot_swap_type_multi(image)));
			same("swap types", types, row.swap_types);
		});
		return;
	}
	const value = row.kind === "magic" ? row.name : row.value;
	report.check(`${row.kind} ${value} ${row.algorithm} max align ${row.boot_max_align}`, () => {
		const flash = slots({ write_size: 4 });
		const trailer = new Trailer(apiConfig(row), flash.map.area(1));
		const bytes = flash.bytes(1);
		if (row.kind === "flag") {
			bytes[trailer.layout.imageOk] = row.value;
			bytes[trailer.layout.copyDone] = row.value;
			same("image_ok", flagName(trailer.read().imageOk), row.image_ok);
			same("copy_done", flagName(trailer.read().copyDone), row.copy_done);
		} else if (row.kind === "swap_info") {
			bytes[trailer.layout.swapInfo] = row.value;
			same("swap type", trailer.read().swapType, row.swap_type);
			same("image number", trailer.read().imageNumber, row.image_num);
		} else {
			bytes.set(fromHex(row.magic), trailer.layout.magic);
			same("magic", magicName(trailer.read().magic), row.decoded);
		}
	});
}
