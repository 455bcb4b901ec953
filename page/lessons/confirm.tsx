import type { Lesson } from "./lesson.js";
import { LOOK, needsSwap } from "./look.js";
import { booted, came, entry, idle, isAsked, taken, takes } from "./signs.js";
import { next } from "./steps.jsx";

/** An update, from the file to an image that stays. */
export const CONFIRM: Lesson = {
	id: "confirm",
	title: "An update, tested and confirmed",
	about: "Bring a new version to the device, try it, and keep it.",
	fault: needsSwap,
	steps: [
		{
			title: "The device before",
			look: LOOK.flash,
			text: ({ old }) => (
				<>
					<p>
						The map shows the flash of the device, one square a sector. The <b>primary slot</b> holds the image that
						runs, version {old}.
					</p>
					<p>
						The <b>secondary slot</b> has no image. An update goes there first, so that the running program is not
						touched.
					</p>
				</>
			),
		},
		{
			title: "Take an update",
			look: LOOK.drop,
			text: (facts) => (
				<>
					<p>
						Here is a new image, version {facts.next}. It is signed with the key that the boot loader of this device
						trusts.
					</p>
					<p>Take it with the button below. That is the same as dropping the file on the page.</p>
				</>
			),
			offer: takes("firmware", next),
			done: (facts) => taken("firmware", facts.next),
		},
		{
			title: "What the file says",
			look: LOOK.report,
			text: () => (
				<>
					<p>No byte has been sent yet. The page has read the file: its version, its hash and its signature.</p>
					<p>
						Then the page has let the <b>boot loader</b> try the file on a copy of the flash. The boot loader is the
						first program after each reset. It decides which image runs.
					</p>
				</>
			),
		},
		{
			title: "Send it",
			look: LOOK.upload,
			text: () => (
				<p>
					Press <b>Upload</b>. Watch the secondary slot fill.
				</p>
			),
			done: (facts) => entry(facts, 1)?.version === facts.next && idle(),
		},
		{
			title: "Nothing has changed yet",
			look: LOOK.flash,
			runs: "old",
			text: ({ old, next: version }) => (
				<>
					<p>
						The orange squares are version {version}. The device still runs {old}, and it would go on doing so after a
						reset: nobody has asked for the update.
					</p>
					<p>The last squares of a slot are its trailer. A request is written there.</p>
				</>
			),
		},
		{
			title: "Ask for a test",
			look: LOOK.test,
			runs: "old",
			text: ({ next: version }) => (
				<p>
					Press <b>Test</b> beside version {version}. The button asks the boot loader to run this version once, on
					trial.
				</p>
			),
			done: isAsked,
		},
		{
			title: "The request",
			look: LOOK.trailers,
			runs: "old",
			text: () => (
				<>
					<p>
						See the trailer of the secondary slot. The request has written the <b>magic</b>: 16 fixed bytes, which say
						that this trailer counts.
					</p>
					<p>
						The boot loader compares both trailers with its table of states. The row that fits is lit. This row gives
						the <b>swap type</b>, which now is <code>test</code>.
					</p>
				</>
			),
		},
		{
			title: "What will happen",
			look: LOOK.forecast,
			runs: "old",
			text: ({ next: version, old }) => (
				<p>
					The boot loader has rehearsed the next boots. The next one installs {version} on trial. The one after that
					depends on you: without a confirmation, {old} comes back.
				</p>
			),
		},
		{
			title: "Let it swap",
			look: LOOK.reset,
			text: () => (
				<p>
					Press <b>Reset</b>. The boot loader exchanges the two images, sector by sector. The old one is kept, in case
					the new one fails.
				</p>
			),
			done: (facts) => came(facts, facts.next),
		},
		{
			title: "The images have changed places",
			look: LOOK.flash,
			text: ({ old, next: version }) => (
				<p>
					Each image keeps its colour. Version {version} is in the primary slot and runs. Version {old} is in the
					secondary slot, whole and ready to come back.
				</p>
			),
		},
		{
			title: "On trial",
			look: LOOK.trailers,
			runs: "next",
			text: () => (
				<>
					<p>
						Now the trailer of the primary slot counts. <code>copy_done</code> is set: the swap is complete.
					</p>
					<p>
						<code>image_ok</code> is not set: nobody has said that this image works. If the device were reset now, the
						old image would come back.
					</p>
				</>
			),
		},
		{
			title: "Keep it",
			look: LOOK.confirm,
			runs: "next",
			text: ({ next: version }) => (
				<p>
					The device answers, so the update works. Press <b>Confirm</b> beside version {version}.
				</p>
			),
			done: (facts) => entry(facts, 0)?.version === facts.next && entry(facts, 0)?.confirmed === true,
		},
		{
			title: "One byte",
			look: LOOK.trailers,
			runs: "next",
			text: () => (
				<p>
					The device has written one byte, <code>image_ok</code>. The byte is in flash, so it outlasts every reset. The
					swap type is <code>none</code>: there is nothing left to do.
				</p>
			),
		},
		{
			title: "Make sure",
			look: LOOK.reset,
			text: () => (
				<p>
					Press <b>Reset</b> once more.
				</p>
			),
			done: (facts) => booted(facts, facts.next),
		},
		{
			title: "The update stays",
			look: LOOK.status,
			text: ({ next: version }) => (
				<>
					<p>
						Version {version} runs, and no boot will take it back. An update is these four steps: upload, test, reset,
						confirm.
					</p>
					<p>The next lesson shows what happens if nobody confirms.</p>
				</>
			),
		},
	],
};
