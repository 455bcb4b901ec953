import { Op } from "../../modules/smp/header.js";
import { OS_GROUP, OsCommand } from "../../modules/smp/protocol/os.js";
import { command, flag, isMap, kind, map, number, optional, record, text } from "../command.js";

// Zephyr SMP group 0, Default/OS management. An `SmpClient` has a method for each of these commands.

/** Echo: the server sends `d` back as `r`. */
export const osEcho = command(Op.WRITE, OS_GROUP, OsCommand.ECHO, { request: { d: text }, answer: { r: text } });

/** The same as a read request. */
export const osEchoRead = command(Op.READ, OS_GROUP, OsCommand.ECHO, { request: { d: text }, answer: { r: text } });

/** Console echo control: with `echo` 1 the console shows what is typed, with 0 it does not. */
export const osConsoleEcho = command(Op.WRITE, OS_GROUP, OsCommand.CONSOLE_ECHO, { request: { echo: number } });

/** Task statistics by name. Stack sizes are counted in 4-byte words. */
export const osTasks = command(Op.READ, OS_GROUP, OsCommand.TASK_STATISTICS, {
	answer: { tasks: record(map({ prio: number, state: number, stkuse: number, stksiz: number })) },
});

const POOLS = record(map({ blksiz: number, nblks: number, nfree: number, min: number }));

/** Memory pools by name: bytes of a block, blocks in all, free now, and free when fewest were. */
export const osPools = command(Op.READ, OS_GROUP, OsCommand.MEMORY_POOLS, {
	answer: kind("map", (answer) => {
		if (!isMap(answer)) return undefined;
		// mynewt has them under a key, Zephyr's documentation has them bare.
		const pools = isMap(answer["mpools"]) ? answer["mpools"] : answer;
		return POOLS.read(Object.fromEntries(Object.entries(pools).filter(([, pool]) => isMap(pool))), "mpools");
	}),
});

/** The device's date and time, as `YYYY-MM-DDThh:mm:ss` in its own time zone. */
export const osDateTime = command(Op.READ, OS_GROUP, OsCommand.DATE_TIME, { answer: { datetime: text } });

/** Sets the device's clock, in the same form. */
export const osSetDateTime = command(Op.WRITE, OS_GROUP, OsCommand.DATE_TIME, { request: { datetime: text } });

/** Restarts the device. `boot_mode` 1 starts the boot loader's recovery. Ask once only: see `SmpClient.reset`. */
export const osReset = command(Op.WRITE, OS_GROUP, OsCommand.RESET, {
	request: { force: optional(flag), boot_mode: optional(number) },
});

/** MCUmgr parameters: size of a buffer in bytes, and how many there are. */
export const osParameters = command(Op.READ, OS_GROUP, OsCommand.PARAMETERS, {
	answer: { buf_size: number, buf_count: number },
});

/** OS/application info: `format` is letters of `snrvbmpio`, or `a` for all; default `s`. */
export const osInfo = command(Op.READ, OS_GROUP, OsCommand.INFO, {
	request: { format: optional(text) },
	answer: { output: text },
});

/** Bootloader information: without `query` the loader's name; with `mode` how it upgrades, by the protocol's number. */
export const osBootloader = command(Op.READ, OS_GROUP, OsCommand.BOOTLOADER, {
	request: { query: optional(text) },
	answer: { bootloader: optional(text), mode: optional(number), "no-downgrade": optional(flag) },
});
