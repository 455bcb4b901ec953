// Does what the first argument names, mostly to end the machine, for test/xs/crash.test.ts.

function recurse(depth: number): number {
	return 1 + recurse(depth + 1);
}

function fill(): never {
	const kept: Uint8Array[] = [];
	for (;;) kept.push(new Uint8Array(1024 * 1024));
}

class OwnError extends RangeError {
	override readonly name: string = "OwnError";
}

const ways: Record<string, () => unknown> = {
	stack: () => {
		try {
			return recurse(0);
		} catch {
			return xsrun.print("caught");
		} finally {
			xsrun.print("finally");
		}
	},
	heap: fill,
	exception: () => (undefined as unknown as { field: number }).field,
	own: () => {
		throw new OwnError("two\nlines");
	},
	value: () => {
		throw 42;
	},
	callback: () => {
		xsrun.after(1, () => {
			throw new Error("in a timer");
		});
	},
	rejection: () => {
		Promise.reject(new Error("nobody cares"));
	},
	handled: async () => {
		await Promise.reject(new Error("somebody cares")).catch(() => {});
	},
	eval: () => new Function("return 1"),
	timers: () => {
		const cancelled = xsrun.after(2, () => xsrun.print("cancelled"));
		xsrun.after(30, () => xsrun.print("3"));
		xsrun.after(15, () => xsrun.print("2"));
		xsrun.after(0, () => {
			xsrun.print("1");
			xsrun.cancel(cancelled);
		});
	},
	encoder: () => {
		const encoded = new TextEncoder().encode("a\0é€\u{1f600}\ud800");
		xsrun.print(Array.from(encoded, (byte) => byte.toString(16)).join(" "));
	},
	exit: () => {
		try {
			xsrun.exit(3);
		} finally {
			xsrun.print("finally");
		}
	},
};

await ways[xsrun.args[0]!]!();
