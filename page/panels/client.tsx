import { useEffect } from "preact/hooks";
import { webSocketLink } from "../../client/web/websocket.js";
import { breakOff, busy, outcome, progress, refresh, talkOver } from "../client/client.js";
import { address, connection, explanation, hello, onEvent } from "../device/session.js";
import { Panel } from "../ui/panel.jsx";
import { Tabs } from "../ui/tabs.jsx";
import { duration, sizeWords } from "../ui/words.js";
import { Connect } from "./connect.jsx";
import { DropTab } from "./drop.jsx";
import { HistoryTab, StatisticsTab } from "./history.jsx";
import { ImagesTab } from "./images.jsx";
import { SettingsTab, ShellTab } from "./shell.jsx";

/** An SMP client: it talks to the device as any other client does. */
export function ClientPanel() {
	const mayChange = hello.value?.mayChange === true;
	const open = connection.value === "open" && mayChange;
	useEffect(() => {
		if (!open) return;
		talkOver(
			webSocketLink(() => new WebSocket(address("/smp", "ws:"))),
			"the simulator",
		);
		void refresh();
		// A restart changes them too.
		return onEvent(({ event }) => {
			if (event === "boot") void refresh();
		});
	}, [open]);
	// What another client changes shows in the flash, once that has come to rest.
	const told = explanation.value;
	useEffect(() => {
		if (told && busy.value === "") void refresh();
	}, [told]);
	return (
		<Panel id="client" title="Client">
			{mayChange || hello.value === undefined ? (
				<>
					{!SERVED && <Connect />}
					<ImagesTab />
					<Tabs
						label="What the client does"
						tabs={[
							{ id: "update", title: "Update", content: () => <DropTab /> },
							{ id: "history", title: "History", content: () => <HistoryTab /> },
							{ id: "statistics", title: "Statistics", content: () => <StatisticsTab /> },
							{ id: "settings", title: "Settings", content: () => <SettingsTab /> },
							{ id: "shell", title: "Shell", content: () => <ShellTab /> },
						]}
					/>
					<Outcome />
				</>
			) : (
				<p>This address only shows the device. The one that the simulator prints has a token, and changes it too.</p>
			)}
		</Panel>
	);
}

/** What is under way, and how the last thing went. */
function Outcome() {
	const { good, words } = outcome.value;
	const up = progress.value;
	return (
		<div class="outcome">
			{up && (
				<>
					<progress max={up.total} value={up.sent} aria-label="Upload" />
					<p>{progressWords(up)}</p>
				</>
			)}
			<p role="status" class={good ? "" : "bad"}>
				{busy.value ? `${busy.value}…` : words}
			</p>
			{busy.value && (
				<button type="button" onClick={breakOff}>
					Stop
				</button>
			)}
		</div>
	);
}

function progressWords({ sent, total, resumed, began, now }: NonNullable<typeof progress.value>): string {
	const rate = now > began ? (sent - resumed) / ((now - began) / 1000) : 0;
	const left = rate > 0 ? duration((total - sent) / rate) : undefined;
	const speed = rate > 0 ? `, ${sizeWords(Math.round(rate))}/s, ${left} left` : "";
	return `${sizeWords(sent)} of ${sizeWords(total)}${speed}`;
}
