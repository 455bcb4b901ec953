import { Op } from "../../modules/smp/header.js";
import type { Requester } from "../request.js";

const ZEPHYR = 63;

/** Erases the storage area, and with it all saved settings (Zephyr SMP group 63, Erase storage). */
export async function eraseStorage(device: Requester): Promise<void> {
	await device.request(Op.WRITE, ZEPHYR, 0);
}
