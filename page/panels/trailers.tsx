import { STATES } from "../../image/explain-text.js";
import { becauseWords, typeName } from "../../image/trailer-words.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { bootForecast } from "../../modules/bootutil/forecast.js";
import type { SwapTypeState } from "../../modules/bootutil/swap-type.js";
import { hex } from "../../modules/bytes/hex.js";
import { hello } from "../device/session.js";
import { shownAreas, shownFlash } from "../device/time.js";
import { openMap } from "../flash/open-map.js";
import { trailerFields } from "../flash/trailer-view.js";
import { Panel } from "../ui/panel.jsx";
import { Scroll } from "../ui/scroll.jsx";
import { bytePairs } from "../ui/words.js";

const ROWS: readonly SwapTypeState[] = ["I", "II", "III", "IV", "V"];

/** The trailers of all slots, field by field, and the row of the table of states that they make. */
export function TrailersPanel() {
	const build = hello.value?.build;
	void shownAreas.value;
	const flash = shownFlash.value;
	if (!build || !flash) return null;
	const map = openMap(build.layout, flash);
	const boot = new BootUtil(map, build.boot);
	return (
		<Panel id="trailers" title="Trailers">
			{bootForecast(boot).map((forecast) => {
				const { image, state, swapType, interrupted } = forecast;
				return (
					<div key={image} class="pair">
						{build.boot.images > 1 && <h3>Image {image}</h3>}
						{interrupted && (
							<p>
								<strong>Interrupted:</strong> a {typeName(interrupted.type)} swap goes on, {interrupted.done} of{" "}
								{interrupted.total} steps are done. Until it is through, the boot loader does not ask the table.
							</p>
						)}
						{!boot.mode.newest && (
							<p class="states">
								<span class="quiet">Row of MCUboot's table of states:</span>
								{ROWS.map((row) => (
									<span
										key={row}
										class={row === (state ?? "V") ? "state on" : "state"}
										aria-current={row === (state ?? "V") || undefined}
									>
										{row}
									</span>
								))}
								<span class="means">
									{STATES[state ?? "V"]}; swap type {typeName(swapType)}
									{becauseWords(forecast).length > 0 && (
										<span class="quiet"> ({becauseWords(forecast).join(", ")})</span>
									)}
								</span>
							</p>
						)}
						<div class="trailers">
							{(["primary", "secondary"] as const).map((which) => {
								const area = map.slot(image, which);
								return (
									<Scroll label={`Trailer of the ${which} slot of image ${image}`} key={which}>
										<table class="trailer">
											<caption>
												{which} <span class="quiet">{area.label}</span>
											</caption>
											<thead>
												<tr>
													<th scope="col">field</th>
													<th scope="col">at</th>
													<th scope="col">bytes</th>
													<th scope="col">says</th>
												</tr>
											</thead>
											<tbody>
												{trailerFields(build.boot, area).map(({ name, offset, bytes, meaning, unset }) => (
													<tr key={name} class={unset ? "unset" : ""}>
														<th scope="row">{name}</th>
														<td>
															<code>{hex(offset)}</code>
														</td>
														<td class="bytes">
															<code>{bytePairs(bytes)}</code>
														</td>
														<td>{meaning}</td>
													</tr>
												))}
											</tbody>
										</table>
									</Scroll>
								);
							})}
						</div>
					</div>
				);
			})}
		</Panel>
	);
}
