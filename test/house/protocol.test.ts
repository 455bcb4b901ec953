import assert from "node:assert";
import type { Command } from "../../client/command.js";
import * as accessCommands from "../../client/group/access.js";
import * as bootJournalCommands from "../../client/group/boot-journal.js";
import * as enumerationCommands from "../../client/group/enumeration.js";
import * as fsCommands from "../../client/group/files.js";
import * as imageCommands from "../../client/group/image.js";
import * as lastErrorCommands from "../../client/group/last-error.js";
import * as osCommands from "../../client/group/os.js";
import * as settingsCommands from "../../client/group/settings.js";
import * as shellCommands from "../../client/group/shell.js";
import * as statisticsCommands from "../../client/group/statistics.js";
import * as transportCommands from "../../client/group/transports.js";
import * as zephyrCommands from "../../client/group/zephyr.js";
import { commandName } from "../../client/words.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { TYPICAL_NOR } from "../../modules/flash/timing.js";
import { AccessControl } from "../../modules/smp/group/access.js";
import { forecastCommands } from "../../modules/smp/group/boot-forecast.js";
import { BootJournal } from "../../modules/smp/group/boot-journal.js";
import { enumerationGroup } from "../../modules/smp/group/enumeration.js";
import { fsGroup } from "../../modules/smp/group/fs.js";
import * as image from "../../modules/smp/group/image/error.js";
import { imageGroup } from "../../modules/smp/group/image/image.js";
import { LastErrors } from "../../modules/smp/group/last-error.js";
import * as os from "../../modules/smp/group/os.js";
import { clockCommand, echoCommand, poolCommand, taskCommand } from "../../modules/smp/group/os-commands.js";
import { settingsGroup } from "../../modules/smp/group/settings.js";
import { shellGroup } from "../../modules/smp/group/shell.js";
import { statisticsGroup } from "../../modules/smp/group/statistics.js";
import { transportGroup } from "../../modules/smp/group/transport.js";
import { zephyrGroup } from "../../modules/smp/group/zephyr.js";
import type { Group } from "../../modules/smp/group.js";
import { Op } from "../../modules/smp/header.js";
import { ACCESS_GROUP, AccessCommand } from "../../modules/smp/protocol/access.js";
import { BOOT_JOURNAL_GROUP, BootJournalCommand } from "../../modules/smp/protocol/boot-journal.js";
import { ENUMERATION_GROUP, EnumerationCommand } from "../../modules/smp/protocol/enumeration.js";
import { FS_GROUP, FsCommand } from "../../modules/smp/protocol/fs.js";
import { IMAGE_GROUP, ImageCommand, ImageError } from "../../modules/smp/protocol/image.js";
import { LAST_ERROR_GROUP, LastErrorCommand } from "../../modules/smp/protocol/last-error.js";
import { OS_GROUP, OsCommand, OsError } from "../../modules/smp/protocol/os.js";
import { SETTINGS_GROUP, SettingsCommand } from "../../modules/smp/protocol/settings.js";
import { SHELL_GROUP, ShellCommandId } from "../../modules/smp/protocol/shell.js";
import { STATISTICS_GROUP, StatisticsCommand } from "../../modules/smp/protocol/statistics.js";
import { TRANSPORT_GROUP, TransportCommand } from "../../modules/smp/protocol/transport.js";
import { ZEPHYR_GROUP, ZephyrCommand } from "../../modules/smp/protocol/zephyr.js";

// modules/smp/protocol against the servers, which have their commands by number, and against the client's words.

