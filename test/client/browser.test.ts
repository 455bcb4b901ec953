import assert from "node:assert";
import { readdirSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { image } from "../unit/smp/support.js";
import { FullDevice, KEY } from "./full-device.js";

const modulesIn = (directory: string): string[] =>
	readdirSync(directory)
		.filter((name) => name.endsWith(".ts"))
		.map((name) => `${directory}/${name}`);

const bundle = async (entryPoints: string[]): Promise<string> => {
	const exports = entryPoints.map((path) => `export * from "./${path}";`).join("\n");
	const { outputFiles } = await build({
		stdin: { contents: exports, resolveDir: "." },
		bundle: true,
		platform: "browser",
		format: "iife",
		globalName: "client",
		logLevel: "silent",
		write: false,
	});
	return outputFiles[0]!.text;
};

describe("client in a browser", () => {
	const fit = [...modulesIn("client"), ...modulesIn("client/group"), ...modulesIn("client/web")];
	// What a browser has no way to: a serial line, and sockets.
	const links = ["serial", "udp", "tcp"].map((name) => `client/node/${name}.ts`);

	it("bundles all modules but the links of Node, and those not", async () => {
		assert.ok(fit.length > 15);
		await bundle(fit);
		for (const link of links) await assert.rejects(bundle([link]), /Could not resolve "node:/);
	});

	it("updates a device and asks all groups where there is nothing of Node", async () => {
		const device = new FullDevice({ rules: [] });
		// The context has what JavaScript has; of the rest it gets what a browser has. Bytes are those of the link.
		const { TextEncoder, TextDecoder, setTimeout, clearTimeout } = globalThis;
		const web = { TextEncoder, TextDecoder, setTimeout, clearTimeout, Uint8Array: globalThis.Uint8Array };
		const context = createContext({ ...web, link: device.link(), key: KEY, file: image(9000, [2, 0, 0], 2) });
		const done = runInContext(
			`${await bundle(fit)}
			(async () => {
				const device = new client.SmpClient(link, { timeout: 1000, tries: 5 });
				await client.keepUnlocked(device, Uint8Array.from(key));
				await client.writeSetting(device, "net/name", new TextEncoder().encode("kitchen"));
				await client.uploadFile(device, "/lfs/a", new Uint8Array(2000));
				let bytes = 0;
				await client.downloadFile(device, "/lfs/a", { onData: (data) => { bytes += data.length; } });
				return JSON.stringify([
					new TextDecoder().decode(await client.readSetting(device, "net/name")),
					bytes,
					(await client.groups(device)).length,
					await client.statisticsNames(device),
					(await client.runShell(device, ["help"])).status,
					(await client.auditRecords(device, 1)).length,
					(await device.upload(file)).match,
					(await device.images()).length,
				]);
			})()`,
			context,
		) as Promise<string>;
		assert.deepEqual(JSON.parse(await done), ["kitchen", 2000, 12, ["smp", "flash"], 0, 1, true, 2]);
	});
});
