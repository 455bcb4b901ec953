import type { ComponentChildren } from "preact";
import type { PageBuild } from "../../hosts/desk/node/page-protocol.js";

// What a lesson is: a list of steps, each with its words, with the part of the page that it is about, and with the sign by
// which the page sees that it has happened. engine.ts goes through them.

/** What the words of a lesson depend on. It stays the same from the lesson's beginning to its end. */
export interface Facts {
	/** The number of the image that is updated: the application's. */
	readonly image: number;
	/** The version that ran at the beginning, and those of the updates that the lesson brings, one after the other. */
	readonly old: string;
	readonly next: string;
	readonly third: string;
	readonly fourth: string;
}

export interface Step {
	readonly title: string;
	readonly text: (facts: Facts) => ComponentChildren;
	/** CSS selectors of what to look at, or of what to press: the first that is on the page counts. */
	readonly look: (facts: Facts) => readonly string[];
	/** Whether it has happened, by the signals of the page. Missing: the reader has only to look, and goes on. */
	readonly done?: (facts: Facts) => boolean;
	/** What the lesson does itself when its button is pressed. */
	readonly offer?: {
		readonly words: (facts: Facts) => string;
		readonly act: (facts: Facts) => Promise<void>;
	};
	/** The version that has to run in this step; missing: any may. */
	readonly runs?: "old" | "next";
	/** Whether that version has to be on trial. */
	readonly onTrial?: true;
}

export interface Lesson {
	/** In links. */
	readonly id: string;
	readonly title: string;
	readonly about: string;
	/** Why the device is of no use for it, a sentence; undefined if it is. */
	readonly fault: (build: PageBuild) => string | undefined;
	readonly steps: readonly Step[];
}
