import { status } from "../device/session.js";
import { journey } from "../device/time.js";
import type { Lesson } from "./lesson.js";
import { LOOK, needsSwap } from "./look.js";
import { came, seesHistory } from "./signs.js";
import { TAKE } from "./steps.jsx";

/** An update that nobody confirms. */
export const REVERT: Lesson = {
	id: "revert",
	title: "Nobody confirms",
	about: "An update that does not prove itself goes away by itself.",
	fault: needsSwap,
	steps: [
		{
			title: "Why there is a trial",
			look: LOOK.flash,
			text: ({ old }) => (
				<>
					<p>
						Imagine that an update breaks the radio of a device. Nobody can reach it to send a better one. So MCUboot
						does not wait for bad news: without good news, it brings the old image back.
					</p>
					<p>Version {old} runs now. In this lesson you bring an update, and do not confirm it.</p>
				</>
			),
		},
		TAKE,
		{
			title: "Install it on trial",
			look: LOOK.upgrade,
			text: () => (
				<p>
					Press <b>Upgrade</b>, and leave "and confirm" empty. The client uploads the file, marks it for a test, resets
					the device, and waits until the update runs.
				</p>
			),
			done: (facts) => came(facts, facts.next),
		},
		{
			title: "It runs, on trial",
			look: LOOK.trailers,
			runs: "next",
			text: () => (
				<p>
					In the trailer of the primary slot, <code>copy_done</code> is set and <code>image_ok</code> is not. These two
					bytes mean "installed, and not confirmed".
				</p>
			),
		},
		{
			title: "What the next boot will do",
			look: LOOK.forecast,
			runs: "next",
			text: ({ old }) => (
				<p>
					The forecast says it: if nobody confirms, the next boot goes back to {old}. The boot loader exchanges the
					images again, and MCUboot calls this a <b>revert</b>.
				</p>
			),
		},
		{
			title: "Do nothing, and lose power",
			look: LOOK.power,
			runs: "next",
			onTrial: true,
			text: () => (
				<p>
					Nobody confirms. Press <b>Power off</b>, as if the battery were empty.
				</p>
			),
			done: () => status.value.kind === "off",
		},
		{
			title: "Power comes back",
			look: LOOK.power,
			text: () => (
				<p>
					Press <b>Power on</b>. Any start will do: the boot loader does not ask why the device was reset.
				</p>
			),
			done: (facts) => came(facts, facts.old),
		},
		{
			title: "The old image is back",
			look: LOOK.flash,
			text: ({ old, next: version }) => (
				<p>
					Version {old} is in the primary slot again. Version {version} is still in the secondary slot, but nobody asks
					for it. Nobody had to reach the device.
				</p>
			),
		},
		{
			title: "Look at that boot again",
			look: LOOK.bootPicker,
			text: () => (
				<p>
					The simulator has recorded every flash operation. Choose the last <b>boot</b> in the list of the time machine.
				</p>
			),
			done: () => (journey.value?.recording.number ?? 0) > 0,
		},
		{
			title: "Step through the revert",
			look: LOOK.time,
			text: () => (
				<>
					<p>
						Press <b>Play</b>, or move the slider. The map shows each sector as it travels, and the time machine names
						the function of MCUboot that moves it.
					</p>
					<p>Go on when you have seen enough.</p>
				</>
			),
		},
		{
			title: "The device remembers",
			look: LOOK.historyTab,
			text: () => (
				<p>
					Open the tab <b>History</b>.
				</p>
			),
			done: seesHistory,
		},
		{
			title: "The boot journal",
			look: LOOK.history,
			text: ({ next: version, old }) => (
				<>
					<p>
						Each start has a line, the newest first. The lines tell that {version} was on trial, that nobody confirmed
						it, and that {old} was brought back.
					</p>
					<p>
						The device keeps this journal in flash. So the device can tell you the reason once it is back on the
						network.
					</p>
				</>
			),
		},
	],
};
