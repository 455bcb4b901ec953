import type { Entrance } from "../../../modules/bootutil/loader/recovery/flow.js";

/** What the boot loader did to an image at this boot; `fail`: a request that an interruption had left was cancelled. */
export type BootAction = "none" | "test" | "permanent" | "revert" | "fail";

/** One image at the start of the application. */
export interface BootedImage {
	readonly image: number;
	/** `major.minor.revision[.build]` */
	readonly version: string;
	readonly action: BootAction;
	/** True if a swap that lost power was finished at this boot. */
	readonly resumed: boolean;
	/** False while the image is on trial: unless something confirms it, the next boot reverts it. */
	readonly confirmed: boolean;
}

/** What boot loader and application report; one JSON object a line. */
export type DeviceEvent =
	| { readonly event: "boot"; readonly images: readonly BootedImage[] }
	| {
			readonly event: "swap";
			readonly phase: "start" | "progress" | "end";
			readonly image: number;
			readonly type: BootAction;
			/** Steps of the swap done, of how many; with `progress`. */
			readonly step?: number;
			readonly steps?: number;
	  }
	/** The boot loader answers on the serial line, for this reason, until it is reset. */
	| { readonly event: "recovery"; readonly by: Entrance }
	/** The boot loader found nothing to run: the device is down until it is reset. */
	| { readonly event: "halt"; readonly reason: string }
	| { readonly event: "crash"; readonly reason: string }
	| { readonly event: "log"; readonly line: string };

/** Sends one event to the command line that started the board. */
export const report = (event: DeviceEvent): void => simulator.event(JSON.stringify(event));

/** Writes one line to the console of the board. */
export const log = (line: string): void => report({ event: "log", line });
