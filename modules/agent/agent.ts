import { holdsArchive } from "../bootutil/archive.js";
import { BootUtil } from "../bootutil/bootutil.js";
import type { BootConfig } from "../bootutil/config.js";
import { formatVersion } from "../bootutil/header.js";
import type { SignatureVerdict } from "../bootutil/validation.js";
import type { Layout } from "../flash/layout.js";
import { FlashMap } from "../flash/map.js";
import { GroupError, Rc, SmpError } from "../smp/errors.js";
import type { BootJournal, CrashBudget } from "../smp/group/boot-journal.js";
import { type ImageEvent, type ImageOptions, imageGroup } from "../smp/group/image/image.js";
import type { DowngradeRule } from "../smp/group/image/options.js";
import { UPLOAD_JOURNAL, UploadJournal } from "../smp/group/image/upload-journal.js";
import { type OsOptions, osGroup, type ResetRequest } from "../smp/group/os.js";
import type { Command, Group, Origin } from "../smp/group.js";
import { joinHooks, type ServerHooks, SmpServer } from "../smp/server.js";
import type { Drop } from "../smp/transport/transport.js";
import type { Confirmation, ConfirmOptions } from "./confirm.js";
import type { Host, Link } from "./host.js";
import type { Policy } from "./policy.js";

/** Version of the agent, as the banner and `info` say it. */
export const VERSION = "0.1.0";

/**
 * Longest packet, bytes, and how many (the OTA guide: `CONFIG_MCUMGR_TRANSPORT_NETBUF_SIZE`; Zephyr's default count), and the
 * longest datagram (`CONFIG_MCUMGR_TRANSPORT_UDP_MTU`). A datagram may have more than a buffer: smpclient fills an Ethernet
 * frame and does not ask how much the buffer holds.
 */
export const BUFFERS = Object.freeze({ size: 1024, count: 4, datagram: 1500 } as const);

/** The command of the OS group. */
const RESET = 5;

/** How long a response to a reset has for leaving the device, milliseconds (`CONFIG_MCUMGR_GRP_OS_RESET_MS`). */
const RESET_DELAY = 250;

/** What an application can build more groups on. */
export interface Base {
	readonly host: Host;
	readonly map: FlashMap;
	readonly boot: BootUtil;
	/** The groups that are there already. */
	readonly groups: readonly Group[];
	readonly links: readonly Link[];
	/** The record of boots, if there is one. */
	readonly journal?: BootJournal | undefined;
}

/** What an application has besides the OS and the image group. */
export interface Further {
	readonly groups?: readonly Group[];
	readonly hooks?: ServerHooks;
}

/** How the application is built. */
export interface AgentOptions {
	readonly layout: Layout;
	readonly boot: BootConfig;
	/** The slot that each image runs from, as the boot loader has told. Default: the primary ones. */
	readonly activeSlots?: readonly (0 | 1)[];
	/** True if the boot loader refuses images of a lower version. Default false. */
	readonly noDowngrade?: boolean;
	/** Who confirms an update on trial: a client, the agent once it has started, or the agent by a policy. */
	readonly confirm: "smp" | "self" | Policy;
	/**
	 * Makes what decides on an update on trial: `decideByPolicy` (confirm.ts) does. Default: `confirm` can only be "smp", and a
	 * board does not load the policies.
	 */
	decide?(options: ConfirmOptions): Confirmation;
	/** Whether requests that run into a defect of the boot loader are refused. Default true. */
	readonly guards?: boolean;
	/** Whether an image that waits for the next boot may be overwritten or erased. Default true. */
	readonly erasePending?: boolean;
	/** Whether an image must have the hash that it carries to be marked for the next boot. Default true. */
	readonly verify?: boolean;
	/** Whether it must be signed, too. Default: that is for the boot loader to see. */
	readonly signature?: () => SignatureVerdict;
	/** Why the application archive in an image could not be run, in words. Default: all images are opaque. */
	readonly archiveFault?: (address: number, length: number) => string | undefined;
	/** What the boot loader refuses as too old, for the application to refuse it first. Default: nothing. */
	readonly downgrade?: DowngradeRule;
	/** Further groups, and who may call what. Default: none, and everybody. */
	further?(base: Base): Further;
	/** Further commands and information of the OS group. */
	readonly os?: Pick<OsOptions, "commands" | "ownInfo">;
	/** Who may write images, and what is told of them besides. */
	readonly image?: Pick<ImageOptions, "mayWrite" | "describe">;
	/** Refuses a reset by throwing an `SmpError`. */
	mayReset?(wanted: ResetRequest): void;
	/**
	 * Opens the record of boots, if the board has room for one: `openBootJournal` (boots.ts) does. Default: none, so that a board
	 * without does not load it.
	 */
	bootJournal?(host: Host, map: FlashMap, boot: BootUtil, budget?: CrashBudget): BootJournal | undefined;
	/** How often the application in the image may crash before the device starts without it. Default: there is no application. */
	readonly budget?: CrashBudget | undefined;
	/** Tells what the next boot does: `forecastCommands` (boot-forecast.ts) does. Default: nothing does, and its module is not loaded. */
	forecast?(boot: BootUtil): Readonly<Record<number, Command>>;
	/** As that of the image group (`ImageOptions`). */
	readonly mayUpload?: NonNullable<ImageOptions["mayUpload"]>;
	/** Called as an upload goes on, and when a client confirms an image. */
	readonly onImage?: (event: ImageEvent) => void;
	/** For the banner, in the form of C's `__DATE__` and `__TIME__`. */
	readonly buildTime: string;
}

