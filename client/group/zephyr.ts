import { Op } from "../../modules/smp/header.js";
import { ZEPHYR_GROUP, ZephyrCommand } from "../../modules/smp/protocol/zephyr.js";
import type { Requester } from "../request.js";

/** Erases the storage area, and with it all saved settings (Zephyr SMP group 63, Erase storage). */
export async function eraseStorage(device: Requester): Promise<void> {
	await device.request(Op.WRITE, ZEPHYR_GROUP, ZephyrCommand.ERASE_STORAGE);
}
