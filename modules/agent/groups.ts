import { FlashStore } from "../flash/store.js";
import { AuditLog } from "../smp/group/audit.js";
import type { BootJournal } from "../smp/group/boot-journal.js";
import { type FlashCounters, TrafficCounters, type UploadCounters } from "../smp/group/counters.js";
import { enumerationGroup } from "../smp/group/enumeration.js";
import { type FileSystem, fsGroup } from "../smp/group/fs.js";
import { LastErrors } from "../smp/group/last-error.js";
import type { MemoryPool, Task } from "../smp/group/os-commands.js";
import { settingsGroup } from "../smp/group/settings.js";
import { shellGroup } from "../smp/group/shell.js";
import { type ShellCommand, shellOf } from "../smp/group/shell-commands.js";
import { type Counters, statisticsGroup } from "../smp/group/statistics.js";
import { StoredSettings } from "../smp/group/stored-settings.js";
import { type TransportInfo, transportGroup } from "../smp/group/transport.js";
import { zephyrGroup } from "../smp/group/zephyr.js";
import type { Group, Origin } from "../smp/group.js";
import {
	type BootEntry,
	changeWords,
	checkWords,
	outcomeWords,
	safeModeWords,
	startWords,
} from "../smp/protocol/boot-journal.js";
import { TransportId } from "../smp/protocol/transport.js";
import { joinHooks } from "../smp/server.js";
import { RawTransport } from "../smp/transport/raw.js";
import { type Base, type Further, forLog, onTrial, runningVersion, VERSION } from "./agent.js";
import { isCheckName } from "./checks.js";
import type { DeviceRoom, DeviceSettings } from "./device.js";
import type { Link } from "./host.js";

/** Sectors at the end of the storage area that the audit log takes; settings have the rest. */
const AUDIT_SECTORS = 4;

export interface FurtherOptions {
	/** Counters that the application feeds. */
	readonly uploads: UploadCounters;
	readonly flash: FlashCounters;
	/** Files, if there are any: group 8. */
	readonly files?: FileSystem;
	/** Commands of the shell besides `help`, `version`, `images`, `errors` and `stats`. */
	readonly shell?: Readonly<Record<string, ShellCommand>>;
	/** Groups of the application's own. */
	readonly own?: readonly Group[];
	/** Keeps a record of write requests on flash. Default false. */
	readonly audit?: boolean;
	/** For what an application in an image adds later: takes the tables of these groups. */
	readonly room?: DeviceRoom;
	/** Whether a client has shown that it may write, for the audit log. Default: whoever was served has. */
	readonly trusts?: (origin: Origin) => boolean;
}

/**
 * All groups besides OS and image, for an application with room for them: statistics, settings and audit log on the storage
 * area (if the layout has one), files, shell, enumeration, transports, Zephyr's erase of the storage area, and why a request was
 * refused.
 */
export function furtherGroups(base: Base, options: FurtherOptions): Further {
	const { host, map, boot } = base;
	const traffic = new TrafficCounters();
	const statistics: Record<string, () => Counters> = { smp: () => traffic.of() };
	for (const { name } of base.links) statistics[name] = () => traffic.of(name);
	statistics["image"] = () => options.uploads.counters();
	statistics["flash"] = () => options.flash.counters();

	const lastErrors = new LastErrors();
	const groups: Group[] = [...base.groups, statisticsGroup(statistics)];
	const area = map.labelled("storage");
	let audit: AuditLog | undefined;
	if (area) {
		const sectors = options.audit ? area.sectors - AUDIT_SECTORS : area.sectors;
		const settings = new StoredSettings(new FlashStore(area, { sectors }));
		if (options.audit) {
			audit = new AuditLog({
				area,
				first: sectors,
				sectors: AUDIT_SECTORS,
				time: () => Math.floor((host.clock?.now() ?? host.uptime()) / 1000),
				after: (milliseconds, callback) => void host.after(milliseconds, callback),
				log: (line) => host.log(`<err> ${line}`),
				...(options.trusts && { trusts: options.trusts }),
			});
			groups.push(audit.group);
		}
		if (options.room) options.room.settings = lastingSettings(settings);
		groups.push(
			settingsGroup({ store: settings, valueLimit: 256 }),
			zephyrGroup(() => {
				area.erase(0, area.size);
				settings.clear();
				audit?.load();
			}),
		);
	}
	if (options.files) groups.push(fsGroup({ files: options.files, digest: host.digest }));
	const shell = { ...standardCommands(base, statistics), ...options.shell };
	groups.push(shellGroup({ run: shellOf(shell) }));
	groups.push(transportGroup(base.links.map(transportInfo)), lastErrors.group, ...(options.own ?? []));
	groups.push(enumerationGroup(groups));
	Object.assign(options.room ?? {}, { groups, ...adders(shell, statistics) });
	return { groups: groups.slice(base.groups.length), hooks: joinHooks(traffic.hooks, audit?.hooks, lastErrors.hooks) };

	function standardCommands(
		{ host: { board }, journal }: Base,
		stats: Readonly<Record<string, () => Counters>>,
	): Record<string, ShellCommand> {
		return {
			version: { help: "what runs here", run: (_args, print) => print(`xs-smp ${VERSION} on ${board}`) },
			images: {
				help: "the running images",
				run: (_args, print) => {
					for (let image = 0; image < boot.config.images; image++)
						print(`image ${image}: ${runningVersion(boot, image)}, ${onTrial(boot, image) ? "on trial" : "confirmed"}`);
				},
			},
			...(journal && { history: historyCommand(journal), "safe-mode": safeModeCommand(journal) }),
			errors: {
				help: "why the last refused request of each client was refused",
				run: (_args, print) => {
					for (const { origin, group, command, reason } of lastErrors.all())
						print(`${origin.transport}: group ${group}, command ${command}: ${forLog(reason)}`);
				},
			},
			stats: {
				help: "counters: stats [NAME]",
				run: ([wanted], print) => {
					for (const name of Object.keys(stats).filter((each) => wanted === undefined || each === wanted)) {
						const counters = stats[name]!();
						print(
							`${name}: ${Object.keys(counters)
								.map((key) => `${key} ${counters[key]}`)
								.join(", ")}`,
						);
					}
				},
			},
		};
	}
}

