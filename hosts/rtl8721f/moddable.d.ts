// What the composition roots for this board and modules/update/zephyr take from the Moddable SDK, in the SDK's shapes. A build by
// mcconfig does not see this file; there the SDK's own declarations are in its place.

declare function native(name: string): (...args: unknown[]) => unknown;
declare function Native(name: string): new () => object;

declare module "crypt" {
	/** A digest in C. `write` takes views of bytes too. */
	export class Digest {
		constructor(type: "SHA256");
		write(data: ArrayBuffer): void;
		close(): ArrayBuffer;
	}
}

declare module "timer" {
	const timers: import("./devices.js").Timers;
	export default timers;
}

declare module "time" {
	const clock: import("./devices.js").Clock;
	export default clock;
}

/** The `config` of the manifest and of mcconfig's command line. */
declare module "mc/config" {
	const config: Readonly<Record<string, unknown>>;
	export default config;
}
