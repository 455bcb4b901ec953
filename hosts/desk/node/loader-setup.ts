import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../../cli/usage-error.js";
import { parseEncryptionKey } from "../../../image/encryption.js";
import { type Key, parseKey } from "../../../image/keys.js";
import { MODE_NAMES, takesEncrypted } from "../../../image/mode-names.js";
import type { BootConfig } from "../../../modules/bootutil/config.js";
import { installs, MODES, SCRATCH_LABEL, type UpgradeMode } from "../../../modules/bootutil/modes.js";
import { guideLayout } from "../../../modules/flash/guide-layout.js";
import { type Layout, type LayoutArea, slotAreaId } from "../../../modules/flash/layout.js";
import { parseLayout } from "../../../modules/flash/parse-layout.js";
import type { DowngradePrevention, LoaderBuild, NamedConfig } from "../xs/config.js";
import { readForms } from "./loader-forms.js";
import type { LoaderOptions } from "./loader-options.js";
import { readPages } from "./pages.js";

/** Root of the repository, from dist/hosts/sim. */
export const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const DEVELOPMENT_KEY = `${ROOT}keys/development-ec-p256.pem`;
/** Of its JSON, bytes: the device gets it on a command line. */
const LARGEST_LAYOUT = 32 * 1024;
/** Bytes of a file with a chip's OTP memory: a word for each image that a chip can have. */
export const OTP_SIZE = 8;
/** The flash is a file of its whole size; more would be a slip of the pen. */
const LARGEST_FLASH = 256 * 1024 * 1024;

/** What a boot loader is built for and with. */
export interface LoaderSetup {
	readonly layout: Layout;
	readonly build: LoaderBuild;
	/** What factory images are signed with; undefined if no key can. */
	readonly signer: Required<Key> | undefined;
}

/** Reads layout and keys and checks that they fit together. Throws a UsageError. */
export function readLoader(options: LoaderOptions): LoaderSetup {
	const given = options.layout === undefined ? guideLayout : readLayout(options.layout);
	const layout = MODES[options.mode].swapRoom === "scratch" ? withScratch(given) : given;
	const boot = bootConfig(layout, options);
	checkSlots(layout, boot);
	const keys = options.keys === "none" ? [] : readKeys(options.keys);
	const encryption = readEncryptionKey(options);
	const { boot: forms, hwKey } = readForms(options.forms, keys, encryption !== undefined);
	checkPrevention(options.downgradePrevention, boot.mode);
	if (options.bootstrap && !installs(MODES[boot.mode]))
		throw new UsageError(`There is no --bootstrap with --mode ${modeName(boot.mode)}.`);
	return {
		layout,
		build: {
			boot: { ...boot, ...encryption?.build, ...forms },
			downgradePrevention: options.downgradePrevention,
			bootstrap: options.bootstrap,
			signature: keys[0]?.type ?? "none",
			keys: keys.map((key) => Buffer.from(key.publicKey).toString("hex")),
			...(options.lockCounter && { lockCounter: true }),
			...(hwKey && { hwKey }),
			...(encryption && { encryptionKey: encryption.key }),
		},
		signer: keys.find((key): key is Required<Key> => key.sign !== undefined),
	};
}

function readLayout(path: string): Layout {
	let data: unknown;
	const text = readSmallFile("--layout", path, LARGEST_LAYOUT);
	try {
		data = JSON.parse(text);
	} catch {
		throw new UsageError(`The layout ${path} is not JSON.`);
	}
	let layout: Layout;
	try {
		const parsed = parseLayout(data);
		const pages = readPages(data, parsed);
		layout = { ...parsed, ...(pages && { pages }) };
	} catch (error) {
		throw new UsageError(`The layout ${path} cannot be used: ${(error as Error).message}.`);
	}
	if (layout.size > LARGEST_FLASH)
		throw new UsageError(`The layout ${path} cannot be used: its flash is larger than ${LARGEST_FLASH} bytes.`);
	return layout;
}

function readKeys(paths: readonly string[]): Key[] {
	const keys = paths.map((path) => readKey(path));
	const first = keys[0];
	const stranger = keys.findIndex((key) => key.type !== first?.type);
	if (first && stranger > 0)
		throw new UsageError(
			`A boot loader knows one type of signature, but ${paths[0]} is ${first.type} and ${paths[stranger]} is ${keys[stranger]!.type}.`,
		);
	if (keys.some((key) => key.sign)) return keys;
	const development = readKey(DEVELOPMENT_KEY);
	return !first || first.type === development.type ? [...keys, development] : keys;
}

const readKey = (path: string): Key => parseKeyFile("--key", path, parseKey);

function parseKeyFile<Result>(option: string, path: string, parse: (text: string) => Result): Result {
	const text = readSmallFile(option, path, 64 * 1024);
	try {
		return parse(text);
	} catch (error) {
		throw new UsageError(`The key ${path} cannot be used: ${(error as Error).message}`);
	}
}

/** How a boot loader is built that takes images encrypted for a key, and that key in hexadecimal. */
interface Encryption {
	readonly build: Required<Pick<BootConfig, "encryption" | "encryptionKeySize">>;
	readonly key: string;
}