/** The application, up and running. */
export interface Agent {
	readonly boot: BootUtil;
	readonly server: SmpServer;
	/** The record of boots, if there is one. */
	readonly journal: BootJournal | undefined;
	/** Decides on an update on trial, if a policy was given. */
	readonly confirmation: Confirmation | undefined;
}

/**
 * The application of the OTA guide, Zephyr's `smp_svr` sample: an SMP server with the OS and the image group on the host's
 * links. Answers from when it returns.
 */
export function startAgent(host: Host, options: AgentOptions): Agent {
	host.log(`*** Booting xs-smp build ${VERSION} ***`);
	host.log(`<inf> smp_sample: build time: ${options.buildTime}`);
	const map = FlashMap.open(options.layout, (label) => host.flash(label));
	const boot = new BootUtil(map, options.boot, options.activeSlots);
	const uploads = map.labelled(UPLOAD_JOURNAL);
	const journal = options.bootJournal?.(host, map, boot, options.budget);
	const forecast = options.forecast?.(boot);
	let resetBy = "";
	const later = (callback: () => void): void => void host.after(0, callback);
	const groups = [
		osGroup({
			reset: (bootMode) => {
				journal?.resetting(resetBy);
				host.after(RESET_DELAY, () => {
					host.setBootMode?.(bootMode);
					host.reset();
				});
			},
			mayReset: (wanted) => {
				if (wanted.bootMode !== 0 && !(wanted.bootMode === 1 && host.setBootMode))
					throw new SmpError(
						Rc.NOT_SUPPORTED,
						host.setBootMode
							? "the boot modes are 0 and 1"
							: "there is no boot mode but 0: the boot loader has no serial recovery",
					);
				options.mayReset?.(wanted);
				resetBy = clientOver(wanted.origin);
			},
			buffers: BUFFERS,
			bootloader: {
				name: "MCUboot",
				mode: boot.mode.number,
				noDowngrade: options.noDowngrade ?? false,
			},
			info: {
				s: "xs-smp",
				n: host.board,
				r: VERSION,
				v: VERSION,
				b: options.buildTime,
				m: "xs",
				p: "unknown",
				i: host.board,
				o: "xs-smp",
			},
			...options.os,
			...(journal?.safe && { ownInfo: { ...options.os?.ownInfo, x: () => "safe-mode" } }),
		}),
		imageGroup({
			boot,
			digest: host.digest,
			confirmOtherImages: "any",
			guards: options.guards ?? true,
			log: (line) => host.log(`<wrn> mcumgr_img_grp: ${line}`),
			verifyMarked: options.verify ?? true,
			erasePending: options.erasePending ?? true,
			...(options.signature && { signature: options.signature }),
			...(options.downgrade && { downgrade: options.downgrade }),
			...(options.archiveFault && { payloadFault: payloadRule(boot, options.archiveFault) }),
			later,
			...(uploads && { journal: new UploadJournal(uploads) }),
			...(options.mayUpload && { mayUpload: options.mayUpload }),
			...(journal && { onConfirmed: (image, origin) => journal.confirmed(image, clientOver(origin)) }),
			...(options.onImage && { onEvent: options.onImage }),
			...options.image,
		}),
	];
	if (journal || forecast)
		groups.push({ id: 67, name: "boot journal", commands: { ...journal?.commands, ...forecast } });
	/** What is in the log already: each kind of loss once for each transport, so that nobody can fill it. */
	let told = "";
	let confirmation: Confirmation | undefined;
	const links = host.links(BUFFERS);
	const further = options.further?.({ host, map, boot, groups, links, journal });
	const server = new SmpServer({
		bufferSize: BUFFERS.size,
		verbose: true,
		later,
		hooks: joinHooks(further?.hooks, {
			done: (group, command, _write, error, { version }) => {
				// With a reset a client means to end a trial.
				if (error === undefined && !(group === 0 && command === RESET)) confirmation?.result("client");
				// Version 2 has no room for a sentence beside a group's code, so it goes to the log.
				else if (version > 0 && error instanceof GroupError)
					host.log(`<wrn> smp: group ${error.group}, error ${error.code}: ${forLog(error.message)}`);
				else if (error instanceof Error && !(error instanceof SmpError))
					host.log(`<err> smp: group ${group} failed: ${forLog(error.message)}`);
			},
			dropped: (drop, transport) => {
				const first = ` ${transport} ${drop}`;
				if (told.includes(first)) return;
				told += first;
				host.log(`<wrn> smp: ${transport}: ${LOSSES[drop]} (${drop}; more of these are only counted)`);
			},
		}),
		groups: [...groups, ...(further?.groups ?? [])],
	});
	for (const { name, transport } of links) server.attach(transport, name);
	sayImages(host, boot);
	const policy = options.confirm;
	// In safe mode nobody is there who could have checks, and a reset would bring nothing back.
	if (policy !== "smp" && !journal?.safe) {
		confirmation = options.decide?.({
			...{ policy, host, boot, journal },
			onTrial: (image) => onTrial(boot, image),
			log: (level, line) => host.log(`<${level}> confirm: ${forLog(line)}`),
		});
		if (!confirmation) throw new RangeError("this firmware has no confirm policy: a client confirms an update");
		confirmation.start();
	}
	return { boot, server, journal, confirmation };
}

