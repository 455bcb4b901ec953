/** What `build/xsrun` gives to the module that it runs. */
declare const xsrun: {
	/** The command line's arguments after the module. */
	readonly args: readonly string[];
	/** The name of every module in the bundle, sorted. */
	readonly modules: readonly string[];
	/** The content of a file. Throws an Error if it cannot be read. */
	readFile(path: string): ArrayBuffer;
	/** Writes a line to standard output. */
	print(line: string): void;
	/** Ends the process. */
	exit(code: number): never;
	/** Calls `callback` once after `ms` milliseconds and returns what `cancel` wants. */
	after(ms: number, callback: () => void): number;
	/** Forgets a timer. One that elapsed or never was is ignored. */
	cancel(timer: number): void;
	/** Collects garbage, so that `memory` counts what is alive. */
	collect(): void;
	/** Bytes of slots and chunks as XS counts them, and the size of the JavaScript stack. */
	memory(): {
		readonly slots: number;
		readonly peakSlots: number;
		readonly reservedSlots: number;
		readonly chunks: number;
		readonly peakChunks: number;
		readonly reservedChunks: number;
		readonly stack: number;
	};
};