function readEncryptionKey({
	encryptionKey: path,
	encryptionKeyLength,
	mode,
	forms: { hmacSha = "256" },
}: LoaderOptions): Encryption | undefined {
	if (path === undefined) return undefined;
	if (!takesEncrypted(MODES[mode])) throw new UsageError(`There is no --encryption-key with --mode ${modeName(mode)}.`);
	const { type, keySize, privateKey } = parseKeyFile("--encryption-key", path, (text) =>
		parseEncryptionKey(text, hmacSha),
	);
	if (hmacSha === "512" && type !== "x25519-sha512")
		throw new UsageError(`--hmac-sha 512 needs an X25519 key: ${path} is none.`);
	if (!privateKey) throw new UsageError(`The key ${path} cannot be used: decrypting needs the private one.`);
	if (keySize !== undefined && 8 * keySize !== encryptionKeyLength)
		throw new UsageError(
			`The AES key ${path} has ${8 * keySize} bits, and only wraps keys as long: give --encryption-key-length ${8 * keySize}.`,
		);
	return {
		build: { encryption: type, encryptionKeySize: encryptionKeyLength === 128 ? 16 : 32 },
		key: Buffer.from(privateKey).toString("hex"),
	};
}

function readSmallFile(option: string, path: string, most: number): string {
	let file: number | undefined;
	try {
		// Before it is opened: opening a pipe waits for its other end.
		if (!statSync(path).isFile()) throw new UsageError(`${option} ${path} is not a file.`);
		file = openSync(path, "r");
		if (fstatSync(file).size > most) throw new UsageError(`${option} ${path} is larger than ${most} bytes.`);
		return readFileSync(file, "utf8");
	} catch (error) {
		if (error instanceof UsageError) throw error;
		throw new UsageError(`${option} ${path} cannot be read: ${reason(error)}.`);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** The cause of a failed file operation in words, without its path. */
export const reason = (error: unknown): string =>
	/^[A-Z]+: ([^,]+),/.exec((error as Error).message)?.[1] ?? (error as Error).message;

/** As Zephyr derives it: write blocks and sectors of the slots decide the size of the trailer. */
function bootConfig(layout: Layout, options: Pick<LoaderOptions, "images" | "mode" | "trailer">): NamedConfig {
	const sectors = slots(layout, options.images).map((slot) => slot.size / layout.sectorSize);
	return {
		mode: options.mode,
		images: options.images,
		maxAlign: layout.writeAlign <= 8 ? 8 : layout.writeAlign === 16 ? 16 : 32,
		maxSectors: Math.max(...sectors),
		trailer: options.trailer,
	};
}

function slots(layout: Layout, images: number): LayoutArea[] {
	const found: LayoutArea[] = [];
	for (let image = 0; image < images; image++)
		for (const which of ["primary", "secondary"] as const) {
			const slot = layout.areas.find(({ id }) => id === slotAreaId(image, which));
			if (!slot)
				throw new UsageError(
					`The layout ${layout.name} has no ${which} slot for image ${image}: an area with id ${slotAreaId(image, which)}.`,
				);
			found.push(slot);
		}
	return found;
}

/** Sectors of the scratch area that a layout without one gets. */
const SCRATCH_SECTORS = 4;

/** Adds a scratch area behind the last area, if there is none. */
function withScratch(layout: Layout): Layout {
	if (layout.areas.some(({ label }) => label === SCRATCH_LABEL)) return layout;
	const offset = Math.max(...layout.areas.map((area) => area.offset + area.size));
	const size = SCRATCH_SECTORS * layout.sectorSize;
	if (offset + size > layout.size)
		throw new UsageError(
			`The layout ${layout.name} has no area "${SCRATCH_LABEL}", which --mode scratch needs, and no room for one of ${size} bytes.`,
		);
	const id = Math.max(...layout.areas.map((area) => area.id)) + 1;
	return { ...layout, areas: [...layout.areas, { id, label: SCRATCH_LABEL, offset, size }] };
}

/**
 * MCUboot has no prevention by version where the newest image runs anyway, none by the images' counters where nothing is
 * swapped, and none at all with a firmware loader or a single slot.
 */
function checkPrevention(prevention: DowngradePrevention, mode: UpgradeMode): void {
	const { newest, swapRoom } = MODES[mode];
	const none = prevention !== "none" && !newest && !installs(MODES[mode]);
	if (none || (prevention === "version" && newest) || (prevention === "counter" && !swapRoom))
		throw new UsageError(`There is no --downgrade-prevention ${prevention} with --mode ${modeName(mode)}.`);
}

const modeName = (mode: UpgradeMode): string => MODE_NAMES[mode].option;

/** The rules under which MCUboot upgrades a pair of slots at all (design.md, Image slots). */
function checkSlots(layout: Layout, boot: NamedConfig): void {
	const all = slots(layout, boot.images);
	const { swapRoom } = MODES[boot.mode];
	for (let image = 0; image < boot.images; image++) {
		const primary = all[2 * image]!;
		const secondary = all[2 * image + 1]!;
		const extra = (primary.size - secondary.size) / layout.sectorSize;
		const wanted = swapRoom === "primary" ? 1 : swapRoom === "secondary" ? -1 : 0;
		if (extra !== 0 && extra !== wanted && installs(MODES[boot.mode]))
			throw new UsageError(
				`The slots of image ${image} do not fit --mode ${modeName(boot.mode)}: "${primary.label}" must be as large as "${secondary.label}"${wanted === 0 ? "" : `, or one sector ${wanted > 0 ? "larger" : "smaller"}`}.`,
			);
	}
}
