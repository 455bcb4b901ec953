import { type Command, Option } from "commander";
import { choiceOption, repeated, textOption } from "../../../cli/command-line.js";
import { UsageError } from "../../../cli/usage-error.js";
import { MODE_OPTIONS } from "../../../image/mode-names.js";
import type { TrailerGeneration } from "../../../modules/bootutil/config.js";
import { onlyStarts, MODES as ROWS, type UpgradeMode } from "../../../modules/bootutil/modes.js";
import type { DowngradePrevention } from "../xs/config.js";
import { type FormOptions, formOptions } from "./loader-forms.js";

// How a boot loader is built, on a command line: of the simulated device, of the emulated board, and of `xs-smp explain`,
// which rehearses what that boot loader does.

const MODES: readonly string[] = [...MODE_OPTIONS.keys()];
const IMAGES = ["1", "2"] as const;
const PREVENTIONS = ["none", "version", "counter", "hardware"] as const satisfies readonly DowngradePrevention[];
const TRAILERS = ["current", "2.2"] as const satisfies readonly TrailerGeneration[];
const KEY_LENGTHS = ["128", "256"] as const;
/** The value of `--key` of a boot loader that checks no signatures. */
const NO_KEY = "none";

export interface LoaderOptions {
	readonly images: 1 | 2;
	readonly mode: UpgradeMode;
	readonly downgradePrevention: DowngradePrevention;
	readonly lockCounter: boolean;
	/** Path of a layout; undefined: the guide's. */
	readonly layout: string | undefined;
	/** Paths of keys; empty: the development key. "none": hashes are checked, and no signatures. */
	readonly keys: readonly string[] | "none";
	/** Path of the private key that images' AES keys are wrapped for; undefined: no encryption. */
	readonly encryptionKey: string | undefined;
	/** Bits of images' AES keys. */
	readonly encryptionKeyLength: 128 | 256;
	readonly forms: FormOptions;
	readonly trailer: TrailerGeneration;
	/** Whether an empty primary slot is filled from the secondary. */
	readonly bootstrap: boolean;
}

/** The options of a boot loader. */
export const loaderOptions = (): readonly Option[] =>
	[
		choiceOption("--images <N>", "number of images", IMAGES).default(
			"2",
			"2; 1 with firmware-loader, single-slot and single-slot-ram-load",
		),
		choiceOption(
			"--mode <MODE>",
			'how the boot loader upgrades. scratch: a layout without an area "image-scratch" gets one of 4 sectors after its last area. ram-load, ram-load-revert and single-slot-ram-load: sign images with --load-addr 0x20000000, those of image 1 with 0x20080000',
			MODES,
		).default("move"),
		choiceOption(
			"--downgrade-prevention <BY>",
			"how the boot loader recognizes and refuses older updates: by version, by the security counters of the images, or by the counter in the chip, which is the file FLASH.otp beside the flash file",
			PREVENTIONS,
		).default("none"),
		new Option(
			"--lock-counter",
			"with --downgrade-prevention hardware: once the counter in the chip is that of an image that stays, nothing can raise it before the next reset",
		),
		textOption(
			"--layout <FILE>",
			"JSON file with the flash layout; layouts/ has examples (default the OTA guide's table)",
		),
		repeated(
			textOption(
				"--key <PEM|none>",
				"key that the boot loader trusts, public or private; may be repeated. The first private key signs the factory images. Without a private key, the development key signs them and is trusted too. none: the boot loader checks hashes and NO SIGNATURES, and starts anybody's image (default the development key)",
			),
		),
		textOption(
			"--encryption-key <KEY>",
			"private key with which the boot loader decrypts images: PEM with RSA-2048, P-256 or X25519, or an AES key in base64 (default no encrypted images)",
		),
		choiceOption(
			"--encryption-key-length <BITS>",
			"bits of the AES key that an encrypted image carries",
			KEY_LENGTHS,
		).default("128"),
		...formOptions(),
		choiceOption(
			"--trailer <VERSION>",
			"trailer of offset mode: as MCUboot writes it since version 2.3 (current), or before (2.2)",
			TRAILERS,
		).default("current"),
		new Option(
			"--bootstrap",
			"the boot loader fills a primary slot that holds no valid image from the secondary slot (docs/SPEC.md, Bootstrap)",
		),
	].map((option) => option.helpGroup("The boot loader:"));

/** The values of these options. */
interface Given extends FormOptions {
	readonly images: (typeof IMAGES)[number];
	readonly mode: string;
	readonly downgradePrevention: DowngradePrevention;
	readonly lockCounter?: boolean;
	readonly layout?: string;
	readonly key?: readonly string[];
	readonly encryptionKey?: string;
	readonly encryptionKeyLength: (typeof KEY_LENGTHS)[number];
	readonly trailer: TrailerGeneration;
	readonly bootstrap?: true;
}

/** What a command line that was read says of the boot loader. Throws a UsageError. */
export function readLoaderOptions(command: Command): LoaderOptions {
	const { images, mode, encryptionKeyLength, key: keys = [], ...given } = command.opts<Given>();
	if (keys.includes(NO_KEY) && keys.length > 1)
		throw new UsageError("--key none stands alone: with a key the boot loader checks signatures.");
	if (isGiven(command, "encryptionKeyLength") && given.encryptionKey === undefined)
		throw new UsageError("--encryption-key-length needs --encryption-key.");
	const upgrade = MODE_OPTIONS.get(mode)!;
	const single = onlyStarts(ROWS[upgrade]);
	if (single && images === "2" && isGiven(command, "images")) throw new UsageError(`--mode ${mode} is for one image.`);
	if (given.hmacSha !== undefined && given.encryptionKey === undefined)
		throw new UsageError("--hmac-sha needs --encryption-key.");
	const { lockCounter = false } = given;
	if (lockCounter && given.downgradePrevention !== "hardware")
		throw new UsageError("--lock-counter needs --downgrade-prevention hardware.");
	return {
		images: images === "1" || single ? 1 : 2,
		mode: upgrade,
		downgradePrevention: given.downgradePrevention,
		lockCounter,
		layout: given.layout,
		keys: keys[0] === NO_KEY ? NO_KEY : keys,
		encryptionKey: given.encryptionKey,
		encryptionKeyLength: encryptionKeyLength === "128" ? 128 : 256,
		forms: given,
		trailer: given.trailer,
		bootstrap: given.bootstrap ?? false,
	};
}

/** Whether an option stands on the command line; else its value is its default. */
export const isGiven = (command: Command, attribute: string): boolean =>
	command.getOptionValueSource(attribute) === "cli";
