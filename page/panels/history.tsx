import { useEffect, useState } from "preact/hooks";
import { boots, changeWords, checkWords, outcomeWords, startWords } from "../../client/group/boot-journal.js";
import { type Counters, statistics, statisticsNames } from "../../client/group/statistics.js";
import type { SmpClient } from "../../client/index.js";
import { client, images } from "../client/client.js";
import { Scroll } from "../ui/scroll.jsx";
import { sentence } from "../ui/words.js";

/** So many boots are asked for. */
const BOOTS = 20;

/** What a device tells when it is asked; asked again whenever its images change. */
function useAnswer<T>(ask: (device: SmpClient) => Promise<T>): { readonly answer?: T; readonly error?: string } {
	const [state, setState] = useState<{ readonly answer?: T; readonly error?: string }>({});
	const device = client.value;
	const listed = images.value;
	useEffect(() => {
		let wanted = true;
		if (device)
			ask(device).then(
				(answer) => wanted && setState({ answer }),
				(error: unknown) => wanted && setState({ error: sentence(error) }),
			);
		return () => {
			wanted = false;
		};
	}, [device, listed]);
	return state;
}

/** The boot journal. */
export function HistoryTab() {
	const { answer, error } = useAnswer((device) => boots(device, BOOTS));
	if (error) return <p>{error}</p>;
	if (!answer) return <p class="quiet">…</p>;
	return (
		<Scroll label="Boots of the device">
			<table>
				<caption class="unseen">Boots of the device, the newest first</caption>
				<thead>
					<tr>
						<th scope="col">boot</th>
						<th scope="col">started</th>
						<th scope="col">runs</th>
						<th scope="col">checks</th>
						<th scope="col">then</th>
					</tr>
				</thead>
				<tbody>
					{answer.map((entry, at) => (
						<tr key={entry.number}>
							<th scope="row">{entry.number}</th>
							<td>{startWords(entry.start)}</td>
							<td>{changeWords(entry)}</td>
							<td>{checkWords(entry)}</td>
							<td>{outcomeWords(entry, answer[at - 1])}</td>
						</tr>
					))}
				</tbody>
			</table>
		</Scroll>
	);
}

/** All counters. */
export function StatisticsTab() {
	const { answer, error } = useAnswer(async (device) => {
		const all: (readonly [string, Counters])[] = [];
		for (const name of await statisticsNames(device)) all.push([name, await statistics(device, name)]);
		return all;
	});
	if (error) return <p>{error}</p>;
	if (!answer) return <p class="quiet">…</p>;
	return (
		<div class="statistics">
			{answer.map(([name, counters]) => (
				<table key={name}>
					<caption>{name}</caption>
					<tbody>
						{Object.entries(counters).map(([counter, value]) => (
							<tr key={counter}>
								<th scope="row">{counter}</th>
								<td class="number">{value}</td>
							</tr>
						))}
					</tbody>
				</table>
			))}
		</div>
	);
}
