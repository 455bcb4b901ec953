import type { Application } from "../../modules/agent/application.js";
import { AccessControl } from "../../modules/smp/group/access.js";
import { DEVELOPMENT_KEY, RULES } from "./rules.js";

/** The agent for clients that know a key, with a record of who wrote what. */
export const application: Application = (board) => {
	const { host } = board;
	if (!host.random) throw new RangeError("this board has no source of random bytes, so it cannot challenge a client");
	const access = new AccessControl({
		rules: RULES,
		key: Uint8Array.from(DEVELOPMENT_KEY),
		digest: host.digest,
		entropy: (into) => host.random!(into),
		uptime: () => host.uptime(),
	});
	board.start({
		groups: [access.group],
		hooks: access.hooks,
		audit: true,
		trusts: (origin) => access.isUnlocked(origin),
	});
};
