import { MODE_OPTIONS } from "../../../image/mode-names.js";
import type { TrailerGeneration } from "../../../modules/bootutil/config.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import type { DowngradePrevention } from "../xs/config.js";
import { type GivenOptions, OptionError, type OptionSpec } from "./command-options.js";

// How a boot loader is built, on a command line: of the simulated device, of the emulated board, and of `npm run explain`,
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
	/** Path of a layout; undefined: the guide's. */
	readonly layout: string | undefined;
	/** Paths of keys; empty: the development key. "none": hashes are checked, and no signatures. */
	readonly keys: readonly string[] | "none";
	/** Path of the private key that images' AES keys are wrapped for; undefined: no encryption. */
	readonly encryptionKey: string | undefined;
	/** Bits of images' AES keys. */
	readonly encryptionKeyLength: 128 | 256;
	readonly trailer: TrailerGeneration;
}

export const LOADER_OPTIONS: readonly OptionSpec[] = Object.freeze([
	{ name: "--images", choices: IMAGES, default: "2", help: "number of images" },
	{
		name: "--mode",
		choices: MODES,
		default: "move",
		help: 'how the boot loader upgrades. scratch: a layout without an area "image-scratch" gets one of 4 sectors after its last area. ram-load: sign images with --load-addr 0x20000000, those of image 1 with 0x20080000',
	},
	{
		name: "--downgrade-prevention",
		choices: PREVENTIONS,
		default: "none",
		help: "how the boot loader recognizes and refuses older updates: by version, by the security counters of the images, or by the counter in the chip, which is the file FLASH.otp beside the flash file",
	},
	{
		name: "--layout",
		value: "FILE",
		otherwise: "default: the OTA guide's table",
		help: "JSON file with the flash layout; layouts/ has examples",
	},
	{
		name: "--key",
		value: "PEM|none",
		repeats: true,
		otherwise: "default: the development key",
		help: "key that the boot loader trusts, public or private; may be repeated. The first private key signs the factory images. Without a private key, the development key signs them and is trusted too. none: the boot loader checks hashes and NO SIGNATURES, and starts anybody's image",
	},
	{
		name: "--encryption-key",
		value: "KEY",
		otherwise: "default: no encrypted images",
		help: "private key with which the boot loader decrypts images: PEM with RSA-2048, P-256 or X25519, or an AES key in base64",
	},
	{
		name: "--encryption-key-length",
		choices: KEY_LENGTHS,
		default: "128",
		help: "bits of the AES key that an encrypted image carries",
	},
	{
		name: "--trailer",
		choices: TRAILERS,
		default: "current",
		help: "trailer of offset mode: as MCUboot writes it since version 2.3 (current), or before (2.2)",
	},
] satisfies OptionSpec[]);

/** Reads the options of the table above. Throws an OptionError. */
export function parseLoaderOptions(given: GivenOptions): LoaderOptions {
	const keys = given.all("--key");
	if (keys.includes(NO_KEY) && keys.length > 1)
		throw new OptionError("--key none stands alone: with a key the boot loader checks signatures.");
	if (given.has("--encryption-key-length") && !given.has("--encryption-key"))
		throw new OptionError("--encryption-key-length needs --encryption-key.");
	return {
		images: given.choice("--images", IMAGES) === "1" ? 1 : 2,
		mode: MODE_OPTIONS.get(given.choice("--mode", MODES))!,
		downgradePrevention: given.choice("--downgrade-prevention", PREVENTIONS),
		layout: given.text("--layout"),
		keys: keys[0] === NO_KEY ? NO_KEY : keys,
		encryptionKey: given.text("--encryption-key"),
		encryptionKeyLength: given.choice("--encryption-key-length", KEY_LENGTHS) === "128" ? 128 : 256,
		trailer: given.choice("--trailer", TRAILERS),
	};
}
