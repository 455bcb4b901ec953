// Points at the part of the page that a step is about.

const MARK = "data-spotlight";
/** How often it is looked for: panels come and go, and what they show is drawn anew. Milliseconds. */
const LOOK = 200;

let wanted: readonly string[] = [];
let marked: Element | undefined;
let isNew = false;
let timer: ReturnType<typeof setInterval> | undefined;

/** Points at the first of these that is on the page, from now on; at nothing if there are none. */
export function point(selectors: readonly string[]): void {
	wanted = selectors;
	isNew = true;
	clearInterval(timer);
	timer = selectors.length > 0 ? setInterval(look, LOOK) : undefined;
	look();
}

function look(): void {
	const found = wanted.map((selector) => document.querySelector(selector)).find((each) => each !== null) ?? undefined;
	if (found !== marked) {
		marked?.removeAttribute(MARK);
		found?.setAttribute(MARK, "");
		marked = found;
	}
	if (!found || !isNew) return;
	isNew = false;
	if (!isSeen(found)) scrollTo(found);
}

/** What the bar at the top and the lesson at the bottom leave of the window, as the style sheet says. */
function isSeen(element: Element): boolean {
	const { scrollPaddingTop, scrollPaddingBottom } = getComputedStyle(document.documentElement);
	const { top, bottom } = element.getBoundingClientRect();
	const from = Number.parseFloat(scrollPaddingTop) || 0;
	const to = innerHeight - (Number.parseFloat(scrollPaddingBottom) || 0);
	return top >= from && (bottom <= to || (top < (from + to) / 2 && bottom - top > to - from));
}

function scrollTo(element: Element): void {
	const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
	const block = element.getBoundingClientRect().height > innerHeight / 2 ? "start" : "center";
	element.scrollIntoView({ block, inline: "nearest", behavior: calm ? "auto" : "smooth" });
}

/** Moves the focus to what is pointed at, because the reader has asked for that. */
export function goThere(): void {
	if (!(marked instanceof HTMLElement)) return;
	scrollTo(marked);
	if (marked.tabIndex < 0) marked.tabIndex = -1;
	marked.focus({ preventScroll: true });
}
