import { computed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { hello } from "../device/session.js";
import { sentence } from "../ui/words.js";
import { Words } from "./dictionary.jsx";
import {
	astray,
	at,
	begin,
	facts,
	fault,
	followLink,
	furthest,
	go,
	imageNumber,
	isWaiting,
	lesson,
	list,
	open,
	problem,
	step,
	taken,
} from "./engine.js";
import type { Lesson } from "./lesson.js";
import { LESSONS } from "./list.js";
import { tasks } from "./prepare.js";
import { goThere, point } from "./spotlight.js";

const TITLE = "lessons-title";
const BUTTON = "lessons-button";

/** Moves the focus there, once it is drawn: the reader has pressed a button that is gone now. */
const focusSoon = (id: string): void => void requestAnimationFrame(() => document.getElementById(id)?.focus());

/** Shows the lessons, or closes them. */
export function LessonsButton() {
	return (
		<button
			type="button"
			id={BUTTON}
			class="lessons-button"
			aria-expanded={open.value}
			aria-controls="lessons"
			onClick={() => {
				open.value = !open.value;
				if (open.value) focusSoon(TITLE);
				else list();
			}}
		>
			Lessons
		</button>
	);
}

/** What is pointed at: changes with the step alone. */
const target = computed(() => (facts.value && open.value ? step()?.look(facts.value) : undefined));

/** The lessons: their list, or the one that is taken. */
export function Lessons() {
	useEffect(() => {
		followLink();
		addEventListener("hashchange", followLink);
		return () => removeEventListener("hashchange", followLink);
	}, []);
	useSignalEffect(() => {
		point(target.value ?? []);
	});
	useSignalEffect(() => {
		document.documentElement.classList.toggle("has-lessons", open.value);
	});
	const chosen = lesson.value;
	return (
		<aside class="lessons" id="lessons" aria-labelledby={TITLE} hidden={!open.value}>
			{open.value && (chosen ? <Course chosen={chosen} /> : <Shelf />)}
		</aside>
	);
}

/** All lessons. */
function Shelf() {
	const mayChange = hello.value?.mayChange !== false;
	return (
		<>
			<header>
				<h2 id={TITLE} tabIndex={-1}>
					Lessons
				</h2>
				<button type="button" class="plain" onClick={close}>
					Close
				</button>
			</header>
			<p class="quiet">
				You press the buttons, and the device behind this page does what you ask. The lesson notices, and goes on.
			</p>
			{!mayChange && <p>Lessons change the device: open the address with the token, as the simulator prints it.</p>}
			<ol class="shelf">
				{LESSONS.map((each) => (
					<li key={each.id}>
						<button
							type="button"
							disabled={!mayChange}
							onClick={() => {
								begin(each);
								focusSoon(TITLE);
							}}
						>
							<strong>{each.title}</strong>
							{taken.value.has(each.id) && <span class="flag active">done</span>}
							<span class="quiet">
								{each.about} {each.steps.length} steps.
							</span>
						</button>
					</li>
				))}
			</ol>
			<Words />
		</>
	);
}

function close(): void {
	list();
	open.value = false;
	focusSoon(BUTTON);
}

/** A lesson. */
function Course({ chosen }: { readonly chosen: Lesson }) {
	const known = facts.value;
	const count = chosen.steps.length;
	return (
		<>
			<header>
				<h2 id={TITLE} tabIndex={-1}>
					{chosen.title}
				</h2>
				<button
					type="button"
					class="plain"
					onClick={() => {
						list();
						focusSoon(TITLE);
					}}
				>
					Leave
				</button>
			</header>
			{known ? (
				<>
					<div class="count">
						<progress max={count} value={at.value + 1} aria-label="Progress of the lesson" />
						<span class="quiet">
							{at.value + 1} of {count}
						</span>
					</div>
					<Reading />
				</>
			) : (
				<Before />
			)}
			<Words />
		</>
	);
}

/** What has to be done before the lesson begins. */
function Before() {
	const why = fault();
	const todo = tasks(imageNumber());
	const erases = todo.some((task) => task.erases);
	return (
		<>
			<div class="words" aria-live="polite" aria-atomic="true">
				<h3>Before it begins</h3>
				{why ? (
					<p class="bad">{why}</p>
				) : todo.length === 0 ? (
					<p>Waiting for the device…</p>
				) : (
					<>
						<p>The lesson begins with a device that runs a confirmed image and has no update. For that it will:</p>
						<ul>
							{todo.map(({ words, erases: loses }) => (
								<li key={words} class={loses ? "bad" : ""}>
									{words}.
								</li>
							))}
						</ul>
						{erases && <p>What is erased is gone. Leave the lesson if you need it.</p>}
					</>
				)}
			</div>
			<Problem />
			{!why && todo.length > 0 && (
				<p class="actions">
					<Own
						words={erases ? "Erase, and begin" : "Do that, and begin"}
						act={async () => {
							for (const task of todo) await task.act();
						}}
					/>
				</p>
			)}
		</>
	);
}

/** A button of the lesson itself. */
function Own({ words, act }: { readonly words: string; readonly act: () => Promise<void> }) {
	const busy = useSignal(false);
	return (
		<button
			type="button"
			class="primary"
			aria-disabled={busy.value}
			onClick={async () => {
				if (busy.value) return;
				busy.value = true;
				problem.value = "";
				try {
					await act();
				} catch (error) {
					problem.value = sentence(error);
				}
				busy.value = false;
				// The step is another one now, without this button.
				requestAnimationFrame(() => {
					if (document.activeElement === document.body) document.getElementById("lesson-next")?.focus();
				});
			}}
		>
			{words}
		</button>
	);
}

const Problem = () => (
	<p class="bad" role="alert">
		{problem.value}
	</p>
);

/** The step that is shown. */
function Reading() {
	const known = facts.value!;
	const current = step()!;
	const waits = isWaiting();
	const lost = astray();
	const last = at.value === lesson.value!.steps.length - 1;
	const top = useRef<HTMLDivElement>(null);
	const { offer } = current;
	useEffect(() => {
		top.current?.scrollIntoView?.({ block: "nearest" });
	}, [current]);
	return (
		<>
			<div class="words" aria-live="polite" aria-atomic="true" ref={top}>
				<h3>{current.title}</h3>
				{current.text(known)}
				{lost && <p class="bad">{lost}</p>}
			</div>
			<Problem />
			{offer && waits && (
				<p>
					<Own key={at.value} words={offer.words(known)} act={() => offer.act(known)} />
				</p>
			)}
			<p class="actions">
				<button type="button" disabled={at.value === 0} onClick={() => go(at.value - 1)}>
					Back
				</button>
				<button
					type="button"
					id="lesson-next"
					class={waits ? "" : "primary"}
					aria-disabled={waits}
					onClick={() => {
						if (waits) return;
						go(at.value + 1);
						if (last) focusSoon(TITLE);
					}}
				>
					{last ? "Finish" : waits ? "Waiting for you" : "Next"}
				</button>
			</p>
			<p class="actions foot">
				<button type="button" class="plain" onClick={goThere}>
					Go to what is marked
				</button>
				<button type="button" class="plain" onClick={() => begin(lesson.value!)}>
					Begin again
				</button>
				{at.value < furthest.value && (
					<button type="button" class="plain" onClick={() => go(furthest.value)}>
						Back to step {furthest.value + 1}
					</button>
				)}
			</p>
		</>
	);
}
