import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { MODE_NAMES } from "../../image/mode-names.js";
import { areasAt } from "../device/time.js";
import { type AreaView, areaWords } from "../flash/contents.js";
import { cutName } from "../flash/cut.js";
import { Panel } from "../ui/panel.jsx";
import { Scrubber } from "../ui/scrubber.jsx";
import { longest, moment, phase, pullBoth, type Side, sides } from "./modes.js";

const playing = signal(false);
/** Frames for one operation. */
const FRAMES = 2;

const PHASES = {
	swap: "The next boot, rehearsed in both modes. Nothing has happened to the device yet.",
	cut: "Power has failed, and both boot.",
	recovery: "The boot after the power failure: the device's own as it was recorded, the other one rehearsed.",
} as const;

/** Two modes, one slider. */
export function ComparePanel() {
	usePlaying();
	const both = sides.value;
	if (both.length === 0) return null;
	const at = moment.value;
	return (
		<Panel id="modes" title="Move and offset, side by side">
			<p class="quiet" role="status">
				{PHASES[phase.value]}
			</p>
			<Scrubber
				label="Operations that are done in both modes"
				words={both.map((side) => `${MODE_NAMES[side.mode].option}: ${stepWords(side, at)}`).join("; ")}
				at={at}
				most={longest.value}
				onMove={(to) => {
					playing.value = false;
					moment.value = to;
				}}
			/>
			<p class="actions">
				<button
					type="button"
					onClick={() => {
						if (at === longest.value) moment.value = 0;
						playing.value = !playing.value;
					}}
				>
					{playing.value ? "Pause" : "Play"}
				</button>
				<button
					type="button"
					class="danger"
					data-part="pull-both"
					disabled={phase.value !== "swap"}
					onClick={() => {
						playing.value = false;
						void pullBoth();
					}}
				>
					Pull the plug on both
				</button>
			</p>
			<div class="modes">
				{both.map((side) => (
					<OneMode key={side.mode} side={side} at={Math.min(at, side.journey.timeline.length)} />
				))}
			</div>
		</Panel>
	);
}

/** Goes on by itself, frame by frame, up to the end. */
function usePlaying(): void {
	const on = playing.value;
	useEffect(() => {
		if (!on) return;
		let frames = 0;
		let frame = requestAnimationFrame(function next() {
			if (++frames % FRAMES === 0) moment.value = Math.min(longest.value, moment.value + 1);
			if (moment.value >= longest.value) playing.value = false;
			else frame = requestAnimationFrame(next);
		});
		return () => cancelAnimationFrame(frame);
	}, [on]);
}

function OneMode({ side, at }: { readonly side: Side; readonly at: number }) {
	const { mode, own, journey, cut } = side;
	const slots = areasAt(journey, at).filter(({ slot }) => slot?.image === side.build.boot.images - 1);
	const last = journey.steps[at - 1];
	return (
		<section class="mode" aria-label={MODE_NAMES[mode].title}>
			<h3>
				{MODE_NAMES[mode].title} <span class="flag">{own ? "your device" : "in this page"}</span>
			</h3>
			{slots.map((area) => (
				<Slot key={area.id} area={area} touched={last?.area === area.label ? last.sector : undefined} />
			))}
			<p class="mode-step">
				<span class="number">
					{at} of {journey.timeline.length}
				</span>{" "}
				{stepWords(side, at)}
			</p>
			{cut && <p class="quiet">Power failed at {cutName(cut)}.</p>}
		</section>
	);
}

function stepWords({ journey, cut }: Side, at: number): string {
	const { steps, timeline } = journey;
	if (timeline.length === 0) return "nothing had to be done";
	if (at >= timeline.length && cut === undefined) return "the swap is over";
	if (at >= timeline.length && phase.value === "recovery") return "recovered: the swap is over";
	const step = steps[at - 1];
	return step ? `${step.part}: ${step.words}` : "before the first operation";
}

/** A slot, sector by sector. */
function Slot({ area, touched }: { readonly area: AreaView; readonly touched: number | undefined }) {
	return (
		<div class="slot">
			<p class="head">
				<strong>{area.slot?.which}</strong>
			</p>
			<div class="sectors" role="img" aria-label={`${area.slot?.which}: ${areaWords(area)}`}>
				{area.sectors.map(({ holds, part }, sector) => (
					<span key={sector} class={`sector ${holds}${part ? " part" : ""}${sector === touched ? " touched" : ""}`} />
				))}
			</div>
		</div>
	);
}
