import { MapEncoder, type ResponseMap } from "../../../smp/cbor.js";
import { Rc, SmpError } from "../../../smp/errors.js";
import { decodeFields, utf8 } from "../../../smp/fields.js";
import { HEADER_SIZE, Op, readHeader, writeHeader } from "../../../smp/header.js";
import type { Reply, Transport } from "../../../smp/transport/transport.js";
import type { RecoveryBuild, RecoveryHost } from "./build.js";
import { RecoveryImages } from "./images.js";
import { RecoveryUpload } from "./upload.js";

/** Groups and their commands (Zephyr SMP groups 0 and 1). */
const OS = 0;
const ECHO = 0;
const CONSOLE_ECHO = 1;
const RESET = 5;
const PARAMETERS = 6;
const IMAGE = 1;
const STATE = 0;
const UPLOAD = 1;
const SLOT_INFO = 6;

const ECHO_SCHEMA = Object.freeze({ d: utf8 });

/** Room for the longest list: four images with all they can have. */
const RESPONSE_SIZE = 768;

/**
 * MCUboot's serial recovery (docs/serial_recovery.md; boot/boot_serial): an SMP server in the boot loader, for a device that
 * has no application to ask. It knows images and little else, answers errors by `rc` in either version of the protocol, and
 * checks nothing that is uploaded: the next boot does.
 */
export class Recovery {
	readonly #build: RecoveryBuild;
	readonly #host: RecoveryHost;
	readonly #images: RecoveryImages;
	readonly #upload: RecoveryUpload;
	readonly #response = new Uint8Array(RESPONSE_SIZE);
	readonly #encoder = new MapEncoder(this.#response);

	constructor(build: RecoveryBuild, host: RecoveryHost) {
		this.#build = build;
		this.#host = host;
		this.#images = new RecoveryImages(build, host);
		this.#upload = new RecoveryUpload(build, host);
	}

	/** Answers what comes by a transport, which is made for packets of up to `longestPacket` bytes. */
	attach(transport: Transport): void {
		transport.onPacket = (packet, reply) => this.handle(packet, reply);
	}

	/** Answers one packet. One that is no request, or longer than its header says, gets no answer. */
	handle(packet: Uint8Array, reply: Reply): void {
		if (packet.length < HEADER_SIZE) return;
		const { op, version, length, group, sequence, command } = readHeader(packet);
		if ((op !== Op.READ && op !== Op.WRITE) || length < packet.length - HEADER_SIZE) return;
		this.#host.onRequest?.();
		let answer: ResponseMap;
		try {
			answer = this.#answer(group, command, op, packet.subarray(HEADER_SIZE));
		} catch (error) {
			if (!(error instanceof SmpError)) throw error;
			this.#host.services.log(`recovery: ${error.message}`);
			answer = { rc: error.code };
		}
		const end = this.#encoder.encode(answer, HEADER_SIZE);
		writeHeader(this.#response, {
			...{ op: op + 1, version, flags: 0, group, sequence, command },
			length: end - HEADER_SIZE,
		});
		// Bits that are reserved come back as they were.
		this.#response[0] = packet[0]! + 1;
		reply(this.#response.subarray(0, end));
		this.#upload.settle();
		if (group === OS && command === RESET) this.#host.reset();
	}

	#answer(group: number, command: number, op: number, payload: Uint8Array): ResponseMap {
		const { echo, params, slotInfo, maxReceive = 1024 } = this.#build;
		if (group === OS) {
			if (command === ECHO && echo) return this.#echo(payload);
			if (command === PARAMETERS && params) return { buf_size: maxReceive, buf_count: 1 };
			if (command === CONSOLE_ECHO || command === RESET) return { rc: Rc.OK };
		} else if (group === IMAGE) {
			if (command === STATE) return op === Op.READ ? this.#images.list() : this.#images.mark(payload);
			if (command === UPLOAD) return this.#upload.take(payload);
			if (command === SLOT_INFO && slotInfo && op === Op.READ) return this.#images.slotInfo();
		}
		throw new SmpError(Rc.NOT_SUPPORTED, `there is no command ${command} of group ${group}`);
	}

	/** The buffer for answers is measured for a list of images: a longer text does not fit. */
	#echo(payload: Uint8Array): ResponseMap {
		const { d } = decodeFields(payload, ECHO_SCHEMA);
		if (!d) throw new SmpError(Rc.INVALID, "an echo needs a text d");
		const { state, hash, slotInfo } = this.#build;
		const each = Math.max(128 + (state ? 48 : 0) + (hash ? 36 : 0), slotInfo ? 164 : 0);
		const { length } = d.bytes;
		const head = length < 24 ? 1 : length < 0x100 ? 2 : 3;
		// Map, key "r", text, end.
		if (1 + 2 + head + length + 1 > each * this.#host.config.images)
			throw new SmpError(Rc.NO_MEMORY, `a text of ${length} bytes is too long for an echo`);
		return { r: d };
	}
}
