import { batch, effect, signal } from "@preact/signals";
import { hello } from "../device/session.js";
import type { Facts, Lesson, Step } from "./lesson.js";
import { LESSONS } from "./list.js";
import { endComparison } from "./modes.js";
import { isUp, tasks } from "./prepare.js";
import { entry, forget, idle, running } from "./signs.js";

// Goes through a lesson: it looks at the signals of the page, and goes on when a step has happened.

/** Whether lessons are shown. */
export const open = signal(false);
/** The lesson that is taken; undefined: the list of them is shown. */
export const lesson = signal<Lesson | undefined>(undefined);
/** Undefined until the device is as the lesson needs it. */
export const facts = signal<Facts | undefined>(undefined);
/** The step that is shown, and the furthest one: steps before that are there to be read again. */
export const at = signal(0);
export const furthest = signal(0);
/** Lessons that were taken to their end while this page was open. */
export const taken = signal<ReadonlySet<string>>(new Set());
/** Why the lesson's own button has failed, a sentence. */
export const problem = signal("");

/** The image that lessons update: the application's, which is the last one. */
export const imageNumber = (): number => (hello.value?.build.boot.images ?? 1) - 1;

/** The step that is shown; undefined before the first one. */
export const step = (): Step | undefined => (facts.value ? lesson.value?.steps[at.value] : undefined);

/** Whether the step waits for something to happen. */
export function isWaiting(): boolean {
	const known = facts.value;
	return at.value === furthest.value && known !== undefined && step()?.done?.(known) === false;
}

/** Why the lesson cannot go on, a sentence; empty if it can. */
export function astray(): string {
	const known = facts.value;
	const version = known && running(known);
	const { runs, onTrial } = step() ?? {};
	const wanted = known && runs && known[runs];
	if (!known || !isWaiting() || version === undefined || wanted === undefined || !idle()) return "";
	if (version !== wanted)
		return `The device runs version ${version} now, and this step is about version ${wanted}. Begin the lesson again.`;
	if (onTrial && entry(known, 0)?.confirmed)
		return `Version ${version} is confirmed already. The lesson needs a device that leaves this to you: npm start -- --flash .sim/lessons.bin`;
	return "";
}

/** Begins a lesson, or begins it again. */
export function begin(chosen: Lesson): void {
	batch(() => {
		open.value = true;
		lesson.value = chosen;
		facts.value = undefined;
		problem.value = "";
		at.value = 0;
		furthest.value = 0;
		endComparison();
	});
	history.replaceState(null, "", `#lesson=${chosen.id}`);
}

/** Shows the list of lessons. */
export function list(): void {
	lesson.value = undefined;
	endComparison();
	if (location.hash.startsWith("#lesson")) history.replaceState(null, "", location.pathname + location.search);
}

/** Shows another step. */
export function go(to: number): void {
	const { steps = [], id = "" } = lesson.value ?? {};
	if (to >= steps.length) {
		taken.value = new Set([...taken.value, id]);
		list();
		return;
	}
	batch(() => {
		problem.value = "";
		at.value = Math.max(0, to);
		if (to > furthest.value) {
			furthest.value = to;
			forget();
		}
	});
}

/** Begins the lesson that the page's address names, if it names one. */
export function followLink(): void {
	const [, id] = /^#lesson=([a-z-]+)$/.exec(location.hash) ?? [];
	const found = LESSONS.find((each) => each.id === id);
	if (found && found !== lesson.value) begin(found);
}

/** Version of an update that comes so many updates after another version. */
function later(version: string, updates: number): string {
	const [major = 0, minor = 0] = version.split(".").map(Number);
	return minor + updates > 255 ? `${major + 1}.${updates - 1}.0` : `${major}.${minor + updates}.0`;
}

function factsOf(image: number): Facts | undefined {
	const old = entry({ image }, 0)?.version;
	if (old === undefined) return undefined;
	return { image, old, next: later(old, 1), third: later(old, 2), fourth: later(old, 3) };
}

/** Whether a lesson was begun whose device is not ready, and could not be brought to be. */
export const fault = (): string | undefined => hello.value && lesson.value?.fault(hello.value.build);

effect(() => {
	const image = imageNumber();
	if (!lesson.value || facts.value || fault() || !idle() || !isUp(image) || tasks(image).length > 0) return;
	forget();
	facts.value = factsOf(image);
});

effect(() => {
	const known = facts.value;
	if (!known || at.value !== furthest.value) return;
	if (step()?.done?.(known)) go(at.value + 1);
});
