import assert from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { explainCode } from "../../client/words.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { Rc } from "../../modules/smp/errors.js";
import { AccessControl } from "../../modules/smp/group/access.js";
import { TrafficCounters } from "../../modules/smp/group/counters.js";
import { enumerationGroup } from "../../modules/smp/group/enumeration.js";
import { fsGroup } from "../../modules/smp/group/fs.js";
import { IMAGE_V1_ERRORS } from "../../modules/smp/group/image/error.js";
import { osGroup } from "../../modules/smp/group/os.js";
import { settingsGroup } from "../../modules/smp/group/settings.js";
import { shellGroup } from "../../modules/smp/group/shell.js";
import { statisticsGroup } from "../../modules/smp/group/statistics.js";
import { transportGroup } from "../../modules/smp/group/transport.js";
import { zephyrGroup } from "../../modules/smp/group/zephyr.js";
import type { Group } from "../../modules/smp/group.js";
import { AccessError } from "../../modules/smp/protocol/access.js";
import { ENUMERATION_GROUP, EnumerationError } from "../../modules/smp/protocol/enumeration.js";
import { FS_GROUP, FsError } from "../../modules/smp/protocol/fs.js";
import { IMAGE_GROUP, ImageError } from "../../modules/smp/protocol/image.js";
import { OS_GROUP, OsError } from "../../modules/smp/protocol/os.js";
import { SETTINGS_GROUP, SettingsError } from "../../modules/smp/protocol/settings.js";
import { SHELL_GROUP, ShellError } from "../../modules/smp/protocol/shell.js";
import { STATISTICS_GROUP, StatisticsError } from "../../modules/smp/protocol/statistics.js";
import { TRANSPORT_GROUP, TransportError } from "../../modules/smp/protocol/transport.js";
import { ZEPHYR_GROUP, ZephyrError } from "../../modules/smp/protocol/zephyr.js";

// The tables of docs/SMP.md against the code.

const access = new AccessControl({
	rules: [],
	key: new Uint8Array(16),
	digest: nobleDigest,
	entropy: () => {},
	uptime: () => 0,
});
const files = {
	size: () => undefined,
	mounted: () => false,
	read: () => {},
	create: () => {},
	append: () => {},
};

const groups: [number, Readonly<Record<string, number>>, Group["errors"]][] = [
	[OS_GROUP, OsError, osGroup({}).errors],
	[IMAGE_GROUP, ImageError, IMAGE_V1_ERRORS],
	[STATISTICS_GROUP, StatisticsError, statisticsGroup({}).errors],
	[SETTINGS_GROUP, SettingsError, settingsGroup({ store: {} }).errors],
	[FS_GROUP, FsError, fsGroup({ files }).errors],
	[SHELL_GROUP, ShellError, shellGroup({ run: () => ({ output: "", status: 0 }) }).errors],
	[ENUMERATION_GROUP, EnumerationError, enumerationGroup([]).errors],
	[TRANSPORT_GROUP, TransportError, transportGroup([]).errors],
	[ZEPHYR_GROUP, ZephyrError, zephyrGroup(() => {}).errors],
	[access.group.id, AccessError, access.group.errors],
];

describe("docs/SMP.md", () => {
	const lines = readFileSync("docs/SMP.md", "utf8").split("\n");
	/** Cells of the rows of the table below `heading`. */
	const table = (heading: string): string[][] => {
		const start = lines.findIndex((line, at) => at > lines.indexOf(heading) && line.startsWith("| ---"));
		const rows = lines.slice(start + 1);
		return rows.slice(0, rows.indexOf("")).map((row) =>
			row
				.split("|")
				.slice(1, -1)
				.map((cell) => cell.trim()),
		);
	};

	it("has every error of every group, as the code and the client have it", () => {
		const rows = table("### Codes of a group's own");
		const expected = groups.flatMap(([group, codes, v1]) =>
			Object.entries(codes)
				.sort(([, a], [, b]) => a - b)
				.map(([name, code]) => [`${group}`, `${code}`, name, `${v1?.[code] ?? Rc.UNKNOWN}`]),
		);
		assert.deepEqual(
			rows.map((row) => row.slice(0, 4)),
			expected,
		);
		for (const [group, code, , , sentence, advice] of rows) {
			assert.equal(sentence, explainCode(Number(code), Number(group)));
			assert.ok(advice && sentence);
		}
	});

	it("has the codes of all groups, in the client's words", () => {
		for (const [code, sentence, advice] of table("### Codes of all groups")) {
			assert.equal(sentence, explainCode(Number(code)));
			assert.ok(advice);
		}
	});

	it("has every counter of what is lost", () => {
		const counters = Object.keys(new TrafficCounters().of());
		const lost = counters.filter((name) => /^(?:rx|tx)_(?!bytes$)/.test(name));
		assert.deepEqual(
			table("### What is lost").map(([name]) => name),
			lost,
		);
	});

	it("has hooks that there are, for every event of Zephyr's", () => {
		const rows = table("## Hooks");
		const events = rows.flatMap(([event]) => [...event!.matchAll(/`(?:…_)?([A-Z_]+)`/g)].map(([, name]) => name));
		assert.equal(events.length, 21);
		for (const [event, hook] of rows)
			for (const [, owner, name] of hook!.matchAll(/`([A-Z]\w+)\.(\w+)/g)) {
				const source = readdirSync("modules/smp", { recursive: true, encoding: "utf8" })
					.filter((file) => file.endsWith(".ts"))
					.map((file) => readFileSync(join("modules/smp", file), "utf8"))
					.find((text) => text.includes(`export interface ${owner} `));
				const [, body = ""] = source?.split(`export interface ${owner} `) ?? [];
				assert.match(body.slice(0, body.indexOf("\n}")), new RegExp(`\\b${name}\\b`), `${event}: ${owner}.${name}`);
			}
	});
});
