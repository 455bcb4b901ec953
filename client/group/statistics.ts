import { Op } from "../../modules/smp/header.js";
import { STATISTICS_GROUP, StatisticsCommand } from "../../modules/smp/protocol/statistics.js";
import { take } from "../answer.js";
import type { Requester } from "../request.js";

/** Counters by name. Those of 64 bits lose what is beyond 2^53. */
export type Counters = Readonly<Record<string, number>>;

/** Names of the sets of counters that the device keeps (Zephyr SMP group 2, Statistics list). */
export const statisticsNames = async (device: Requester): Promise<string[]> =>
	take(await device.request(Op.READ, STATISTICS_GROUP, StatisticsCommand.LIST), "stat_list", "list").map(String);

/**
 * The counters of one set (Zephyr SMP group 2, Statistics group data).
 *
 * @example
 * ```ts
 * import { statistics, statisticsNames } from "xs-smp/group/statistics";
 *
 * for (const name of await statisticsNames(client)) console.log(name, await statistics(client, name));
 * ```
 *
 * @throws SmpResponseError, code 2 of group 2, if there is no such set.
 */
export async function statistics(device: Requester, name: string): Promise<Counters> {
	const fields = take(
		await device.request(Op.READ, STATISTICS_GROUP, StatisticsCommand.DATA, { name }),
		"fields",
		"map",
	);
	return Object.fromEntries(Object.keys(fields).map((counter) => [counter, take(fields, counter, "number")]));
}
