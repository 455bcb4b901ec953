import type { Facts, Lesson } from "./lesson.js";
import { LOOK, needsSwap } from "./look.js";
import { came, entry, idle, isAsked, refused, taken, takes } from "./signs.js";
import { next } from "./steps.jsx";

const isMarked = (facts: Facts): boolean => entry(facts, 1)?.pending === true;

/** An image that somebody else has signed. */
export const SIGNATURE: Lesson = {
	id: "signature",
	title: "A bad signature",
	about: "A stranger sends a program. The device does not run it.",
	fault: needsSwap,
	steps: [
		{
			title: "Who may change a device?",
			look: LOOK.images,
			text: () => (
				<>
					<p>
						SMP, the protocol of the updates, has no password. Whoever reaches the device can send it an image. So
						everything depends on the <b>signature</b> of the image.
					</p>
					<p>
						A signature is made with a private key, which the maker of the device keeps. The boot loader has the public
						half, which can check signatures and make none.
					</p>
				</>
			),
		},
		{
			title: "A file from a stranger",
			look: LOOK.drop,
			text: (facts) => (
				<p>
					Take an image with version {facts.next}. It is a good image in all respects but one: it is signed with another
					key.
				</p>
			),
			offer: takes("stranger", next),
			done: (facts) => taken("stranger", facts.next),
		},
		{
			title: "Good hash, wrong key",
			look: LOOK.report,
			text: () => (
				<>
					<p>
						The <b>hash</b> is good: anybody can compute it from the bytes. A hash guards against accidents, and not
						against people.
					</p>
					<p>
						The signature fits none of the trusted keys. The boot loader, on its copy of the flash, refuses the file.
					</p>
				</>
			),
		},
		{
			title: "Send it all the same",
			look: LOOK.upload,
			text: () => (
				<p>
					The page warns, and does not stop you. A stranger would not use this page anyway. Press <b>Upload</b>.
				</p>
			),
			done: (facts) => entry(facts, 1)?.version === facts.next && idle(),
		},
		{
			title: "Ask for it",
			look: LOOK.test,
			runs: "old",
			text: () => (
				<p>
					Now the image lies in the secondary slot. Press <b>Test</b> beside it.
				</p>
			),
			done: (facts) => isAsked(facts) || refused(),
		},
		{
			title: "What will come of it",
			look: LOOK.forecast,
			runs: "old",
			text: (facts) =>
				isMarked(facts) ? (
					<p>
						The running application has only checked the hash, and has taken the request. The boot loader will decide,
						and the forecast knows how: it refuses the image, and {facts.old} stays.
					</p>
				) : (
					<p>
						This device was started with <code>--verify signature</code>: its application checks the signature too, and
						has refused the request. The boot loader will not even see it.
					</p>
				),
		},
		{
			title: "Let the boot loader decide",
			look: LOOK.reset,
			text: () => (
				<p>
					Press <b>Reset</b>.
				</p>
			),
			done: (facts) => came(facts, facts.old),
		},
		{
			title: "Refused",
			look: LOOK.console,
			text: ({ old }) => (
				<p>
					The console says so: the image in the secondary slot has no good signature. The boot loader has not copied a
					single byte of it to the primary slot, and {old} runs as before.
				</p>
			),
		},
		{
			title: "What is left",
			look: LOOK.flash,
			text: (facts) => (
				<>
					<p>
						{entry(facts, 1)
							? "The image is still in the secondary slot, where it does no harm: no boot will run it."
							: "The boot loader has also erased the image, so that nobody asks for it again."}
					</p>
					<p>
						At every boot, the boot loader checks the signature of the image that is to run, too. A program that
						somebody has changed in flash does not start.
					</p>
				</>
			),
		},
	],
};
