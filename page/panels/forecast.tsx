import type { BootExplanation, Explanation } from "../../image/explain.js";
import { bootLines, plainStyle } from "../../image/explain-text.js";
import { explanation, hello } from "../device/session.js";
import { rehearseNext } from "../device/time.js";
import { Panel } from "../ui/panel.jsx";

/** What the next boots do: the boot loader has run on a copy of the flash. */
export function ForecastPanel() {
	const told = explanation.value;
	return (
		<Panel
			id="forecast"
			title="Next boots"
			aside={
				<button type="button" disabled={!told?.next} onClick={() => void rehearseNext()}>
					Step through the next boot
				</button>
			}
		>
			<div aria-live="polite" aria-busy={!told}>
				{told ? <Forecast told={told} /> : <p class="quiet">…</p>}
			</div>
		</Panel>
	);
}

function Forecast({ told }: { readonly told: Explanation }) {
	const { next, nextIfConfirmed, unconfirmed, confirmed, stops, images, timing } = told;
	if (!next || !unconfirmed) return <p>The forecast stops here: {stops}.</p>;
	const wording = {
		several: images.length > 1,
		newest: images.every(({ state }) => state === null),
		style: plainStyle,
	};
	const boots: readonly (readonly [string, BootExplanation | null, typeof images])[] = [
		[nextIfConfirmed ? "Next boot, if nobody confirms" : "Next boot", next, images],
		["Next boot, if confirmed before", nextIfConfirmed, []],
		[confirmed ? "The boot after that, if nobody confirms" : "The boot after that", unconfirmed, []],
		["The boot after that, if confirmed", confirmed, []],
	];
	return (
		<>
			<ul class="states-of">
				{images.map(({ image, primary, secondary }) =>
					[primary, secondary].flatMap((slot) =>
						slot.images
							.filter(({ fault }) => fault !== null)
							.map(({ version, fault }) => (
								<li key={`${image}${slot.label}`} class="bad">
									{slot.label}: the boot loader refuses {version}: {fault}
								</li>
							)),
					),
				)}
			</ul>
			<dl class="boots">
				{boots.map(
					([title, boot, intents]) =>
						boot && (
							<div key={title}>
								<dt>{title}</dt>
								{bootLines(boot, intents, wording).map((line) => (
									<dd key={line}>
										{line
											.trim()
											.replace(/^(image \d) +/, "$1: ")
											.replace(/ (?=m?s\.$)/, "\u00a0")}
									</dd>
								))}
							</div>
						),
				)}
			</dl>
			<p class="quiet">
				{hello.value?.timing ? "Times are those of the chip that this device has" : "Times are those of a usual chip"}:{" "}
				{timing.sectorErase} ms to erase a sector, {timing.pageProgram} ms to program {timing.pageSize} bytes.
			</p>
		</>
	);
}
