import assert from "node:assert";
import { LoaderHalt } from "../../../modules/bootutil/loader/state.js";
import { FlashError } from "../../../modules/flash/error.js";
import { GroupError, SmpError } from "../../../modules/smp/errors.js";
import { SmpServer } from "../../../modules/smp/server.js";

// A program that the Moddable SDK's linker made has what XS itself brings, and what was preloaded, in flash: read-only
// (docs/MODDABLE.md). Our own builds for XS are as strict; on Node nothing is frozen.

const onXS = "xsrun" in globalThis;

const refuses = (assignment: () => void) => (): void => assert.throws(assignment, TypeError);
/** A test of XS alone. */
const itOnXS = onXS ? it : it.skip;

describe("what a linked program has in flash", () => {
	itOnXS(
		"a property that an error would inherit",
		refuses(() => {
			new Error("x").name = "Own";
		}),
	);
	itOnXS(
		"a property that every object would inherit",
		refuses(() => {
			const map: Record<string, unknown> = {};
			map["toString"] = 1;
		}),
	);
	itOnXS(
		"a prototype of XS's own",
		refuses(() => {
			Object.assign(Array.prototype, { last: 1 });
		}),
	);
	itOnXS(
		"a function of XS's own",
		refuses(() => {
			Object.assign(Math.max, { calls: 1 });
		}),
	);
	itOnXS(
		"the object Math",
		refuses(() => {
			Math.max = () => 0;
		}),
	);
	itOnXS(
		"a preloaded class",
		refuses(() => {
			Object.assign(SmpServer, { instances: 1 });
		}),
	);
	itOnXS(
		"the prototype of a preloaded class",
		refuses(() => {
			Object.assign(SmpServer.prototype, { extra: 1 });
		}),
	);

	it("leaves alone what is made later", () => {
		class Later {
			static count = 0;
			readonly number = ++Later.count;
		}
		new Later();
		Object.assign(Later.prototype, { extra: 1 });
		const bytes = new Uint8Array([1]);
		bytes[0] = 2;
		assert.deepEqual([Later.count, bytes[0], new Map([[1, 2]]).size], [1, 2, 1]);
	});

	for (const [name, make] of [
		["SmpError", () => new SmpError(3, "text")],
		["GroupError", () => new GroupError(1, 3, "text")],
		["FlashError", () => new FlashError("out of bounds", "text")],
		["LoaderHalt", () => new LoaderHalt("text")],
	] as const)
		it(`lets a ${name} have its own name`, () => assert.equal(String(make()), `${name}: text`));
});
