import assert from "node:assert";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../cli/commands.js";
import { printable, table } from "../../cli/output.js";
import { runProgram } from "../../cli/program.js";
import type { AccessRule } from "../../modules/smp/group/access.js";
import { freshDirectory } from "../../tools/simulator.js";
import { xsSmp } from "./command.js";
import { FullDevice, KEY } from "./full-device.js";
import { Listener } from "./listener.js";

describe("xs-smp: command line", () => {
	it("explains itself, in 80 columns", async () => {
		const { status, output } = await xsSmp("--help");
		assert.equal(status, 0);
		const lines: string[] = output.split("\n");
		for (const { name } of COMMANDS) {
			assert.match(output, new RegExp(`^  ${name.split(" ")[0]} `, "m"));
			const help = await xsSmp(...name.split(" "), "--help");
			assert.equal(help.status, 0);
			assert.match(help.output, new RegExp(`^Usage: xs-smp ${name} \\[options\\]`));
			for (const option of ["serial <PATH>", "baud <N>", "raw", "udp <HOST:PORT>", "tcp <HOST:PORT>", "json"])
				assert.ok(help.output.includes(` --${option} `), `${name}: ${option}`);
			assert.match(help.output, / --access-key <FILE> /);
			lines.push(...help.output.split("\n"));
		}
		const family = await xsSmp("settings", "--help");
		assert.deepEqual(
			[family.status, family.output.match(/^ {2}\w+(?= .* [A-Z])/gm)],
			[0, ["read", "write", "delete", "save", "load", "commit"].map((name) => `  ${name}`)],
		);
		for (const name of ["image", "package", "explain", "ports"])
			lines.push(...(await xsSmp(name, "--help")).output.split("\n"));
		for (const name of ["sign", "create", "inspect", "verify", "keygen", "getpub", "getpubhash", "keyinfo"])
			lines.push(...(await xsSmp("image", name, "--help")).output.split("\n"));
		for (const name of ["inspect", "create"])
			lines.push(...(await xsSmp("package", name, "--help")).output.split("\n"));
		assert.deepEqual(
			lines.filter((line) => line.length > 80),
			[],
		);
	});

	it("explains a command by its name, too", async () => {
		for (const name of ["list", "image", "explain", "ports"])
			assert.deepEqual(await xsSmp("help", name), await xsSmp(name, "--help"));
		assert.deepEqual(await xsSmp("help", "files", "get"), await xsSmp("files", "get", "--help"));
	});

	it("explains itself in as many columns as the terminal has, and in 80 at most", async () => {
		for (const [columns, width] of [
			[60, 60],
			[200, 80],
			[undefined, 80],
		] as const)
			for (const command of [["--help"], ["upload", "--help"]]) {
				let help = "";
				const stream = { write: (text: string | Uint8Array) => (help += String(text)), columns };
				await runProgram(command, { stdout: stream, stderr: stream });
				const widest = Math.max(...help.split("\n").map((line) => line.length));
				assert.ok(widest <= width && widest > width - 10, `${widest} of ${columns} columns`);
			}
	});

	it("prints its version", async () => {
		const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
		for (const option of ["--version", "-V"])
			assert.deepEqual(await xsSmp(option), { status: 0, output: `${version}\n`, errors: "" });
	});

	it("stands in docs/CLIENT.md, with every option", () => {
		const rows = readFileSync("docs/CLIENT.md", "utf8").split("\n");
		for (const { name, operands = "", options } of COMMANDS) {
			const usage = `${name} ${operands.replace(/[<>]/g, "")}`.trim();
			const row = rows.find((each) => each.startsWith(`| \`${usage}\` `));
			assert.ok(row, usage);
			for (const { flags } of options?.() ?? [])
				assert.ok(row.includes(`\`${flags.replace(/[<>]/g, "")}\``), `${flags}: ${row}`);
		}
	});

	const directory = freshDirectory();
	const short = join(directory, "short");
	writeFileSync(short, "too short");
	after(() => rmSync(directory, { recursive: true }));

	const at = ["--udp", "127.0.0.1:9"];
	const refusals: [string[], RegExp][] = [
		[[], /^Usage: /],
		[["settings"], /^Usage: xs-smp settings /],
		[["fly"], /^There is no command "fly"; --help lists them\.\n$/],
		[["lst"], /^There is no command "lst"; did you mean list\?\n$/],
		[["setings", "read"], /^There is no command "setings"; did you mean settings\?\n$/],
		[
			["list"],
			/^Say where the device is: with --serial PATH, .* or in XS_SMP_DEVICE\. No simulated device runs here\.\n$/,
		],
		[["list", "--udp", "x:1", "--tcp", "x:1"], /^Say in one way where the device is: /],
		[["list", "--tcp", "[::1]"], /^--tcp is HOST:PORT, such as 192\.0\.2\.1:1337, not "\[::1\]"\.\n$/],
		[["list", "--tcp", "x:0"], /^--tcp is HOST:PORT/],
		[["list", "--tcp", "x:1", "--baud", "9600"], /^--baud goes with --serial\.\n$/],
		[["list", "--udp", "x:1", "--serial", "y"], /^Say in one way where the device is: /],
		[["list", "--udp", "1337"], /^--udp is HOST:PORT, such as 192\.0\.2\.1:1337, not "1337"\.\n$/],
		[["list", "--udp", "x:70000"], /^--udp is HOST:PORT/],
		[["list", "--udp", "x:1", "--raw"], /^--raw goes with --serial\.\n$/],
		[["list", "--udp", "x:1", "--baud", "9600"], /^--baud goes with --serial\.\n$/],
		[["list", "--serial", "/nowhere/at/all"], /^\/nowhere\/at\/all cannot be opened: it does not exist\.\n$/],
		[["list", "--serial", "/dev/null"], /^\/dev\/null is no serial line\.\n$/],
		[["list", "--udp", "x:1", "--timeout", "soon"], /^--timeout needs a number, not "soon"\.\n$/],
		[["list", "--udp", "x:1", "--timeout", "0"], /^--timeout is at least 1\.\n$/],
		[["list", "--colour"], /^There is no option "--colour"; --help lists them\.\n$/],
		[["list", "--jsn"], /^There is no option "--jsn"; did you mean --json\?\n$/],
		[["list", "--json=yes"], /^--json takes no value\.\n$/],
		[["list", "--udp"], /^--udp needs HOST:PORT\.\n$/],
		[["list", "--udp", "--json"], /^--udp needs a value\.\n$/],
		[["list", "twice"], /^"twice" is one argument too many\.\n$/],
		[["upload", "--udp", "x:1"], /^upload needs FILE; --help tells more\.\n$/],
		[["upload", "/nowhere/at/all", "--udp", "x:1"], /^\/nowhere\/at\/all cannot be read: it does not exist\.\n$/],
		[["upgrade", "package.json", "--udp", "x:1"], /^package\.json: The file is no MCUboot image: .*\.\n$/],
		[["test", "xyz", "--udp", "127.0.0.1:9"], /^A hash is 6 to 128 hexadecimal digits, not "xyz"\.\n$/],
		[["confirm", "abcdef", "--slot", "1", ...at], /^confirm takes HASH or --slot 1, not both\.\n$/],
		[["confirm", "--slot", "0", ...at], /^--slot is 1, not "0"\.\n$/],
		[["files", "fly"], /^There is no command "files fly"; --help lists them\.\n$/],
		[["files", "gte"], /^There is no command "files gte"; did you mean get\?\n$/],
		[["settings", "write", "a", ...at], /^settings write needs NAME and VALUE; --help tells more\.\n$/],
		[
			["settings", "write", "a", "0f0", "--hex", ...at],
			/^With --hex a value is hexadecimal digits, two a byte, not "0f0"\.\n$/,
		],
		[["files", "put", "/nowhere/at/all", "/x", ...at], /^\/nowhere\/at\/all cannot be read: it does not exist\.\n$/],
		[["files", "get", "/", ...at], /^"\/" names no file: say FILE\.\n$/],
		[["shell", ...at], /^shell needs WORD; --help tells more\.\n$/],
		[["audit", "--last", "x", ...at], /^--last is a number from 1 to 1000000, not "x"\.\n$/],
		[["upload", "docs", "--udp", "x:1"], /^docs cannot be read: it is a directory\.\n$/],
		[["upload", "package.json/x", "--udp", "x:1"], /^package\.json\/x cannot be read: its folder is a file\.\n$/],
		[["upload", "x", "--window", "0", ...at], /^--window is a number from 1 to 255, not "0"\.\n$/],
		[["upgrade", "x", "--wait", "0", ...at], /^--wait is a number from 1 to 86400, not "0"\.\n$/],
		[
			["files", "put", "/x", "package.json", ...at],
			/^The file of this machine comes first: files put package\.json \/x\.\n$/,
		],
		[["help", "fly"], /^There is no command "fly"; --help lists them\.\n$/],
		[["help", "uplod"], /^There is no command "uplod"; did you mean upload\?\n$/],
		[["help", "time", "now"], /^There is no command "time now"; --help lists them\.\n$/],
		[["help", "files", "gte"], /^There is no command "files gte"; did you mean get\?\n$/],
		[["help", "files", "fly"], /^There is no command "files fly"; --help lists them\.\n$/],
		[["list", "--serial", "docs"], /^docs is no serial line\.\n$/],
		[["console-echo", "maybe", ...at], /^console-echo is on or off, not "maybe"\.\n$/],
		[["unlock", ...at], /^unlock needs --access-key FILE\.\n$/],
		[["list", ...at, "--access-key", "/nowhere"], /^\/nowhere cannot be read: it does not exist\.\n$/],
		[["list", ...at, "--access-key", short], /short is no access key: it has 9 bytes, and a key has 16 or more\.\n$/],
	];
	for (const [args, message] of refusals)
		it(`refuses "${args.join(" ")}"`, async () => {
			const { status, output, errors } = await xsSmp(...args);
			assert.equal(status, 2);
			assert.match(output + errors, message);
		});
});

