import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { hex } from "../../modules/bytes/hex.js";
import { boots, hello } from "../device/session.js";
import {
	cutAt,
	followLink,
	type Journey,
	journey,
	leave,
	linkTo,
	lost,
	type Plug,
	plugsFor,
	position,
	pullPlug,
	recovering,
	rehearseNext,
	travel,
} from "../device/time.js";
import { cutName } from "../flash/cut.js";
import { Icon } from "../ui/icons.jsx";
import { Panel } from "../ui/panel.jsx";
import { Scrubber } from "../ui/scrubber.jsx";
import { offerFile } from "../ui/words.js";

const SPEEDS = [1, 4, 16, 64] as const;

/** Whether time runs, and how many operations a frame. */
const playing = signal(false);
const speed = signal<number>(4);
const plug = signal<Plug>("before");

/** The time machine: a boot, operation by operation. */
export function TimePanel() {
	useEffect(() => {
		const follow = (): void => void followLink();
		addEventListener("hashchange", follow);
		return () => removeEventListener("hashchange", follow);
	}, []);
	// The address may name a moment; the boots are known only after a while.
	const known = boots.value.length > 0;
	useEffect(() => {
		if (known) void followLink();
	}, [known]);
	const there = journey.value;
	return (
		<Panel id="time" title="Time machine" aside={<Picker />}>
			{lost.value && <p class="alert">{lost.value}</p>}
			{hello.value?.records === false && (
				<p class="quiet">The simulator does not record boots: it was started with --record off.</p>
			)}
			{there ? (
				<Machine there={there} />
			) : (
				<p class="quiet">
					{boots.value.length > 0
						? "Choose a boot to step through its flash operations."
						: "No boot has changed the flash yet. Mark an update and reset the device, or step through the next boot before it happens."}
				</p>
			)}
		</Panel>
	);
}

function Picker() {
	const there = journey.value;
	const chosen = there ? String(there.recording.number) : "now";
	return (
		<select
			aria-label="Boot"
			value={chosen}
			onChange={({ currentTarget: { value } }) => {
				playing.value = false;
				if (value === "now") leave();
				else if (value === "0") void rehearseNext();
				else void travel(Number(value), 0);
			}}
		>
			<option value="now">now</option>
			{boots.value.map((number) => (
				<option key={number} value={String(number)}>
					boot {number}
				</option>
			))}
			<option value="0">next boot, rehearsed</option>
		</select>
	);
}

function go(there: Journey, to: number): void {
	position.value = Math.max(0, Math.min(there.timeline.length, to));
}

/** Goes on by itself, frame by frame, up to the end. */
function usePlaying(there: Journey): void {
	const on = playing.value;
	useEffect(() => {
		if (!on) return;
		let frame = requestAnimationFrame(function step() {
			const next = position.value + speed.value / 4;
			if (next >= there.timeline.length) {
				position.value = there.timeline.length;
				playing.value = false;
				return;
			}
			progress += speed.value / 4;
			if (progress >= 1) {
				go(there, position.value + Math.floor(progress));
				progress %= 1;
			}
			frame = requestAnimationFrame(step);
		});
		let progress = 0;
		return () => cancelAnimationFrame(frame);
	}, [on, there]);
}