const clientOver = ({ transport }: Origin): string => `a client over ${transport}`;

/** The last image holds the application, where it has an archive: with one image that is all there is. */
const payloadRule =
	(
		boot: BootUtil,
		archiveFault: NonNullable<AgentOptions["archiveFault"]>,
	): NonNullable<ImageOptions["payloadFault"]> =>
	(image, area, header, start) =>
		image === boot.config.images - 1 && holdsArchive(area, header, start)
			? archiveFault(area.offset + start + header.headerSize, header.imageSize)
			: undefined;

/** What the log says of what was lost. */
const LOSSES: Readonly<Record<Drop, string>> = Object.freeze({
	rx_bad_crc: "a frame had a wrong CRC and was dropped: is the line noisy, or the baud rate wrong?",
	rx_bad_base64: "a frame was no base64 and was dropped: did something else write to this line?",
	rx_bad_header: "bytes that are no SMP packet were dropped",
	rx_bad_length: "a frame had another length than it announced and was dropped",
	rx_too_long: "a packet or a line was longer than its buffer and was dropped: does the client know buf_size?",
	rx_unfinished: "the rest of a packet never came and its beginning was dropped",
	rx_response: "a response arrived, which only a server sends, and was dropped",
	tx_dropped: "a response was dropped: its client does not read",
});

/** Longest sentence that is logged, characters. */
const LOG_LIMIT = 160;

/** A sentence may quote what a client sent: no control character of that gets into the log. */
export function forLog(text: string): string {
	let clean = "";
	for (let i = 0; i < Math.min(text.length, LOG_LIMIT); i++) {
		const code = text.charCodeAt(i);
		clean += code < 0x20 || (code >= 0x7f && code < 0xa0) ? "?" : text[i]!;
	}
	return clean;
}

/** Version of the image that runs, as `major.minor.revision` and `.build` if there is one. */
export function runningVersion(boot: BootUtil, image: number): string {
	const { header } = boot.boot_image_load_header(boot.activeArea(image));
	return header ? formatVersion(header.version) : "unknown";
}

/** Whether the next boot takes an image back unless it is confirmed. */
export const onTrial = (boot: BootUtil, image: number): boolean =>
	boot.mode.reverts === true && !boot.boot_is_img_confirmed(image);

function sayImages(host: Host, boot: BootUtil): void {
	for (let image = 0; image < boot.config.images; image++) {
		const state = onTrial(boot, image) ? "on trial" : "confirmed";
		host.log(`<inf> smp_sample: image ${image}: version ${runningVersion(boot, image)}, ${state}`);
	}
}
