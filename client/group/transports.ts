import { Op } from "../../modules/smp/header.js";
import { TRANSPORT_GROUP, TransportCommand } from "../../modules/smp/protocol/transport.js";
import { command, flag, list, map, number, optional, text } from "../command.js";
import type { Requester, RequestOptions } from "../request.js";

// Zephyr 4.5 SMP group 11, Transport management, which is experimental there: the commands that read.

/** Fetch bridge/transport status: how many bridges the device can make, and how many it has. `transport`: where this one leads. */
export const transportsStatus = command(Op.READ, TRANSPORT_GROUP, TransportCommand.STATUS, {
	answer: { supported: number, active: number, bridged: optional(flag), transport: optional(number) },
});

/** List transports. */
export const transportsList = command(Op.READ, TRANSPORT_GROUP, TransportCommand.LIST, {
	answer: { transports: list(map({ id: number, name: optional(text) })) },
});

/** Details on transport modes: in which ways a transport can be a part of a bridge. */
export const transportsModes = command(Op.READ, TRANSPORT_GROUP, TransportCommand.MODES, {
	request: { transport: number },
	answer: {
		modes: list(map({ id: number, description: text, incoming: optional(flag), outgoing: optional(flag) })),
	},
});

/** Details on transport configuration: what a bridge in this mode takes. `type`: 0 uint, 1 int, 2 bool, 3 text, 4 bytes. */
export const transportsConfiguration = command(Op.READ, TRANSPORT_GROUP, TransportCommand.CONFIGURATION, {
	request: { transport: number, mode: number },
	answer: { configs: list(map({ name: text, type: number, required: optional(flag) })) },
});

/** Bridges from one transport of the device to another. */
export interface BridgeStatus {
	/** How many there can be at once; 0: the device makes none. */
	readonly supported: number;
	readonly active: number;
	/** The transport that this one is bridged to: its id, or true if the device does not tell; undefined if it is not bridged. */
	readonly bridgedTo: number | true | undefined;
}

/** A way in which a transport can be a part of a bridge. */
export interface TransportMode {
	readonly id: number;
	readonly description: string;
	readonly incoming: boolean;
	readonly outgoing: boolean;
}

/** A transport of the device. */
export interface TransportInfo {
	/** Zephyr's `enum smp_transport_type`. */
	readonly id: number;
	/** Undefined if the device does not tell. */
	readonly name: string | undefined;
}

/** How many bridges there are. */
export async function bridgeStatus(device: Requester, options?: RequestOptions): Promise<BridgeStatus> {
	const { supported, active, bridged, transport } = await device.request(transportsStatus, {}, options);
	return { supported, active, bridgedTo: bridged ? (transport ?? true) : undefined };
}

/** The transports of the device. */
export async function transports(device: Requester, options?: RequestOptions): Promise<TransportInfo[]> {
	const { transports } = await device.request(transportsList, {}, options);
	return transports.map(({ id, name }) => ({ id, name }));
}

/**
 * The modes of a transport, by its id.
 *
 * @throws SmpResponseError, code 3 of group 11, if the transport joins no bridges.
 */
export async function transportModes(
	device: Requester,
	transport: number,
	options?: RequestOptions,
): Promise<TransportMode[]> {
	const { modes } = await device.request(transportsModes, { transport }, options);
	return modes.map(({ id, description, incoming = false, outgoing = false }) => ({
		id,
		description,
		incoming,
		outgoing,
	}));
}
