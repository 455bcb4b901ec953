import { signal } from "@preact/signals";
import { deleteSetting, readSetting, saveSettings, writeSetting } from "../../client/group/settings.js";
import { runShell } from "../../client/group/shell.js";
import { hexOf } from "../../modules/bytes/hex.js";
import { busy, doing } from "../client/client.js";

const name = signal("");
const value = signal("");

/** A value as text if all of it can be printed, else as hexadecimal digits. */
function valueWords(bytes: Uint8Array): string {
	const text = new TextDecoder().decode(bytes);
	return /^[\x20-\x7e]*$/.test(text) ? text : hexOf(bytes);
}

/** Reads, writes, deletes and saves settings. */
export function SettingsTab() {
	const idle = busy.value === "" && name.value !== "";
	return (
		<form onSubmit={(event) => event.preventDefault()}>
			<p class="fields">
				<label>
					name
					<input
						value={name.value}
						placeholder="net/name"
						onInput={({ currentTarget }) => {
							name.value = currentTarget.value;
						}}
					/>
				</label>
				<label>
					value
					<input
						value={value.value}
						onInput={({ currentTarget }) => {
							value.value = currentTarget.value;
						}}
					/>
				</label>
			</p>
			<p class="actions">
				<button
					type="submit"
					disabled={!idle}
					onClick={() =>
						void doing("reading", async (device, stop) => {
							value.value = valueWords(await readSetting(device, name.value, { signal: stop }));
							return `${name.value} is read.`;
						})
					}
				>
					Read
				</button>
				<button
					type="button"
					disabled={!idle}
					onClick={() =>
						void doing("writing", async (device, stop) => {
							await writeSetting(device, name.value, new TextEncoder().encode(value.value), { signal: stop });
							return `${name.value} is changed, and lasts until the next restart.`;
						})
					}
				>
					Write
				</button>
				<button
					type="button"
					disabled={!idle}
					onClick={() =>
						void doing("deleting", async (device, stop) => {
							await deleteSetting(device, name.value, { signal: stop });
							return `${name.value} is deleted.`;
						})
					}
				>
					Delete
				</button>
				<button
					type="button"
					disabled={busy.value !== ""}
					onClick={() =>
						void doing("saving", async (device, stop) => {
							await saveSettings(device, undefined, { signal: stop });
							return "All settings are saved.";
						})
					}
				>
					Save all
				</button>
			</p>
		</form>
	);
}

const line = signal("");
const said = signal<readonly { readonly command: string; readonly output: string; readonly status: number }[]>([]);
/** Command lines that are shown. */
const MOST_SAID = 50;

/** The device's shell, a line at a time. */
export function ShellTab() {
	return (
		<form
			onSubmit={(event) => {
				event.preventDefault();
				const words = line.value.trim().split(/\s+/).filter(Boolean);
				if (words.length === 0) return;
				const command = line.value;
				line.value = "";
				void doing("running", async (device, stop) => {
					const { output, status } = await runShell(device, words, { signal: stop });
					said.value = [...said.value, { command, output, status }].slice(-MOST_SAID);
					return "";
				});
			}}
		>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: without it no key could scroll the text */}
			<pre class="shell" role="log" aria-label="What the shell says" tabIndex={0}>
				{said.value.map(
					({ command, output, status }) => `> ${command}\n${output}${status === 0 ? "" : `(returns ${status})\n`}`,
				)}
			</pre>
			<p class="fields">
				<label>
					command line
					<input
						value={line.value}
						placeholder="help"
						autocomplete="off"
						spellcheck={false}
						onInput={({ currentTarget }) => {
							line.value = currentTarget.value;
						}}
					/>
				</label>
				<button type="submit" disabled={busy.value !== ""}>
					Run
				</button>
			</p>
		</form>
	);
}
