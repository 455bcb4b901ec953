import { type Option, Option as PlainOption } from "commander";
import { choiceOption, textOption } from "../../../cli/command-line.js";
import { UsageError } from "../../../cli/usage-error.js";
import { ImageError } from "../../../image/error.js";
import type { Key } from "../../../image/keys.js";
import { dnsNamespace, uuid } from "../../../image/tlv-area.js";
import type { BootConfig, HashBits } from "../../../modules/bootutil/config.js";
import { hexOf } from "../../../modules/bytes/hex.js";

// Which forms of image a boot loader is built for, on a command line. The names are those of `xs-smp image sign`, which makes
// such images.

const HASHES = ["256", "384", "512"] as const;
const HMACS = ["256", "512"] as const;
const KEY_FORMATS = ["hash", "full"] as const;

/** The values of these options. */
export interface FormOptions {
	/** Undefined: the hash that goes with the keys. */
	readonly sha?: (typeof HASHES)[number];
	readonly pure?: boolean;
	readonly publicKeyFormat?: (typeof KEY_FORMATS)[number];
	readonly hmacSha?: (typeof HMACS)[number];
	/** As they were given: a UUID, or a name. */
	readonly vid?: string;
	readonly cid?: string;
}

/** The options. */
export const formOptions = (): readonly Option[] => [
	choiceOption(
		"--sha <BITS>",
		"the hash of images: 512 for Ed25519 or without a key, 384 for P-384 (default 384 for P-384, 512 with --pure, else 256)",
		HASHES,
	),
	new PlainOption("--pure", "signatures are over the image itself, not over its hash; for Ed25519 keys"),
	choiceOption(
		"--public-key-format <FORMAT>",
		"how images name their key: by its hash (default), or in full, for a chip that keeps the hash of one key",
		KEY_FORMATS,
	),
	choiceOption(
		"--hmac-sha <BITS>",
		"hash in the key exchange of encrypted images; 512 for X25519 alone (default 256)",
		HMACS,
	),
	textOption("--vid <VENDOR>", "images must carry this vendor: a UUID or a domain name (default any)"),
	textOption("--cid <CLASS>", "images must be of this class: a UUID, or a name within the vendor (default any)"),
];

/** What of a boot loader's build these options decide. */
export interface FormBuild {
	readonly boot: Pick<BootConfig, "hash" | "pure" | "vid" | "cid">;
	/** Missing if images name their key by its hash. */
	readonly hwKey?: true;
}

/** Checks that forms, keys and encryption go together. Throws a UsageError. */
export function readForms(options: FormOptions, keys: readonly Key[], encrypts: boolean): FormBuild {
	const type = keys[0]?.type;
	const { pure = false, publicKeyFormat, vid, cid } = options;
	if (pure && type !== "ed25519")
		throw new UsageError("--pure needs an Ed25519 key: only such keys sign an image itself.");
	if (pure && encrypts)
		throw new UsageError(
			"--pure does not go with --encryption-key: a signature over the plain image cannot be checked in flash.",
		);
	const full = publicKeyFormat === "full";
	if (full && keys.length !== 1)
		throw new UsageError(
			`--public-key-format full needs exactly one --key: the chip keeps the hash of one, not of ${keys.length}.`,
		);
	const hash = hashOf(options.sha, type, pure);
	const vendor = uuidOf(vid, dnsNamespace());
	const kind = uuidOf(cid, vendor);
	return {
		boot: {
			...(hash !== 256 && { hash }),
			...(pure && { pure }),
			...(vendor && { vid: hexOf(vendor) }),
			...(kind && { cid: hexOf(kind) }),
		},
		...(full && { hwKey: true }),
	};
}

/** The hashes that MCUboot is built with for a type of key, the default first (boot/zephyr/Kconfig, `BOOT_IMG_HASH_ALG`). */
function hashesFor(type: Key["type"] | undefined, pure: boolean): readonly (typeof HASHES)[number][] {
	if (pure) return ["512"];
	if (type === "ecdsa-p384") return ["384"];
	return type === undefined || type === "ed25519" ? ["256", "512"] : ["256"];
}

function hashOf(sha: FormOptions["sha"], type: Key["type"] | undefined, pure: boolean): HashBits {
	const allowed = hashesFor(type, pure);
	if (sha !== undefined && !allowed.includes(sha)) {
		const what = pure ? "pure signatures" : type === undefined ? "no key" : `keys of type ${type}`;
		throw new UsageError(
			`With ${what} a boot loader hashes with SHA-${allowed.join(" or SHA-")}, not with SHA-${sha}.`,
		);
	}
	return Number(sha ?? allowed[0]!) as HashBits;
}

function uuidOf(text: string | undefined, namespace: Uint8Array | undefined): Uint8Array | undefined {
	try {
		return text === undefined ? undefined : uuid(text, namespace);
	} catch (error) {
		if (error instanceof ImageError) throw new UsageError(error.message);
		throw error;
	}
}
