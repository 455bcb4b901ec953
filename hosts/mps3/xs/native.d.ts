/** What hosts/mps3/native offers besides what the simulated device has: hosts/desk/xs/native.d.ts. */
declare const mps3: {
	/** `ConsoleCodec` (modules/smp/transport/codec.ts) in C. */
	crc16(bytes: Uint8Array, crc: number): number;
	base64Decode(characters: Uint8Array, at: number, end: number, into: Uint8Array, intoAt: number): number;
	base64Encode(bytes: Uint8Array, into: Uint8Array, at: number): number;
};
