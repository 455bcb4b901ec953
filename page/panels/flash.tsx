import { signal } from "@preact/signals";
import { memo } from "preact/compat";
import { installs, modeOf } from "../../modules/bootutil/modes.js";
import { hex } from "../../modules/bytes/hex.js";
import { changes, hello, knownImages, wear } from "../device/session.js";
import { journey, leave, position, shownAreas, touched } from "../device/time.js";
import { type AreaView, areaWords, HOLDS_WORDS, type Holds, runsOf, type SectorView } from "../flash/contents.js";
import { Panel } from "../ui/panel.jsx";
import { Scroll } from "../ui/scroll.jsx";
import { sizeWords } from "../ui/words.js";

/** What colours say: what sectors hold, or how often they were erased. */
const showsWear = signal(false);

/** The flash: all areas to scale, then the slots sector by sector. */
export function FlashPanel() {
	const device = hello.value;
	const areas = shownAreas.value;
	if (!device || areas.length === 0)
		return (
			<Panel id="flash" title="Flash">
				Waiting for the device…
			</Panel>
		);
	const { layout, boot } = device.build;
	const slots = areas.filter(({ slot }) => slot !== undefined);
	const images = Array.from({ length: boot.images }, (_, image) => image);
	return (
		<Panel
			id="flash"
			title="Flash"
			aside={
				<label class="switch">
					<input
						type="checkbox"
						checked={showsWear.value}
						onChange={({ currentTarget }) => {
							showsWear.value = currentTarget.checked;
						}}
					/>
					show wear
				</label>
			}
		>
			<Moment />
			<p class="quiet" title={device.flash}>
				{device.flash.replace(/.*\//, "")}: {sizeWords(layout.size)} of NOR flash in sectors of{" "}
				{sizeWords(layout.sectorSize)}, layout {layout.name}
			</p>
			<Strip areas={areas} size={layout.size} />
			{images.map((image) => (
				<div class="pair" key={image}>
					{images.length > 1 && <h3>Image {image}</h3>}
					{slots
						.filter(({ slot }) => slot?.image === image)
						.map((area) => (
							<Slot
								key={area.id}
								area={area}
								sectorSize={layout.sectorSize}
								wears={showsWear.value}
								takesUpdates={installs(modeOf(boot.mode))}
								touched={touched.value?.label === area.label ? touched.value.sector : undefined}
							/>
						))}
				</div>
			))}
			<Rest areas={areas} sectorSize={layout.sectorSize} />
			<Legend />
		</Panel>
	);
}

/** Says that the flash is not shown as it is now. */
function Moment() {
	const there = journey.value;
	if (!there) return null;
	const { number, operations } = there.recording;
	return (
		<p class="moment">
			<span>
				{number === 0 ? "The next boot, rehearsed" : `Boot ${number}`}: after {position.value} of {operations.length}{" "}
				operations
			</span>
			<button type="button" onClick={leave}>
				Back to now
			</button>
		</p>
	);
}

/** All areas, to scale. */
function Strip({ areas, size }: { readonly areas: readonly AreaView[]; readonly size: number }) {
	const parts: { readonly key: string; readonly size: number; readonly area?: AreaView }[] = [];
	let at = 0;
	for (const area of areas) {
		if (area.offset > at) parts.push({ key: `gap-${at}`, size: area.offset - at });
		parts.push({ key: area.label, size: area.size, area });
		at = area.offset + area.size;
	}
	if (at < size) parts.push({ key: `gap-${at}`, size: size - at });
	return (
		<ol class="strip" aria-label="Areas of the flash, to scale">
			{parts.map(({ key, size: part, area }) => (
				<li
					key={key}
					class={area ? "area" : "gap"}
					style={{ flexGrow: part }}
					title={area ? `${area.label}: ${hex(area.offset)}, ${sizeWords(part)}` : `not in use: ${sizeWords(part)}`}
				>
					{area ? (
						<>
							<span class="label">{area.label}</span>
							<span class="fill" aria-hidden="true">
								{runsOf(area.sectors).map(({ holds, first, count }) => (
									<span key={first} class={`sector ${holds}`} style={{ flexGrow: count }} />
								))}
							</span>
							<span class="unseen">
								{hex(area.offset)}, {sizeWords(part)}; {areaWords(area)}
							</span>
						</>
					) : (
						<span class="unseen">not in use: {sizeWords(part)}</span>
					)}
				</li>
			))}
		</ol>
	);
}

/** Of a slot or another area: the sector that is pointed at. */
const pointed = signal<{ readonly area: number; readonly sector: number } | undefined>(undefined);

const PURPOSES = { primary: "runs from here", secondary: "an update waits here" } as const;

/** One slot, sector by sector. Arrow keys go from sector to sector. */
function Slot({
	area,
	sectorSize,
	wears,
	takesUpdates,
	touched: last,
}: {
	readonly area: AreaView;
	readonly sectorSize: number;
	readonly wears: boolean;
	/** Whether the boot loader installs an update from the secondary slot in the primary one. */
	readonly takesUpdates: boolean;
	/** The sector that was changed last in the moment that is shown. */
	readonly touched: number | undefined;
}) {
	const { label, offset, size, slot, sectors } = area;
	const there = pointed.value?.area === area.id ? pointed.value.sector : undefined;
	const first = offset / sectorSize;
	const erasures = wear.value;
	const worn = (sector: number): number => erasures.get(first + sector) ?? 0;
	const most = Math.max(1, ...sectors.map((_, sector) => worn(sector)));
	const move = (event: KeyboardEvent): void => {
		const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1, PageDown: 16, PageUp: -16 };
		const now = there ?? 0;
		const next = event.key === "Home" ? 0 : event.key === "End" ? sectors.length - 1 : now + (steps[event.key] ?? 0);
		if (next === now && steps[event.key] === undefined && event.key !== "Home" && event.key !== "End") return;
		event.preventDefault();
		pointed.value = { area: area.id, sector: Math.max(0, Math.min(sectors.length - 1, next)) };
	};
	const words = (sector: number): string =>
		`sector ${sector} at ${hex(offset + sector * sectorSize)}: ${sectorWords(sectors[sector]!)}, erased ${timesWords(worn(sector))}`;
	return (
		<div class="slot">
			<p class="head">
				<strong>{slot?.which ?? label}</strong>
				{slot && takesUpdates && <span>{PURPOSES[slot.which]}</span>}
				<span class="quiet">
					{label} · {hex(offset)} · {sizeWords(size)}
				</span>
			</p>
			<div
				class={wears ? "sectors wear" : "sectors"}
				role="slider"
				tabIndex={0}
				aria-label={`Sectors of ${label}. ${areaWords(area)}`}
				aria-valuemin={0}
				aria-valuemax={sectors.length - 1}
				aria-valuenow={there ?? 0}
				aria-valuetext={words(there ?? 0)}
				onKeyDown={move}
				onPointerMove={({ target }) => {
					const sector = (target as HTMLElement).dataset["sector"];
					if (sector !== undefined) pointed.value = { area: area.id, sector: Number(sector) };
				}}
				onPointerLeave={() => {
					pointed.value = undefined;
				}}
			>
				{sectors.map((view, sector) => (
					<Cell
						key={sector}
						sector={sector}
						view={view}
						heat={wears ? worn(sector) / most : undefined}
						mark={sector === there ? " here" : sector === last ? " touched" : ""}
					/>
				))}
			</div>
			<p class="readout" aria-hidden="true">
				{there === undefined ? areaWords(area) : words(there)}
			</p>
		</div>
	);
}

const Cell = memo(function Cell({
	sector,
	view: { holds, part },
	heat,
	mark,
}: {
	readonly sector: number;
	readonly view: SectorView;
	readonly heat: number | undefined;
	readonly mark: string;
}) {
	const kind = heat === undefined ? `sector ${holds}${part ? " part" : ""}` : "sector heat";
	return (
		<span
			class={`${kind}${mark}`}
			data-sector={sector}
			style={heat === undefined ? undefined : { "--heat": `${Math.round(heat * 100)}%` }}
		/>
	);
});

function sectorWords({ holds, source, part }: SectorView): string {
	if (source === undefined) return HOLDS_WORDS[holds];
	return `${part ? "the beginning of " : ""}sector ${source} of the ${holds === "both" ? "images, the same in both" : HOLDS_WORDS[holds]}`;
}

const timesWords = (n: number): string => (n === 0 ? "never" : n === 1 ? "once" : `${n} times`);

/** Areas that are no slots, in words. */
function Rest({ areas, sectorSize }: { readonly areas: readonly AreaView[]; readonly sectorSize: number }) {
	const rest = areas.filter(({ slot }) => slot === undefined);
	const erasures = wear.value;
	return (
		<details>
			<summary>Other areas</summary>
			<Scroll label="Other areas">
				<table>
					<thead>
						<tr>
							<th scope="col">area</th>
							<th scope="col">id</th>
							<th scope="col">at</th>
							<th scope="col">size</th>
							<th scope="col">holds</th>
							<th scope="col">erases</th>
						</tr>
					</thead>
					<tbody>
						{rest.map((area) => (
							<tr key={area.id}>
								<th scope="row">{area.label}</th>
								<td>{area.id}</td>
								<td>
									<code>{hex(area.offset)}</code>
								</td>
								<td>{sizeWords(area.size)}</td>
								<td>{areaWords(area)}</td>
								<td>
									{area.sectors.reduce((sum, _, i) => sum + (erasures.get(area.offset / sectorSize + i) ?? 0), 0)}
								</td>
							</tr>
						))}
					</tbody>
				</table>
			</Scroll>
		</details>
	);
}

const LEGEND: readonly Holds[] = ["old", "new", "both", "coming", "trailer", "data", "unknown", "erased"];

/** What the colours say, and which versions the two images are. */
function Legend() {
	void changes.value;
	const images = hello.value?.build.boot.images ?? 1;
	const atlas = journey.value?.atlas ?? knownImages();
	const versions = (role: "old" | "new"): string =>
		Array.from({ length: images }, (_, image) => atlas?.image(image, role)?.version)
			.filter((version) => version !== undefined)
			.join(", ");
	return (
		<ul class="legend" aria-label="Legend">
			{LEGEND.map((holds) => {
				const version = holds === "old" || holds === "new" ? versions(holds) : "";
				return (
					<li key={holds}>
						<span class={`sector ${holds}`} aria-hidden="true" /> {HOLDS_WORDS[holds]}
						{version && <span class="quiet"> {version}</span>}
					</li>
				);
			})}
		</ul>
	);
}
