import { GroupError, Rc } from "../errors.js";
import { uint16 } from "../fields.js";
import { type Group, operation } from "../group.js";
import { TRANSPORT_GROUP, TransportError } from "../protocol/transport.js";

/** A transport of the device, as clients see it. */
export interface TransportInfo {
	/** One of `TransportId`, or a number of the device's own from 64 on. */
	readonly id: number;
	readonly name: string;
}

/**
 * The half of the transport group that reads (Zephyr 4.5 SMP group 11, Transport management). Zephyr lists the transports that
 * bridges can join; a device with this group makes no bridges, says so in its status, and lists all its transports.
 */
export function transportGroup(transports: readonly TransportInfo[]): Group {
	const refuse = (id: number | undefined): GroupError => {
		const known = transports.find((transport) => transport.id === id);
		return known
			? transportError(TransportError.NO_INFORMATION, `${known.name} joins no bridges`)
			: transportError(TransportError.INVALID_TRANSPORT, "there is no such transport");
	};
	return {
		id: TRANSPORT_GROUP,
		name: "transport mgmt",
		commands: {
			2: { name: "status", read: { handle: () => ({ supported: 0, active: 0 }) } },
			6: {
				name: "list",
				read: { handle: () => ({ transports: transports.map(({ id, name }) => ({ id, name })) }) },
			},
			7: {
				name: "modes",
				read: operation({ transport: uint16 }, ({ transport }) => {
					throw refuse(transport);
				}),
			},
			8: {
				name: "configuration",
				read: operation({ transport: uint16, mode: uint16 }, ({ transport, mode }) => {
					if (transport !== undefined && mode === undefined)
						throw transportError(TransportError.INVALID_MODE, "the mode is missing");
					throw refuse(transport);
				}),
			},
		},
		errors: V1_ERRORS,
	};
}

const V1_ERRORS = Object.freeze({
	[TransportError.NO_INFORMATION]: Rc.NO_ENTRY,
	[TransportError.INVALID_TRANSPORT]: Rc.INVALID,
	[TransportError.INVALID_MODE]: Rc.INVALID,
});

const transportError = (code: number, message: string): GroupError => new GroupError(TRANSPORT_GROUP, code, message);
