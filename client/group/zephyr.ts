import { Op } from "../../modules/smp/header.js";
import { ZEPHYR_GROUP, ZephyrCommand } from "../../modules/smp/protocol/zephyr.js";
import { command } from "../command.js";
import type { Requester, RequestOptions } from "../request.js";

/** Erase storage (Zephyr SMP group 63). */
export const zephyrEraseStorage = command(Op.WRITE, ZEPHYR_GROUP, ZephyrCommand.ERASE_STORAGE);

/** Erases the storage area, and with it all saved settings. */
export async function eraseStorage(device: Requester, options?: RequestOptions): Promise<void> {
	await device.request(zephyrEraseStorage, {}, options);
}
