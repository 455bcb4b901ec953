import type { BootUtil } from "../../../bootutil/bootutil.js";
import type { ImageHeader } from "../../../bootutil/header.js";
import type { SignatureVerdict } from "../../../bootutil/validation.js";
import type { DigestProvider } from "../../../bytes/digest.js";
import type { FlashArea } from "../../../flash/area.js";
import type { ResponseMap } from "../../cbor.js";
import type { Origin } from "../../group.js";
import type { UploadJournal } from "./upload-journal.js";

/** What the boot loader holds older images against (MCUboot design.md, Downgrade prevention). */
export interface DowngradeRule {
	/** Versions below that of the running image are refused. */
	readonly version?: boolean;
	/** Security counters below this one are refused: that of the running image, or what the hardware says for an image. */
	readonly counter?: "running" | ((image: number) => number);
	/** Security counters above this one are refused: the hardware cannot count so far. Default: none are. */
	readonly limit?: number;
}

/** What happens to images. Slots count through all images: 2i and 2i + 1 belong to image i. */
export type ImageEvent =
	/** An upload began, took a chunk that is not its last, ended whole, or was stopped by an error or an erase. */
	| { readonly type: "started" | "written" | "pending" | "stopped"; readonly upload: UploadProgress }
	/** A client confirmed the active slot of an image. */
	| { readonly type: "confirmed"; readonly image: number; readonly origin: Origin };

/** How far an upload is. Bytes. */
export interface UploadProgress {
	readonly slot: number;
	readonly offset: number;
	readonly size: number;
	/** Once all is there: whether the SHA-256 of what the flash holds is the client's; undefined if it gave none. */
	readonly match?: boolean | undefined;
}

export interface ImageOptions {
	readonly boot: BootUtil;
	/** Checks uploads against the client's SHA-256. Without, `match` is never answered. */
	readonly digest?: DigestProvider;
	/** Leaves out what is false in the list (`CONFIG_MCUMGR_GRP_IMG_FRUGAL_LIST`). Default false. */
	readonly frugalList?: boolean;
	/** Whether an image that waits for the next boot may be overwritten or erased. Default true. */
	readonly erasePending?: boolean;
	/**
	 * Which slots of images other than the running one can be confirmed: `any`, those that are not `active`
	 * (`secondary`, the default), or `none` (`CONFIG_MCUMGR_GRP_IMG_ALLOW_CONFIRM_NON_ACTIVE_IMAGE_…`).
	 */
	readonly confirmOtherImages?: "any" | "secondary" | "none";
	/** Whether an image that does not run can be confirmed at all. Default true. */
	readonly confirmInactive?: boolean;
	/**
	 * Whether an image has to be one that the boot loader takes, and to have the hash that it carries, to be marked for the next
	 * boot. Needs `digest` for the latter, and takes as long as hashing the whole image. Default true. False: as Zephyr, where
	 * the boot loader throws such an image away.
	 */
	readonly verifyMarked?: boolean;
	/**
	 * Begins to look at the signature of an image, which then has to be good for the image to be marked for the next boot;
	 * `() => new SignatureRule(trust)` is one. Default: only the boot loader looks at that.
	 */
	readonly signature?: () => SignatureVerdict;
	/**
	 * Why the device could not run the payload of a plain image, in words: asked once all else is right, before the image is marked
	 * for the next boot. `start` is where the image begins in `area`. Default: any payload will do.
	 */
	readonly payloadFault?: (image: number, area: FlashArea, header: ImageHeader, start: number) => string | undefined;
	/** What the boot loader refuses as too old is refused here too: a version before anything is erased. Default: nothing. */
	readonly downgrade?: DowngradeRule;
	/**
	 * Calls its argument once nothing else is to be done. With it, sectors are erased ahead of the data of an upload, while the
	 * next packet is on its way. Default: each when data gets to it.
	 */
	readonly later?: (callback: () => void) => void;
	/**
	 * Lets an upload with a whole SHA-256 go on after a reset. Needs `digest`. Without, as in Zephyr, it starts again.
	 */
	readonly journal?: UploadJournal;
	/** Whether `upgrade` compares the build number too. Default false. */
	readonly compareBuild?: boolean;
	/**
	 * Longest image that an upload may announce: what the boot loader can install (`boot`, the default), which slot info then
	 * tells as `max_image_size`; or the whole slot, as in Zephyr, where a longer image is refused by the boot loader.
	 */
	readonly sizeLimit?: "boot" | "slot";
	/**
	 * Whether requests are refused that run into a defect of the boot loader: a device that does not start again, an update
	 * that is lost without a word. Default true. False: as Zephyr, which leaves the user to find out.
	 */
	readonly guards?: boolean;
	/** Takes a sentence whenever a guard refuses something, or warns of what can only go wrong by chance. */
	readonly log?: (line: string) => void;
	/**
	 * Asked before an upload request is looked at; `first` if it begins a file. Refuses it by throwing an `SmpError` or `GroupError`,
	 * and the upload that is under way stays as it is.
	 */
	readonly mayUpload?: (first: boolean, origin: Origin) => void;
	/** Asked before a chunk is written; refuses it, and ends the upload, by throwing an `SmpError` or `GroupError`. */
	readonly mayWrite?: (upload: UploadProgress, data: Uint8Array) => void;
	readonly onEvent?: (event: ImageEvent) => void;
	/** The same event without the others, one of which would be made for each chunk. Called before `onEvent`. */
	readonly onConfirmed?: (image: number, origin: Origin) => void;
	/**
	 * Gives further keys of a slot in the list of images (`state`) and in slot info (`slot`), and of an image in slot info
	 * (`image`). `number` is that of the slot, through all images, or of the image. Refuses the request by throwing an `SmpError` or
	 * `GroupError`.
	 */
	readonly describe?: (what: "state" | "slot" | "image", number: number) => ResponseMap | undefined;
}
