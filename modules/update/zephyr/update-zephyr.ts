import flash from "embedded:storage/flash";
import { Digest } from "crypt";
import config from "mc/config";
import { BootUtil } from "xs-smp/modules/bootutil/bootutil";
import type { BootConfig } from "xs-smp/modules/bootutil/config";
import type { Hasher } from "xs-smp/modules/bytes/digest";
import { FlashArea } from "xs-smp/modules/flash/area";
import { slotAreaId } from "xs-smp/modules/flash/layout";
import { FlashMap } from "xs-smp/modules/flash/map";
import type { FlashPartition } from "xs-smp/modules/flash/partition";
import { updateModule } from "xs-smp/modules/update/update";

// embedded:update for the Moddable SDK's Zephyr port, for boards that MCUboot boots by a swap or by overwriting. The `config` of
// the manifest or of mcconfig's command line says how MCUboot was built.

/** Whether two open partitions are one. Throws a SyntaxError for what is no open partition. */
function samePartition(this: void, _one: unknown, _other: unknown): boolean {
	return native("xs_update_samePartition").call(this, _one, _other) as boolean;
}

/** Throws an Error if an open partition was opened to be read alone. */
function checkWritable(this: void, _partition: unknown): unknown {
	return native("xs_update_checkWritable").call(this, _partition);
}

class Sha256 implements Hasher {
	readonly #digest = new Digest("SHA256");

	update(bytes: Uint8Array): void {
		// The C takes views of bytes too.
		this.#digest.write(bytes as unknown as ArrayBuffer);
	}

	digest(): Uint8Array {
		return new Uint8Array(this.#digest.close());
	}
}

/** From the command line everything comes as a string. */
const {
	mode = "swap-move",
	images = 1,
	mcuboot,
} = config as unknown as {
	readonly mode?: BootConfig["mode"];
	readonly images?: number | string;
	readonly mcuboot?: Partial<BootConfig>;
};
const boot: BootConfig = { maxAlign: 8, maxSectors: 128, trailer: "current", ...mcuboot, mode, images: Number(images) };

/** The devicetree's labels of the slots, in pairs: that an image runs from, and that of its updates. */
const slots: readonly string[] = Array.from({ length: 2 * boot.images }, (_, i) => `image-${i}`);

const openSlot = (path: string): FlashPartition => flash.open({ path }) as unknown as FlashPartition;

export default updateModule(() => {
	const areas = slots.map((label, i) => {
		const id = slotAreaId(i >> 1, i % 2 === 0 ? "primary" : "secondary");
		// Only modes that run images in place look at the offset.
		return new FlashArea(id, label, 0, openSlot(label));
	});
	return {
		boot: new BootUtil(new FlashMap(areas), boot),
		digest: { sha256: () => new Sha256() },
		labelOf: (partition) => {
			checkWritable(partition);
			return slots.find((label) => samePartition(partition, openSlot(label))) ?? "this partition";
		},
	};
});
