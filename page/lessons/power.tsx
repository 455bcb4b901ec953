import type { Lesson } from "./lesson.js";
import { LOOK, needsMoveOrOffset } from "./look.js";
import { compare, longest, moment, phase, sides } from "./modes.js";
import { entry, idle, isAsked } from "./signs.js";
import { TAKE } from "./steps.jsx";

/** Whether the slider is in the middle of both swaps, or the plug was pulled elsewhere. */
function isInBothOrLater(): boolean {
	const lengths = sides.value.map(({ journey }) => journey.timeline.length);
	if (phase.value !== "swap") return true;
	return lengths.length > 0 && lengths.every((length) => moment.value > length / 5 && moment.value < length - 5);
}

/** Power fails in the swap. */
export const POWER: Lesson = {
	id: "power",
	title: "Power fails in the swap",
	about: "Pull the plug in the middle: two ways to swap, side by side, and both recover.",
	fault: needsMoveOrOffset,
	steps: [
		{
			title: "The dangerous moment",
			look: LOOK.flash,
			text: () => (
				<>
					<p>
						In the middle of a swap neither slot holds a whole image. If power fails then, there is nothing to run,
						unless the boot loader knows how to go on.
					</p>
					<p>MCUboot does, in more than one way. This lesson compares two of them: move and offset.</p>
				</>
			),
		},
		TAKE,
		{
			title: "Send it",
			look: LOOK.upload,
			runs: "old",
			text: () => (
				<p>
					Press <b>Upload</b>.
				</p>
			),
			done: (facts) => entry(facts, 1)?.version === facts.next && idle(),
		},
		{
			title: "Ask for a test",
			look: LOOK.test,
			runs: "old",
			text: () => (
				<p>
					Press <b>Test</b>, and do not press Reset. You will see the swap before it happens.
				</p>
			),
			done: isAsked,
		},
		{
			title: "Two devices",
			look: LOOK.forecast,
			runs: "old",
			text: () => (
				<>
					<p>
						The page can run the boot loader on a copy of the flash. Now the page does so twice: once in the mode of
						your device, and once in the other mode, with the same two images.
					</p>
					<p>Then one slider goes through the next boot of each, operation by operation.</p>
				</>
			),
			offer: { words: () => "Show both", act: ({ image }) => compare(image) },
			done: () => sides.value.length > 0,
		},
		{
			title: "Two ways to make room",
			look: LOOK.modes,
			text: () => (
				<>
					<p>
						To exchange two sectors, the boot loader has to keep one of them elsewhere for a moment. <b>Move</b> first
						shifts the whole old image up by one sector. Then there is room to swap pair after pair.
					</p>
					<p>
						<b>Offset</b> needs no shift: the update was uploaded one sector higher from the start. So it has fewer
						operations, and the first sector of its secondary slot is free.
					</p>
				</>
			),
		},
		{
			title: "Go into the middle",
			look: LOOK.modes,
			text: () => (
				<p>
					Move the slider to where both are in the middle of the swap. <b>Play</b> and the arrow keys move it, too. See
					how the colours mix, and how the trailer grows. After each step of the swap, the boot loader writes a record
					there.
				</p>
			),
			done: isInBothOrLater,
			offer: {
				words: () => "Go there",
				act: async () => {
					moment.value = Math.round(Math.min(...sides.value.map(({ journey }) => journey.timeline.length)) / 2);
				},
			},
		},
		{
			title: "Pull the plug",
			look: () => ['[data-part="pull-both"]', "#modes"],
			text: () => (
				<p>
					Press <b>Pull the plug on both</b>. Power fails in the middle of the next operation, with half a sector erased
					or half of a write done. Your device really restarts, with exactly that flash.
				</p>
			),
			done: () => phase.value === "recovery",
		},
		{
			title: "Your device has come back",
			look: LOOK.console,
			text: ({ next: version }) => (
				<p>
					The boot loader has found the records in the trailer, and has gone on with the step that was not done, as the
					console says. Your device runs {version}, on trial.
				</p>
			),
		},
		{
			title: "See them recover",
			look: LOOK.modes,
			text: () => (
				<p>
					The slider now goes through the boot after the power failure. Move it to the end. The first operations repeat
					the step that was cut: a half-written sector is erased and written again.
				</p>
			),
			done: () => phase.value === "recovery" && moment.value === longest.value,
			offer: {
				words: () => "Go to the end",
				act: async () => {
					moment.value = longest.value;
				},
			},
		},
		{
			title: "Both are whole",
			look: LOOK.modes,
			text: ({ next: version, old }) => (
				<>
					<p>
						In both modes, version {version} is in the primary slot and {old} in the secondary slot. Not a byte is lost.
					</p>
					<p>
						The tests of this simulator cut power in every operation of both modes. To start a device of the other mode
						in place of this one:{" "}
						<code>
							npm start -- --mode {otherMode()} --flash .sim/{otherMode()}.bin
						</code>
					</p>
				</>
			),
		},
	],
};

/** The mode that the device does not have, as the command line calls it. */
function otherMode(): string {
	return sides.value.find(({ own }) => !own)?.mode === "swap-move" ? "move" : "offset";
}
