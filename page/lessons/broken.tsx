import type { Facts, Lesson } from "./lesson.js";
import { LOOK, needsSwap } from "./look.js";
import { booted, came, entry, happened, idle, running, seesHistory, taken, takes } from "./signs.js";

const isKept = (facts: Facts): boolean =>
	running(facts) === facts.next && entry(facts, 0)?.confirmed === true && idle();

/** An application that somebody broke. */
export const BROKEN: Lesson = {
	id: "broken",
	title: "A bad application",
	about: "An update crashes, another one hangs. Both are taken back, and the journal says why.",
	fault: needsSwap,
	steps: [
		{
			title: "An application in an image",
			look: LOOK.drop,
			text: (facts) => (
				<>
					<p>
						In this lesson the image carries an application in JavaScript: a thermostat, version {facts.next}. It is{" "}
						<code>examples/thermostat/thermostat.ts</code>.
					</p>
					<p>The simulator compiles the application when you take it. That takes a second.</p>
				</>
			),
			offer: takes("thermostat", ({ next }) => next),
			done: (facts) => taken("thermostat", facts.next),
		},
		{
			title: "Install the good one",
			look: LOOK.upgrade,
			text: () => (
				<>
					<p>
						Press <b>Upgrade</b>, and leave "and confirm" empty.
					</p>
					<p>
						This application brings a <b>confirm policy</b>, a list of checks. Once all have passed, and the update has
						run for five seconds, the device confirms the update itself.
					</p>
				</>
			),
			done: isKept,
		},
		{
			title: "It answers",
			look: LOOK.shell,
			runs: "next",
			text: () => (
				<p>
					The device does something new. Try it: open the tab <b>Shell</b>, type <code>target 22</code> and press{" "}
					<b>Run</b>. Go on when you have seen enough.
				</p>
			),
		},
		{
			title: "Take a broken one",
			look: LOOK.drop,
			text: (facts) => (
				<p>
					Version {facts.third} has a mistake: it reads a sensor that does not exist, one second after its start. It is
					signed, because the mistake is the maker's own.
				</p>
			),
			offer: takes("throws", ({ third }) => third),
			done: (facts) => taken("throws", facts.third),
		},
		{
			title: "Nothing warns",
			look: LOOK.upgrade,
			runs: "next",
			text: () => (
				<p>
					The signature is good, and the boot loader takes the file. No check of the bytes can find such a mistake.
					Press <b>Upgrade</b>.
				</p>
			),
			done: (facts) => booted(facts, facts.third),
		},
		{
			title: "It crashes",
			look: LOOK.console,
			text: () => (
				<p>
					The update runs, on trial. Watch the console, and do nothing. After a second the application throws, and the
					device resets. Then the boot loader finds an image that nobody has confirmed.
				</p>
			),
			done: (facts) => came(facts, facts.next),
		},
		{
			title: "The good one is back",
			look: LOOK.historyTab,
			text: ({ next }) => (
				<p>
					Version {next} runs again, and nobody had to do anything. Open the tab <b>History</b> to see the reason.
				</p>
			),
			done: seesHistory,
		},
		{
			title: "The journal says why",
			look: LOOK.history,
			text: ({ third }) => (
				<p>
					The line of version {third} ends with the error, its file and its line. The device wrote it down before it
					reset.
				</p>
			),
		},
		{
			title: "Another mistake",
			look: LOOK.drop,
			text: (facts) => (
				<p>
					Version {facts.fourth} does not crash. After a second it is caught in a loop that never ends, so nothing else
					runs any more.
				</p>
			),
			offer: takes("hangs", ({ fourth }) => fourth),
			done: (facts) => taken("hangs", facts.fourth),
		},
		{
			title: "Install it",
			look: LOOK.upgrade,
			runs: "next",
			text: () => (
				<p>
					Press <b>Upgrade</b> once more.
				</p>
			),
			done: (facts) => booted(facts, facts.fourth),
		},
		{
			title: "Silence",
			look: LOOK.console,
			text: () => (
				<>
					<p>
						The device answers nobody now. A <b>watchdog</b> runs beside it: a timer that resets the device when the
						program has not reported for ten seconds.
					</p>
					<p>
						MCUboot needs no more than that reset. Wait for it. (A simulator with <code>--watchdog 0</code> has none:
						press <b>Reset</b> then.)
					</p>
				</>
			),
			done: (facts) => came(facts, facts.next) || (happened("crash") && running(facts) === facts.next),
		},
		{
			title: "Back again",
			look: LOOK.history,
			text: ({ next, fourth }) => (
				<>
					<p>
						Version {next} runs. The tab <b>History</b> has the line of {fourth}: the watchdog ended that boot.
					</p>
					<p>
						No image was repaired here, and no clever code looked for the fault. A trial, a reset and the old image were
						enough.
					</p>
				</>
			),
		},
	],
};
