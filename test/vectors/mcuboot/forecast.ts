import { bootForecast, type ImageForecast } from "../../../modules/bootutil/forecast.js";
import type { BootResult } from "../../../modules/bootutil/loader/config.js";
import { type DryBoot, DryRun } from "../../../modules/bootutil/loader/dry-run.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import type { Device, Platform } from "./device.js";
import { FlashModel } from "./flash-model.js";
import { Mismatch, same } from "./report.js";

const ACTIONS: Readonly<Record<number, string>> = {
	[SwapType.NONE]: "none",
	[SwapType.TEST]: "test",
	[SwapType.PERM]: "permanent",
	[SwapType.REVERT]: "revert",
	[SwapType.FAIL]: "fail",
};

/** A rehearsal, and what it was one for. */
interface Rehearsal {
	readonly run: DryRun;
	readonly counters: string;
}

/**
 * Makes a platform compare every boot with its forecasts: the one by the trailers, the rehearsal on a copy of the flash,
 * and, where a boot follows another, the rehearsal of the boot after the next that was possible before.
 */
export function withForecast(platform: Platform): Platform {
	const earlier = new WeakMap<Device, Rehearsal>();
	return {
		...platform,
		beforeBoot: (device) => {
			const counters = String(device.counters);
			const before = earlier.get(device);
			const second =
				before && before.counters === counters && sameFlash(before.run, device) ? before.run.fork().boot() : undefined;
			const forecasts = bootForecast(device.bootutil);
			const run = rehearse(device, platform);
			const next = run.boot();
			return (result) => {
				compareBoot("forecast", next, result, device);
				if (second) compareBoot("forecast of the boot after the next", second, result, device);
				for (const { id } of device.flash.map.areas())
					if (!equal(contents(run, id), device.flash.bytes(id))) throw new Mismatch(`area ${id} is not as forecast`);
				for (const forecast of forecasts) compareTrailers(forecast, result, next, device);
				earlier.set(device, { run, counters: String(device.counters) });
			};
		},
	};
}

/** The copy to boot must not change with the device. */
function rehearse(device: Device, { digest, verifySignature }: Platform): DryRun {
	const { flash, areas } = device.vector;
	const frozen = new FlashModel(flash, areas);
	frozen.memory.set(device.flash.memory);
	const counters = [...device.counters];
	return new DryRun(frozen.map, device.config, {
		digest,
		verifySignature,
		securityCounters: { get: (image) => counters[image] ?? 0 },
		strict: flash.strict_nor,
	});
}

const contents = (run: DryRun, areaId: number): Uint8Array => {
	const area = run.api.map.area(areaId);
	return area.bytes(0, area.size);
};

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const sameFlash = (run: DryRun, device: Device): boolean =>
	device.flash.map.areas().every(({ id }) => equal(contents(run, id), device.flash.bytes(id)));

function compareBoot(what: string, forecast: DryBoot, actual: BootResult, device: Device): void {
	const { ops } = device.flash;
	const { ok, halted, reason, images } = forecast;
	same(what, { ok, halted, reason, images }, { ...actual });
	const erases = (list: readonly string[]): number => list.filter((op) => op.startsWith("E")).length;
	same(`${what}: operations`, forecast.work.erases + forecast.work.writes, ops.length);
	same(`${what}: erases`, forecast.work.erases, erases(ops));
	same(`${what}: boot log`, forecast.log, device.log);
	forecast.dry.forEach(({ work, confirmed }, image) => {
		const own = ops.filter((op) => [1 + 2 * image, 2 + 2 * image].includes(Number(op.slice(1, op.indexOf(":")))));
		same(`${what}: operations on image ${image}`, [work.writes, work.erases], [own.length - erases(own), erases(own)]);
		same(`${what}: image ${image} confirmed`, confirmed, device.bootutil.boot_is_img_confirmed(image));
	});
}

/** What the trailers promise is what happens, unless the boot loader has said why not. */
function compareTrailers(forecast: ImageForecast, actual: BootResult, { log }: DryBoot, device: Device): void {
	const { image, action, resumed, confirmed } = forecast;
	const did = actual.images[image]!;
	const promised = ACTIONS[action] ?? "halt";
	if (did.action === promised && did.resumed === resumed) {
		if (did.action !== "none")
			same(`trailers: image ${image} confirmed`, confirmed, device.bootutil.boot_is_img_confirmed(image));
		return;
	}
	if (device.config.bootstrap || actual.halted) return;
	if (did.action !== "none" && did.action !== "fail")
		throw new Mismatch(`trailers: image ${image} is promised ${promised}, resumed ${resumed}; got ${did.action}`);
	const why = /not possible|no swap|no room|is swapped|refused|cannot be read|sectors|slots do not match/;
	if (!log.some((line) => why.test(line)))
		throw new Mismatch(`trailers: image ${image} is promised ${promised}, and nothing says why not`);
}
