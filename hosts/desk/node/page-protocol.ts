import type { FlashTiming } from "../../../modules/flash/timing.js";
import type { LoaderBuild, SimConfig } from "../xs/config.js";
import type { SimEvent } from "./event-words.js";

// What the page and its server say to each other (docs/DESIGN.md, The page). Two WebSockets a device:
//
// - `/smp`: each binary message is one SMP packet, both ways.
// - `/state`: text messages are the JSON below. A binary message of the server is a piece of flash: its address, 32 bits in
//   little endian, then its bytes. A binary message of the page is a whole flash, with which the device is to start.
//
// Both take the number of the device, and the token where one is needed: `/state?device=1&token=…`. Recorded boots come by
// GET: `/boots/NUMBER?device=1`, in the form of hosts/sim/native/record.c. Images for the lessons come by GET too, to those who
// may change the device: `/lesson/NAME?version=1.2.3&device=1`.

/** How the boot loader is built, as far as the page may know: not the key that it decrypts images with. */
export type PageBuild = Omit<LoaderBuild, "encryptionKey"> & Pick<SimConfig, "layout">;

/** The first message about a device. */
export interface Hello {
	readonly type: "hello";
	/** The device, and of how many. */
	readonly device: number;
	readonly devices: number;
	readonly build: PageBuild;
	/** What the device's flash takes its time for; null if for nothing. */
	readonly timing: FlashTiming | null;
	/** Path of the flash file, as people would type it. */
	readonly flash: string;
	/** Whether boots are recorded. */
	readonly records: boolean;
	/** Whether this page may change the device. */
	readonly mayChange: boolean;
}

export type ServerMessage =
	| Hello
	/** The pieces of flash that follow are all that is not erased. */
	| { readonly type: "flash" }
	/** Those pieces are through: the page has the flash as it is. */
	| { readonly type: "settled" }
	/** Sectors that were erased since, with how often each was since the flash file was made. */
	| { readonly type: "wear"; readonly sectors: readonly (readonly [sector: number, erases: number])[] }
	/** `time` is milliseconds since 1970. */
	| { readonly type: "event"; readonly event: SimEvent; readonly time: number }
	/** The chip's one-time programmable memory, where the boot loader uses that. */
	| { readonly type: "otp"; readonly words: readonly number[] }
	/** Numbers of the boots that are recorded, the newest last. */
	| { readonly type: "boots"; readonly numbers: readonly number[] }
	/** What the page asked for is not done; a sentence. */
	| { readonly type: "refused"; readonly message: string };

export type PageMessage = { readonly type: "reset" } | { readonly type: "power"; readonly on: boolean };

/**
 * Images that the lessons send to the device: an update that is no application; the same, signed by a stranger; and the
 * thermostat of the examples, good and with two mistakes.
 */
export const LESSON_IMAGES = ["firmware", "stranger", "thermostat", "throws", "hangs"] as const;

export type LessonImage = (typeof LESSON_IMAGES)[number];
