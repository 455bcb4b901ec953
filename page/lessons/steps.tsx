import type { Facts, Step } from "./lesson.js";
import { LOOK } from "./look.js";
import { taken, takes } from "./signs.js";

/** The version of the first update of a lesson. */
export const next = ({ next: version }: Facts): string => version;

/** The reader takes the first update, and knows from the first lesson how that goes. */
export const TAKE: Step = {
	title: "Take an update",
	look: LOOK.drop,
	text: (facts) => <p>Take version {facts.next} with the button below.</p>,
	offer: takes("firmware", next),
	done: (facts) => taken("firmware", facts.next),
};
