import { webcrypto } from "node:crypto";
import type { Link } from "../../client/link.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { FlashArea } from "../../modules/flash/area.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { AccessControl, type AccessRule } from "../../modules/smp/group/access.js";
import { AuditLog } from "../../modules/smp/group/audit.js";
import { enumerationGroup } from "../../modules/smp/group/enumeration.js";
import { type FileSystem, fsGroup } from "../../modules/smp/group/fs.js";
import { imageGroup } from "../../modules/smp/group/image/image.js";
import { LastErrors } from "../../modules/smp/group/last-error.js";
import { osGroup } from "../../modules/smp/group/os.js";
import {
	clockCommand,
	echoCommand,
	poolCommand,
	taskCommand,
	uptimeClock,
} from "../../modules/smp/group/os-commands.js";
import { settingsGroup } from "../../modules/smp/group/settings.js";
import { shellGroup } from "../../modules/smp/group/shell.js";
import { shellOf } from "../../modules/smp/group/shell-commands.js";
import { statisticsGroup } from "../../modules/smp/group/statistics.js";
import { transportGroup } from "../../modules/smp/group/transport.js";
import { zephyrGroup } from "../../modules/smp/group/zephyr.js";
import type { Group } from "../../modules/smp/group.js";
import { joinHooks, SmpServer } from "../../modules/smp/server.js";
import { image, TestFlash } from "../unit/smp/support.js";
import { localLink } from "./links.js";

export const KEY = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

export interface FullDeviceOptions {
	/** Access control by these rules. */
	readonly rules?: readonly AccessRule[];
	/** Groups that it lacks. */
	readonly without?: readonly number[];
	readonly hashes?: boolean;
}

/** A device in this process that has all groups. RAM is lost in a restart; flash, settings and files are not. */
export class FullDevice {
	server!: SmpServer;
	/** The same with less room for its answers. */
	small!: SmpServer;
	readonly flash = new TestFlash();
	readonly files = new Map<string, Uint8Array>();
	readonly settings = new Map<string, Uint8Array>();
	readonly storage = new Uint8Array(2048).fill(0xff);
	/** Milliseconds since it started, and since 1970 in seconds. */
	uptime = 0;
	time = 1_700_000_000;
	/** Lines that its shell ran, resets, saves of settings. */
	readonly events: string[] = [];
	readonly #options: FullDeviceOptions;

	constructor(options: FullDeviceOptions = {}) {
		this.#options = options;
		this.flash.primary.set(image(1500, [1, 0, 0], 1));
		this.restart();
	}

	link(): Link {
		return localLink({ receive: (packet, reply) => this.server.receive(packet, reply) });
	}

	restart(): void {
		const { rules, without = [] } = this.#options;
		const access =
			rules &&
			new AccessControl({
				rules,
				otherwise: "challenge",
				key: KEY,
				digest: nobleDigest,
				entropy: (into) => void webcrypto.getRandomValues(into),
				uptime: () => this.uptime,
			});
		const area = new FlashArea(5, "storage", 0, new NorPartition(this.storage, { sectorSize: 512, writeAlign: 4 }));
		const lastErrors = new LastErrors();
		const audit = new AuditLog({ area, first: 0, sectors: 4, time: () => this.time, after: () => {} });
		const groups = [...this.#groups(), audit.group, lastErrors.group, ...(access ? [access.group] : [])].filter(
			({ id }) => !without.includes(id),
		);
		const serverOf = (bufferSize: number): SmpServer =>
			new SmpServer({
				groups: [...groups, enumerationGroup(groups)],
				bufferSize,
				verbose: true,
				hooks: joinHooks(access?.hooks, audit.hooks, lastErrors.hooks),
			});
		this.server = serverOf(512);
		this.small = serverOf(300);
	}

	/** Writes at the end of a file. */
	append = (path: string, data: Uint8Array): void =>
		void this.files.set(path, Uint8Array.from([...this.files.get(path)!, ...data]));

	#groups(): Group[] {
		const { events } = this;
		return [
			osGroup({
				reset: (bootMode) => events.push(`reset ${bootMode}`),
				buffers: { size: 400, count: 5 },
				commands: {
					...echoCommand,
					...taskCommand(() => ({ main: { prio: 1, tid: 2, state: 3, stkuse: 256, stksiz: 512 } })),
					...poolCommand(() => ({ slots: { blksiz: 16, nblks: 100, nfree: 20, min: 10 } })),
					...clockCommand(uptimeClock(() => 0)),
				},
			}),
			imageGroup({ boot: this.flash.boot, digest: nobleDigest }),
			statisticsGroup({ smp: () => ({ reads: 12, writes: 3 }), flash: () => ({ failures: 0 }) }),
			settingsGroup({
				valueLimit: 256,
				store: {
					get: (name) => this.settings.get(name),
					set: (name, value) => void this.settings.set(name, value.slice()),
					delete: (name) => this.settings.delete(name),
					commit: () => events.push("commit"),
					load: () => events.push("load"),
					save: (name) => events.push(`save ${name}`),
				},
			}),
			fsGroup({ files: this.#fileSystem(), ...(this.#options.hashes !== false && { digest: nobleDigest }) }),
			shellGroup({
				run: (line) => {
					events.push(line);
					return shellOf({ colours: { help: "red", run: (_args, print) => print("\x1b[31mred\x1b[0m\u0007") } })(line);
				},
			}),
			transportGroup([
				{ id: 0, name: "uart" },
				{ id: 66, name: "tcp" },
			]),
			zephyrGroup(() => this.settings.clear()),
		];
	}

	#fileSystem(): FileSystem {
		const { files } = this;
		return {
			size: (path) => files.get(path)?.length,
			mounted: (path) => path.startsWith("/lfs/"),
			read: (path, offset, into) => into.set(files.get(path)!.subarray(offset, offset + into.length)),
			create: (path) => void files.set(path, new Uint8Array(0)),
			append: (path, data) => this.append(path, data),
		};
	}
}