const { sectorSize, writeAlign, areas } = guideLayout;
const sizes = new Map(areas.map(({ label, size }) => [label, size]));
const map = FlashMap.open(
	guideLayout,
	(label) => new NorPartition(new Uint8Array(sizes.get(label)!).fill(0xff), { sectorSize, writeAlign }),
);
const boot = new BootUtil(map, { mode: "swap-move", images: 1, maxAlign: 8, maxSectors: 128, trailer: "current" });
const access = new AccessControl({
	rules: [],
	key: new Uint8Array(16),
	digest: nobleDigest,
	entropy: () => {},
	uptime: () => 0,
});
const bootJournal = new BootJournal({
	area: map.labelled("boot-journal")!,
	boot,
	uptime: () => 0,
	onTrial: () => false,
	reason: { cause: "power" },
	log: () => {},
});
const everyOs = os.osGroup({
	reset: () => {},
	buffers: { size: 1024, count: 4 },
	commands: {
		...echoCommand,
		...taskCommand(() => ({})),
		...poolCommand(() => ({})),
		...clockCommand({ now: () => 0, set: () => {} }),
	},
	info: { s: "s", n: "n", r: "r", v: "v", b: "b", m: "m", p: "p", i: "i", o: "o" },
	bootloader: { name: "MCUboot", mode: 3, noDowngrade: false },
});
const everySetting = {
	get: () => undefined,
	set: () => {},
	delete: () => false,
	commit: () => {},
	load: () => {},
	save: () => {},
};
const files = { size: () => undefined, mounted: () => false, read: () => {}, create: () => {}, append: () => {} };

/** Server, id, names of the commands, and the client's module. */
const groups: readonly (readonly [Group, number, Readonly<Record<string, number>>, object])[] = [
	[everyOs, OS_GROUP, OsCommand, osCommands],
	[imageGroup({ boot }), IMAGE_GROUP, ImageCommand, imageCommands],
	[statisticsGroup({}), STATISTICS_GROUP, StatisticsCommand, statisticsCommands],
	[settingsGroup({ store: everySetting }), SETTINGS_GROUP, SettingsCommand, settingsCommands],
	[fsGroup({ files, digest: nobleDigest }), FS_GROUP, FsCommand, fsCommands],
	[shellGroup({ run: () => ({ output: "", status: 0 }) }), SHELL_GROUP, ShellCommandId, shellCommands],
	[enumerationGroup([]), ENUMERATION_GROUP, EnumerationCommand, enumerationCommands],
	[transportGroup([]), TRANSPORT_GROUP, TransportCommand, transportCommands],
	[zephyrGroup(() => {}), ZEPHYR_GROUP, ZephyrCommand, zephyrCommands],
	[access.group, ACCESS_GROUP, AccessCommand, accessCommands],
	[new LastErrors().group, LAST_ERROR_GROUP, LastErrorCommand, lastErrorCommands],
	[
		{ id: 67, name: "boots", commands: { ...bootJournal.commands, ...forecastCommands(TYPICAL_NOR)(boot) } },
		BOOT_JOURNAL_GROUP,
		BootJournalCommand,
		bootJournalCommands,
	],
];

describe("numbers of the protocol", () => {
	for (const [group, id, commands, client] of groups) {
		it(`${group.name}: the server has these commands, and the client words for each`, () => {
			assert.equal(group.id, id);
			assert.deepEqual(Object.keys(group.commands).map(Number), Object.values(commands));
			for (const command of Object.values(commands))
				assert.doesNotMatch(commandName({ op: Op.READ, group: id, command }), /^command \d/);
		});

		it(`${group.name}: the client has a typed command for each operation, and no other`, () => {
			const served = Object.entries(group.commands).flatMap(([number, { read, write }]) => [
				...(read ? [`${Op.READ} ${id} ${number}`] : []),
				...(write ? [`${Op.WRITE} ${id} ${number}`] : []),
			]);
			const typed = Object.values(client)
				.filter((value): value is Command<object & Record<string, unknown>, unknown> => "request" in value)
				.map(({ op, group, command }) => `${op} ${group} ${command}`);
			assert.deepEqual([...new Set(typed)].sort(), served.sort());
		});
	}

	it("the OS and the image group, which small devices have, say the same", () => {
		assert.deepEqual([os.OS_GROUP, os.OsError], [OS_GROUP, OsError]);
		assert.deepEqual([image.IMAGE_GROUP, image.ImageError], [IMAGE_GROUP, ImageError]);
	});
});
