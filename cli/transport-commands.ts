import { ifOffered } from "../client/errors.js";
import { bridgeStatus, transports as readTransports, transportModes } from "../client/group/transports.js";
import type { Action } from "./command.js";
import { table } from "./output.js";

export const transports: Action = {
	run: async ({ client, output }) => {
		const { supported, active, bridgedTo } = await bridgeStatus(client);
		// Without these questions a device still tells of its bridges.
		const found = (await ifOffered(readTransports(client))) ?? [];
		const lines = [];
		for (const { id, name } of found) lines.push({ id, name, modes: await ifOffered(transportModes(client, id)) });
		output.json({ supported, active, bridgedTo, transports: lines });
		const nameOf = (id: number): string => found.find((each) => each.id === id)?.name ?? `transport ${id}`;
		output.say(
			...table([
				["id", "transport", "in bridges"],
				...lines.map(({ id, modes = [] }) => [
					`${id}`,
					nameOf(id),
					modes.map(({ id, description }) => `mode ${id}: ${description}`).join("; "),
				]),
			]),
		);
		if (bridgedTo !== undefined)
			output.say(`This one is bridged to ${bridgedTo === true ? "another" : nameOf(bridgedTo)}.`);
		output.say(
			supported === 0
				? "The device makes no bridges between them."
				: `Of ${supported} ${supported === 1 ? "bridge" : "bridges"} that there can be, ${active} ${active === 1 ? "is" : "are"} there.`,
		);
	},
};
