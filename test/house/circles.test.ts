import assert from "node:assert";
import { imports, sources } from "./imports.js";

// No file may need itself by way of others, not even for a type: files in a circle can only be read, moved and tested together.

/**
 * The circles of a graph: its strongly connected parts of more than one node (Tarjan), each in the order of names, and nodes that
 * lead to themselves.
 */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
	const found: string[][] = [];
	/** When a node was reached, and the earliest one on the path that it leads back to. */
	const reached = new Map<string, number>();
	const earliest = new Map<string, number>();
	const path: string[] = [];
	const visit = (node: string): void => {
		reached.set(node, reached.size);
		earliest.set(node, reached.get(node)!);
		path.push(node);
		for (const next of graph.get(node) ?? []) {
			if (!graph.has(next)) continue;
			if (!reached.has(next)) visit(next);
			if (path.includes(next)) earliest.set(node, Math.min(earliest.get(node)!, earliest.get(next)!));
		}
		if (earliest.get(node) !== reached.get(node)) return;
		const part = path.splice(path.indexOf(node));
		if (part.length > 1 || graph.get(node)!.includes(node)) found.push(part.sort());
	};
	for (const node of graph.keys()) if (!reached.has(node)) visit(node);
	return found;
}

describe("circles of imports", () => {
	for (const [what, edges, expected] of [
		["none in a tree", { a: ["b", "c"], b: ["c"], c: [] }, []],
		["two files", { a: ["b"], b: ["c"], c: ["b"] }, [["b", "c"]]],
		["a file that imports itself", { a: ["a"] }, [["a"]]],
		["two that share a file are one", { a: ["b", "c"], b: ["a"], c: ["a"] }, [["a", "b", "c"]]],
		[
			"two apart",
			{ a: ["b"], b: ["a", "c"], c: ["d"], d: ["c"] },
			[
				["c", "d"],
				["a", "b"],
			],
		],
		["what is outside is left out", { a: ["node:fs"] }, []],
	] as const)
		it(what, () => assert.deepEqual(circles(new Map(Object.entries<readonly string[]>(edges))), expected));

	it("there are none, imports of types included", () => {
		const files = ["modules", "apps", "hosts", "client", "image", "cli"].flatMap(sources);
		assert.ok(files.length > 200);
		assert.deepEqual(circles(new Map(files.map((file) => [file, imports(file)]))), []);
	});
});
