import { createHash } from "node:crypto";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { Recovery } from "../../modules/bootutil/loader/recovery/recovery.js";
import { MODES } from "../../modules/bootutil/modes.js";
import { decodeFields, uint } from "../../modules/smp/fields.js";
import { imageGroup } from "../../modules/smp/group/image/image.js";
import { HEADER_SIZE } from "../../modules/smp/header.js";
import { SmpServer } from "../../modules/smp/server.js";
import { request } from "../unit/smp/support.js";
import type { Device } from "./device.js";
import type { Role } from "./phase.js";
import { LOADERS } from "./scenario.js";

// What a user does with a device that does not start its application: another one is uploaded, by the boot loader itself or by
// a firmware loader.

/** Bytes of a file in a packet: whole program units of every device. */
const CHUNK = 512;

type Server = (packet: Uint8Array, reply: (answer: Uint8Array) => void) => void;

/** Sends a file from where the server says, as every client does. */
function send(server: Server, file: Uint8Array, image: number): void {
	for (let off = 0; off < file.length; ) {
		const first = off === 0 ? { len: file.length, image } : {};
		const packet = request(1, 1, { ...first, off, data: file.subarray(off, off + CHUNK) }, 0);
		let next = off;
		server(packet, (answer) => {
			const { rc = 0, off: at = off } = decodeFields(answer.subarray(HEADER_SIZE), { rc: uint, off: uint });
			if (rc !== 0) throw new Error(`an upload at ${off} was refused: ${rc}`);
			next = at;
		});
		if (next <= off) throw new Error(`an upload stands still at ${off}`);
		off = next;
	}
}

const digest = { sha256: () => createHash("sha256") };

/** Serial recovery of a device whose boot loader has it: with direct upload, if there is another slot to upload to. */
const recoveryOf = ({ flash: { map }, config }: Device, directUpload: boolean): Recovery =>
	new Recovery(
		{ eraseProgressively: true, directUpload },
		{
			...{ map, config },
			services: { digest, log: () => {}, securityCounters: { get: () => 0, set: () => {} } },
			reset: () => {},
		},
	);

/** Uploads an image in serial recovery: to the slot where it is to run, or where it waits for a swap. */
export function recover(device: Device, image: number, role: Role, which: "primary" | "secondary" = "primary"): void {
	const direct = !MODES[LOADERS[device.scenario.letter].mode].singleSlot;
	const recovery = recoveryOf(device, direct);
	const number = direct ? 2 * image + (which === "primary" ? 1 : 2) : image;
	send((packet, reply) => recovery.handle(packet, reply), device.image(image, role), number);
}

/** Uploads an application by a firmware loader: the agent, which runs from the second slot. */
export function load({ flash: { map }, config, image }: Device, role: Role): void {
	const server = new SmpServer({
		bufferSize: 1024,
		groups: [imageGroup({ boot: new BootUtil(map, config, [1]), digest })],
	});
	send((packet, reply) => server.receive(packet, reply), image(0, role), 0);
}