/** A link as Zephyr numbers it; one that Zephyr has not has a number of its own. */
function transportInfo({ name, transport }: Link, at: number): TransportInfo {
	const serial = transport instanceof RawTransport ? TransportId.RAW_SERIAL : TransportId.SERIAL;
	const ids: Readonly<Record<string, number>> = {
		uart: serial,
		ble: TransportId.BLUETOOTH,
		udp: TransportId.UDP_IPV4,
	};
	return { id: ids[name] ?? TransportId.USER_DEFINED + at, name };
}

/** Boots that the shell prints; a longer text would not fit an answer. */
const HISTORY = 8;

const historyCommand = (journal: BootJournal): ShellCommand => ({
	help: "the last boots: why the device started, what changed, what became of an update",
	run: (_args, print) => {
		let next: BootEntry | undefined;
		for (const entry of journal.boots(HISTORY)) {
			const words = [startWords(entry.start), changeWords(entry), checkWords(entry), outcomeWords(entry, next)];
			print(`#${entry.number} ${words.filter((each) => each !== "").join(" | ")}`);
			next = entry;
		}
	},
});

const safeModeCommand = (journal: BootJournal): ShellCommand => ({
	help: "why the device runs without its application; to let the next start run it: safe-mode leave",
	run: ([word], print) => {
		if (word === "leave") journal.leaveSafeMode("the shell");
		else if (word !== undefined) throw new RangeError("safe-mode, or safe-mode leave");
		print(journal.safe ? safeModeWords(journal.safe) : "not in safe mode");
		if (journal.safe?.left) print("the next start runs the application");
	},
});

/** What an application in an image can add to each of the tables: the names of all statistics have to fit in one answer. */
const MOST_ADDED = 16;

/** As `Device` has them. What is wrong with a name or a command is said where it is added, and not to who lists them. */
function adders(
	shell: Record<string, ShellCommand>,
	statistics: Record<string, () => Counters>,
): Pick<DeviceRoom, "shell" | "statistics"> {
	const commands = Object.keys(shell).length;
	const tables = Object.keys(statistics).length;
	const judge = (table: object, name: string, what: string, before: number): void => {
		if (!isCheckName(String(name)))
			throw new RangeError(`the names of ${what} have 1 to 32 letters, digits, hyphens or underscores`);
		if (Object.keys(table).length - before >= MOST_ADDED)
			throw new RangeError(`an application can add ${MOST_ADDED} ${what}`);
	};
	return {
		shell: (name, command) => {
			judge(shell, name, "commands", commands);
			if (name === "help" || Object.hasOwn(shell, name))
				throw new RangeError(`the shell has a command "${name}" already`);
			if (typeof command?.run !== "function") throw new RangeError(`the command "${name}" has no function run`);
			shell[name] = { help: String(command.help), run: command.run };
		},
		statistics: (name, counters) => {
			judge(statistics, name, "statistics", tables);
			if (Object.hasOwn(statistics, name)) throw new RangeError(`there are statistics "${name}" already`);
			statistics[name] = () => ({ ...counters });
		},
	};
}

/** Settings that last as soon as they are set. */
const lastingSettings = (store: StoredSettings): DeviceSettings => ({
	get: (name) => store.get(name)?.slice(),
	set: (name, value) => {
		store.set(name, value);
		store.save(name);
	},
	delete: (name) => store.delete(name),
});

/** What a JavaScript engine says of its memory, bytes. */
export interface MachineMemory {
	/** Size of the JavaScript stack, and what is on it now. */
	readonly stack: number;
	readonly stackUsed: number;
	/** Slots and chunks: in use, most ever in use, reserved. */
	readonly slots: number;
	readonly peakSlots: number;
	readonly reservedSlots: number;
	readonly chunks: number;
	readonly peakChunks: number;
	readonly reservedChunks: number;
}

/** The one task there is: the JavaScript machine with its stack. */
export const tasksOf = ({ stack, stackUsed }: MachineMemory): Record<string, Task> => ({
	js: {
		prio: 0,
		tid: 0,
		state: 0,
		stkuse: Math.ceil(stackUsed / 4),
		stksiz: stack / 4,
		cswcnt: 0,
		runtime: 0,
		last_checkin: 0,
		next_checkin: 0,
	},
});

/** Slots by their size; chunks, which have all sizes, in bytes. `slotSize` is 16 on a microcontroller and 32 on a desk. */
export const poolsOf = (memory: MachineMemory, slotSize: number): Record<string, MemoryPool> => ({
	slots: pool(slotSize, memory.slots, memory.peakSlots, memory.reservedSlots),
	chunks: pool(1, memory.chunks, memory.peakChunks, memory.reservedChunks),
});

const pool = (blksiz: number, used: number, peak: number, reserved: number): MemoryPool => ({
	blksiz,
	nblks: Math.floor(reserved / blksiz),
	nfree: Math.floor((reserved - used) / blksiz),
	min: Math.max(0, Math.floor((reserved - peak) / blksiz)),
});
