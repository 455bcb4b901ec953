import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { useEffect, useRef } from "preact/hooks";
import { onConsole } from "../device/session.js";
import { Panel } from "../ui/panel.jsx";

/** The device's console, as it comes. */
export function ConsolePanel() {
	const host = useRef<HTMLDivElement>(null);
	useEffect(() => {
		const dark = matchMedia("(prefers-color-scheme: dark)");
		const terminal = new Terminal({
			convertEol: true,
			disableStdin: true,
			screenReaderMode: true,
			scrollback: 1000,
			fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
			fontSize: 13,
			theme: themeOf(dark.matches),
		});
		const fit = new FitAddon();
		terminal.loadAddon(fit);
		terminal.open(host.current!);
		const onTheme = (): void => {
			terminal.options.theme = themeOf(dark.matches);
		};
		dark.addEventListener("change", onTheme);
		const resize = new ResizeObserver(() => fit.fit());
		resize.observe(host.current!);
		const end = onConsole({ line: (text) => terminal.writeln(coloured(text)), clear: () => terminal.reset() });
		return () => {
			end();
			resize.disconnect();
			dark.removeEventListener("change", onTheme);
			terminal.dispose();
		};
	}, []);
	return (
		<Panel id="console" title="Console">
			<div class="terminal" ref={host} />
		</Panel>
	);
}

/** Lines of the simulator itself stand back, warnings do not. */
function coloured(line: string): string {
	// A device may print anything; control characters are not for this terminal.
	const plain = Array.from(line, (c) => (c < " " || c === "\x7f" ? " " : c)).join("");
	if (plain.startsWith("---")) return `\x1b[36m${plain}\x1b[0m`;
	return /^(WARNING|warning)/.test(plain) ? `\x1b[33m${plain}\x1b[0m` : plain;
}

const themeOf = (dark: boolean) =>
	dark
		? { background: "#12161b", foreground: "#dfe5ea", cursor: "#12161b", cyan: "#67c6dd", yellow: "#e8b45c" }
		: { background: "#fbfbfa", foreground: "#22292f", cursor: "#fbfbfa", cyan: "#0b6478", yellow: "#8a5a00" };
