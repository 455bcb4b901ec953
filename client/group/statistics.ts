import { Op } from "../../modules/smp/header.js";
import { STATISTICS_GROUP, StatisticsCommand } from "../../modules/smp/protocol/statistics.js";
import { command, list, number, record, text } from "../command.js";
import type { Requester, RequestOptions } from "../request.js";

/** Counters by name. Those of 64 bits lose what is beyond 2^53. */
export type Counters = Readonly<Record<string, number>>;

/** Statistics: list of groups (Zephyr SMP group 2). */
export const statisticsList = command(Op.READ, STATISTICS_GROUP, StatisticsCommand.LIST, {
	answer: { stat_list: list(text) },
});

/** Statistics: group data (Zephyr SMP group 2): the counters of the set `name`. */
export const statisticsData = command(Op.READ, STATISTICS_GROUP, StatisticsCommand.DATA, {
	request: { name: text },
	answer: { fields: record(number) },
});

/** Names of the sets of counters that the device keeps. */
export const statisticsNames = async (device: Requester, options?: RequestOptions): Promise<readonly string[]> =>
	(await device.request(statisticsList, {}, options)).stat_list;

/**
 * The counters of one set.
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
export const statistics = async (device: Requester, name: string, options?: RequestOptions): Promise<Counters> =>
	(await device.request(statisticsData, { name }, options)).fields;
