import type { Origin } from "./group.js";

/** So many clients are remembered at once: peers are free to choose many addresses. */
const CLIENTS = 8;

/** A client as a key: its transport, and its address where the transport can tell. */
export const clientOf = ({ transport, peer }: Origin): string => `${transport} ${peer}`;

/** Remembers something of a client, as the newest; the one that was here first is forgotten. */
export function remember<T>(map: Map<string, T>, client: string, value: T): void {
	map.delete(client);
	if (map.size >= CLIENTS) {
		const [oldest] = map.keys();
		map.delete(oldest!);
	}
	map.set(client, value);
}