describe("xs-smp and a device of all groups", () => {
	const directory = freshDirectory();
	const key = join(directory, "key");
	writeFileSync(key, KEY);
	after(() => rmSync(directory, { recursive: true }));

	/** Runs command lines on a device, each of which has to end like this. */
	type Says = (expected: string | RegExp, ...args: string[]) => Promise<void>;
	async function withDevice(
		use: (says: Says, refuses: Says, device: FullDevice, address: string) => Promise<void>,
		rules?: AccessRule[],
	): Promise<void> {
		const device = new FullDevice(rules ? { rules } : {});
		const listener = new Listener((packet, reply, socket) =>
			device.server.receive(packet, reply, { transport: "tcp", peer: String(socket.remotePort) }),
		);
		const address = await listener.listen();
		const run =
			(status: number, stream: "output" | "errors"): Says =>
			async (expected, ...args) => {
				const outcome = await xsSmp(...args, "--tcp", address);
				if (typeof expected === "string") assert.equal(outcome[stream], expected, args.join(" "));
				else assert.match(outcome[stream], expected);
				assert.equal(outcome.status, status, outcome.errors);
			};
		await use(run(0, "output"), run(1, "errors"), device, address);
		await listener.close();
	}

	it("prints what it tells of itself", () =>
		withDevice(async (says, refuses) => {
			await says("smp\n  reads   12\n  writes   3\nflash\n  failures  0\n", "stat");
			await says("flash\n  failures  0\n", "stat", "flash");
			await says('{"name":"flash","counters":{"failures":0}}\n', "stat", "flash", "--json");
			await refuses(/^The device refuses the question for its statistics: there is no such statistic /, "stat", "x");
			await says("task  priority  state  stack used       of\nmain         1      3     1.0 KiB  2.0 KiB\n", "tasks");
			await says(
				"pool   block bytes  blocks  free  least free\nslots           16     100    20          10\n",
				"pools",
			);
			await says(/^ 0 {2}os mgmt {12}commands 0 to 6\n(.*\n)*10 {2}enum mgmt {10}commands 0 to 3\n$/, "groups");
			await says(/^{"groups":\[{"id":0,"name":"os mgmt","handlers":7},/, "groups", "--json");
			await says(
				"id  transport  in bridges\n 0  uart\n66  tcp\nThe device makes no bridges between them.\n",
				"transports",
			);
			await refuses(/^The device refuses the date and time: the clock was never set \(OS group error 4\)\.\n$/, "time");
			await says("2031-05-06T07:08:09\n", "time", "2031-05-06T07:08:09");
			await says('{"time":"2031-05-06T07:08:09"}\n', "time", "--json");
			await refuses(/a date and time reads YYYY-MM-DDThh:mm:ss\.\n$/, "time", "noon");
			await says(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\n$/, "time", "now");
			await says("two words\n", "echo", "two", "words");
			await refuses(
				/^The device refuses the question for its boots: .*\. "xs-smp groups" prints the groups of commands that it has\.\n$/,
				"history",
			);
			await says("The console does not echo.\n", "console-echo", "off");
			await refuses(/^The device refuses the console echo control: /, "console-echo", "on");
		}));

	it("runs its shell, and lets nothing through that a terminal would obey", () =>
		withDevice(async (says, refuses, device, address) => {
			await says("red\n", "shell", "colours");
			await says('{"output":"\\u001b[31mred\\u001b[0m\\u0007\\n","status":0}\n', "shell", "colours", "--json");
			await refuses("The command line has failed: the shell returns -8.\n", "shell", "fly", "high");
			const dashed = await xsSmp("shell", "--tcp", address, "--", "colours", "--help");
			assert.deepEqual([dashed.status, dashed.output, device.events.at(-1)], [0, "red\n", "colours --help"]);
		}));

	it("reads and writes its settings", () =>
		withDevice(async (says, refuses, device) => {
			await says('net/name is written. "settings save" makes it last.\n', "settings", "write", "net/name", "grün");
			await says("grün\n", "settings", "read", "net/name");
			await says("6772c3bc6e\n", "settings", "read", "net/name", "--hex");
			await says(
				'{"name":"net/name","hex":"6772c3bc6e","text":"grün"}\n',
				...["settings", "read", "net/name", "--json"],
			);
			await says('{"written":"n","hex":"00FF"}\n'.toLowerCase(), "settings", "write", "n", "00FF", "--hex", "--json");
			await says("00ff (no text, so in hexadecimal)\n", "settings", "read", "n");
			await says('{"name":"n","hex":"00ff"}\n', "settings", "read", "n", "--json");
			await says("The settings are saved.\n", "settings", "save");
			await says("The settings below net are saved.\n", "settings", "save", "net");
			await says("The saved settings count again.\n", "settings", "load");
			await says("The settings are applied.\n", "settings", "commit");
			assert.deepEqual(device.events, ["save undefined", "save net", "load", "commit"]);
			await says("n is deleted.\n", "settings", "delete", "n");
			await refuses(
				/there is no such key \(settings group error 3\): there is no setting "n"\.\n$/,
				"settings",
				"read",
				"n",
			);
			await says("The storage area is erased.\n", "erase-storage");
			assert.equal(device.settings.size, 0);
		}));

	it("fetches and sends files", () =>
		withDevice(async (says, refuses, device, address) => {
			const file = join(directory, "file");
			const part = `${file}.part`;
			const data = Uint8Array.from({ length: 3000 }, (_, i) => i);
			writeFileSync(file, data);
			await says(/^Uploaded 2\.9 KiB in \d+\.\d s \(.* KiB\/s\)\.\n$/, "files", "put", file, "/lfs/a");
			assert.deepEqual(device.files.get("/lfs/a"), data);
			await says("The device has this file already.\n", "files", "put", file, "/lfs/a");
			await says("/lfs/a has 3000 bytes.\n", "files", "status", "/lfs/a");
			await says(/^crc32 [0-9a-f]{8}\n$/, "files", "hash", "/lfs/a");
			await says(
				/^{"path":"\/lfs\/a","type":"sha256","bytes":3000,"hash":"[0-9a-f]{64}"}\n$/,
				...[...["files", "hash", "/lfs/a"], ...["--type", "sha256", "--json"]],
			);
			await says("crc32    4 bytes\nsha256  32 bytes\n", "files", "hashes");
			await says("No file is open.\n", "files", "close");
			rmSync(file);
			await says(/^Downloaded 2\.9 KiB in .*\. It is in .*file\.\n$/, "files", "get", "/lfs/a", file);
			assert.deepEqual(new Uint8Array(readFileSync(file)), data);
			writeFileSync(part, data.subarray(0, 1024));
			await says(/going on at 1\.0 KiB\. It is in /, "files", "get", "/lfs/a", file);
			mkdirSync(join(directory, "into"));
			await says(/"resumed":0,"repeated":0}\n$/, "files", "get", "/lfs/a", join(directory, "into"), "--json");
			assert.deepEqual(new Uint8Array(readFileSync(join(directory, "into", "a"))), data);
			device.files.set("/lfs/empty", new Uint8Array(0));
			await says(/"bytes":0,/, "files", "get", "/lfs/empty", join(directory, "into"), "--json");
			// What is here stays here when there is nothing to fetch.
			await refuses(
				/there is no such file \(file group error 3\): there is no file \/lfs\/none\.\n$/,
				"files",
				"get",
				"/lfs/none",
				file,
			);
			assert.deepEqual(new Uint8Array(readFileSync(file)), data);
			writeFileSync(file, "");
			await refuses(/^An empty file cannot be sent: /, "files", "put", file, "/lfs/a");
			const lost = join(directory, "no", "a");
			const nowhere = await xsSmp("files", "get", "/lfs/a", lost, "--tcp", address);
			assert.deepEqual(
				[nowhere.status, nowhere.errors],
				[2, `${lost}.part cannot be written: its folder does not exist.\n`],
			);
		}));

	it("prints its audit log", () =>
		withDevice(async (says, refuses, device) => {
			await says("There is no record.\n", "audit");
			await says(/saved/, "settings", "save");
			device.time = 42;
			await refuses(/there is no such key/, "settings", "delete", "n");
			await says(/there is no such key \(settings group error 3\)\n$/, "audit", "--last", "1");
			await refuses(/there is no such key/, "settings", "delete", "n");
			await says(
				[
					"#1  2023-11-14 22:13:20  the save of the settings     tcp  done",
					"#2  42 s                 the deletion of the setting  tcp  there is no such key (settings group error 3), 2 times",
					"",
				].join("\n"),
				"audit",
			);
			await says(
				'{"number":2,"time":42,"group":3,"command":1,"transport":"tcp","rc":3,"errorGroup":3,"times":2}\n',
				...["audit", "--last", "1", "--json"],
			);
		}));

	it("unlocks it with a key, for one command or for a while", () =>
		withDevice(
			async (says, refuses, device) => {
				await refuses(
					/^The device refuses the erase: access is denied \(rc 11\): .*\. If it takes a key, give it with --access-key FILE\.\n$/,
					"erase",
				);
				const sent: string[] = [];
				const { server } = device;
				device.server = {
					receive: (packet, reply, origin) => {
						sent.push(`${packet[5]}.${packet[7]}`);
						server.receive(packet, reply, origin);
					},
				} as typeof server;
				await says("The slot is erased.\n", "erase", "--access-key", key);
				assert.deepEqual(sent.splice(0), ["64.0", "64.1", "1.5", "64.2"]);
				await says("The device restarts.\n", "reset", "--access-key", key);
				await says("The device is unlocked for 600 s.\n", "unlock", "--access-key", key);
				await says('{"unlocked":600}\n', "unlock", "--access-key", key, "--json");
				assert.deepEqual(sent.splice(0), ["64.0", "64.1", "67.2", "0.5", "64.0", "64.1", "64.0", "64.1"]);
				await says("The device is locked.\n", "lock");
				await refuses(/access is denied \(rc 11\): .* is not allowed over tcp\.\n$/, "list", "--access-key", key);
				const wrong = join(directory, "wrong");
				writeFileSync(wrong, "the key, and a line end\n");
				await refuses(
					`The device refuses the answer to its challenge: the answer is wrong (access group error 3). Is ${wrong} the key of this device? It ends with a line end, which counts.\n`,
					...["erase", "--access-key", wrong],
				);
			},
			[{ group: 1, op: "read", verdict: "deny" }],
		));

	it("goes on without a key where none is needed, but says so", () =>
		withDevice(async (says, refuses) => {
			await says("hello\n", "echo", "hello", "--access-key", key);
			await refuses(
				"The device has no access control: it takes no key.\nThere is nothing to unlock.\n",
				...["unlock", "--access-key", key],
			);
			await refuses(/^The device refuses the lock: it has no such command/, "lock");
		}));

	it("says that nobody listens", async () => {
		const listener = new Listener(() => {});
		const address = await listener.listen();
		await listener.close();
		const { status, errors } = await xsSmp("list", "--tcp", address);
		assert.deepEqual([status, errors], [1, `No answer to the image state: ${address} refuses the connection.\n`]);
	});
});

describe("xs-smp: output", () => {
	it("has columns, figures flush right", () => {
		assert.deepEqual(table([]), []);
		assert.deepEqual(
			table([
				["name", "n", "text"],
				["a", "10", ""],
				["bcdef", "9", "x"],
			]),
			["name    n  text", "a      10", "bcdef   9  x"],
		);
	});

	it("has no control characters", () => {
		assert.equal(printable("a\x1b[1;31mb\x1b[0mc\r\n\td\x07\x9b\x1b]0;e"), "abc\n\td]0;e");
	});
});
