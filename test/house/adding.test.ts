import assert from "node:assert";
import { readdirSync, readFileSync } from "node:fs";

// docs/ADDING.md against the tree: the places that it names are there, and none is missing that a search can find.

interface Place {
	readonly section: string;
	readonly file: string;
	readonly name: string;
}

const sections = readFileSync("docs/ADDING.md", "utf8").split(/^## /m).slice(1);

/** The rows of the tables: what, `file`, `name`. */
const places = sections.flatMap((text): Place[] => {
	const section = text.slice(0, text.indexOf("\n"));
	return Array.from(text.matchAll(/^\|[^|]*\| `([^`|]+)` \| `([^`|]+)` \|$/gm), ([, file, name]) => ({
		section,
		file: file!,
		name: name!,
	}));
});

const filesOf = (section: string): string[] =>
	places.filter((place) => place.section === section).map(({ file }) => file);

/** Files of folders that have a text in them. */
const found = (folders: readonly string[], text: RegExp, files = /\.(?:ts|json)$/): string[] =>
	folders
		.flatMap((folder) =>
			readdirSync(folder, { recursive: true, encoding: "utf8" }).map(
				(name) => `${folder}/${name.replaceAll("\\", "/")}`,
			),
		)
		.filter((file) => files.test(file) && text.test(readFileSync(file, "utf8")));

const PRODUCT = ["apps", "client", "cli", "hosts", "image", "modules"];

describe("docs/ADDING.md", () => {
	it("has each kind of thing, each with its places", () => {
		const rows = readFileSync("docs/ADDING.md", "utf8").match(/^\| (?!what \| file|---)/gm) ?? [];
		assert.equal(places.length, rows.length, "a row is not `what | file | name`");
		assert.deepEqual(
			[...new Set(places.map(({ section }) => section))],
			[
				...["An application", "An application in an image", "A group of your own", "A built-in group", "A transport"],
				...["A mode of your own", "A mode", "A board"],
			],
		);
	});

	for (const { section, file, name } of places)
		it(`${section}: ${file} has ${name}`, () => {
			assert.ok(readFileSync(file, "utf8").includes(name));
		});

	/** Files of the product in the first table of a section. */
	const countOf = (section: string): number => {
		const text = sections.find((each) => each.startsWith(`${section}\n`))!;
		const [table = ""] = /(?:^\|.*\n)+/m.exec(text) ?? [];
		const files = Array.from(table.matchAll(/^\|[^|]*\| `([^`|]+)` \|/gm), ([, file]) => file!);
		return new Set(files.filter((file) => PRODUCT.some((folder) => file.startsWith(`${folder}/`)))).size;
	};

	for (const [section, addition] of [
		["A built-in group", "a built-in group with its client"],
		["A mode", "a mode of MCUboot"],
	] as const)
		it(`${section}: docs/DESIGN.md counts the same files`, () => {
			const row = readFileSync("docs/DESIGN.md", "utf8")
				.split("\n")
				.find((line) => line.startsWith(`| ${addition} |`));
			const [, fresh, changed] = /(\d+) new, (\d+) changed \|$/.exec(row ?? "") ?? [];
			assert.equal(Number(fresh) + Number(changed), countOf(section));
		});

	it("names every file that knows a mode", () => {
		const mode =
			/"(?:swap-(?:move|offset|scratch)|overwrite|direct-xip(?:-revert)?|ram-load(?:-revert)?|firmware-loader|single-slot(?:-ram-load)?)"/;
		const named = filesOf("A mode");
		assert.deepEqual(
			found(PRODUCT, mode).filter((file) => !named.includes(file)),
			[],
		);
	});

	it("names every file that knows the statistics group", () => {
		const named = filesOf("A built-in group");
		// Counters fill the statistics; the flood is measured by them.
		const users = ["modules/smp/group/counters.ts", "test/client/groups.test.ts", "test/hosts/flood.test.ts"];
		assert.deepEqual(
			found([...PRODUCT, "test"], /^import .*\/statistics\.js";|group\/statistics"/m).filter(
				(file) => !named.includes(file) && !users.includes(file),
			),
			[],
		);
	});
});
