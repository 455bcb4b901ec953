/** Id of the transport group. */
export const TRANSPORT_GROUP = 11;

/**
 * Commands of the transport group that read (Zephyr 4.5 SMP group 11, Transport management, experimental). 0 and 1, which make and
 * end bridges from one transport to another, are not among them.
 */
export const TransportCommand = Object.freeze({ STATUS: 2, LIST: 6, MODES: 7, CONFIGURATION: 8 } as const);

/** Error codes of the transport group with which a device answers that makes no bridges (the same, `transport_mgmt.h`). */
export const TransportError = Object.freeze({ NO_INFORMATION: 3, INVALID_TRANSPORT: 4, INVALID_MODE: 5 } as const);

/** Ids of transports (Zephyr `enum smp_transport_type`); from `USER_DEFINED` on they are a device's own. */
export const TransportId = Object.freeze({
	SERIAL: 0,
	RAW_SERIAL: 1,
	BLUETOOTH: 2,
	SHELL: 3,
	UDP_IPV4: 4,
	UDP_IPV6: 5,
	LORAWAN: 6,
	SPI: 7,
	USER_DEFINED: 64,
} as const);