function Machine({ there }: { readonly there: Journey }) {
	usePlaying(there);
	const { recording, steps } = there;
	const { operations, times, end } = recording;
	const at = position.value;
	const done = operations[at - 1];
	const step = steps[at - 1];
	const next = steps[at];
	return (
		<>
			<fieldset class="transport">
				<legend class="unseen">Move through the boot</legend>
				<button type="button" aria-label="To the beginning" disabled={at === 0} onClick={() => go(there, 0)}>
					<Icon name="first" />
				</button>
				<button type="button" aria-label="One operation back" disabled={at === 0} onClick={() => go(there, at - 1)}>
					<Icon name="back" />
				</button>
				<button
					type="button"
					class="play"
					onClick={() => {
						if (at === operations.length) go(there, 0);
						playing.value = !playing.value;
					}}
				>
					{playing.value ? "Pause" : "Play"}
				</button>
				<button
					type="button"
					aria-label="One operation on"
					disabled={at === operations.length}
					onClick={() => go(there, at + 1)}
				>
					<Icon name="on" />
				</button>
				<button
					type="button"
					aria-label="To the end"
					disabled={at === operations.length}
					onClick={() => go(there, operations.length)}
				>
					<Icon name="last" />
				</button>
				<label>
					<select
						aria-label="Speed"
						value={String(speed.value)}
						onChange={({ currentTarget }) => {
							speed.value = Number(currentTarget.value);
						}}
					>
						{SPEEDS.map((each) => (
							<option key={each} value={String(each)}>
								{each}×
							</option>
						))}
					</select>
				</label>
			</fieldset>
			<Scrubber
				label="Operations that are done"
				words={`${at} of ${operations.length}: ${step?.words ?? "before the first"}`}
				at={at}
				most={operations.length}
				onMove={(to) => {
					playing.value = false;
					go(there, to);
				}}
			/>
			<dl class="step">
				<div>
					<dt>Done</dt>
					<dd>
						{at} of {operations.length} operations
						{times[at - 1] !== undefined && <span class="quiet"> · {(times[at - 1]! / 1000).toFixed(1)} ms</span>}
						{at === operations.length && <span class="quiet"> · {ENDS[end]}</span>}
					</dd>
				</div>
				<div>
					<dt>Last</dt>
					<dd>
						{step && done ? (
							<>
								<strong>{step.part}</strong> · <code>{step.calls}</code> {step.words}{" "}
								<span class="quiet">
									({done.bytes ? "write" : "erase"} {hex(done.at)}+{hex(done.length)})
								</span>
							</>
						) : (
							"nothing: the boot loader has only read"
						)}
					</dd>
				</div>
				<div>
					<dt>Next</dt>
					<dd>
						{next ? (
							<>
								<strong>{next.part}</strong> · <code>{next.calls}</code> {next.words}
							</>
						) : (
							NEXT[end]
						)}
					</dd>
				</div>
			</dl>
			<PlugControls there={there} at={at} />
		</>
	);
}

const ENDS: Readonly<Record<Journey["recording"]["end"], string>> = {
	done: "the boot loader came to its end",
	cut: "power failed here, or it goes on",
	full: "the rest is not recorded",
};

const NEXT: Readonly<Record<Journey["recording"]["end"], string>> = {
	done: "nothing: the application starts",
	cut: "nothing is known of",
	full: "nothing is known of",
};

const PLUGS: Readonly<Record<Plug, string>> = {
	before: "before the next operation",
	torn: "in the middle of that write",
	"first-half": "with the first half erased",
	"second-half": "with the second half erased",
	after: "after it",
};

/** Where power is to fail, and what comes of it. */
function PlugControls({ there, at }: { readonly there: Journey; readonly at: number }) {
	const { mayChange = false, build } = hello.value ?? {};
	const plugs = plugsFor(there, at);
	const chosen = plugs.includes(plug.value) ? plug.value : "before";
	const cut = cutAt(there, at, chosen, build?.layout.writeAlign ?? 1);
	const link = linkTo(there, cut);
	return (
		<div class="plug">
			<fieldset>
				<legend>Power fails</legend>
				{plugs.map((each) => (
					<label key={each}>
						<input
							type="radio"
							name="plug"
							value={each}
							checked={each === chosen}
							onChange={() => {
								plug.value = each;
							}}
						/>
						{PLUGS[each]}
					</label>
				))}
			</fieldset>
			<p class="actions">
				<button type="button" class="danger" disabled={!mayChange} onClick={() => pullPlug(there, cut)}>
					Pull the plug here
				</button>
				<a href={link}>
					Link to this moment <code>{cutName(cut)}</code>
				</a>
				<button
					type="button"
					class="plain"
					onClick={() => offerFile(`flash-${there.id}.bin`, new Uint8Array(there.recording.start))}
				>
					Save the flash that it begins with
				</button>
			</p>
			<p role="status">{recoveryWords()}</p>
		</div>
	);
}

/** What became of the device after the plug was pulled. */
function recoveryWords(): string {
	const plug = recovering.value;
	if (!plug) return "";
	const where = `The power failed at ${cutName(plug.cut)}`;
	if (!plug.came) return `${where}; the device boots.`;
	const { kind, words } = plug.came;
	const writes = plug.recorded ? "with the operations above" : "and the flash needed no change";
	if (kind === "runs") return `${where}. The device came back ${writes}: it ${words}.`;
	return `${where}. The device did not come back: ${words}.`;
}
