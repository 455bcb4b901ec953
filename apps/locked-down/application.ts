import { simSvr } from "../../hosts/sim/xs/main.js";
import { furtherGroups } from "../../modules/agent/groups.js";
import { AccessControl } from "../../modules/smp/group/access.js";
import { joinHooks } from "../../modules/smp/server.js";
import { DEVELOPMENT_KEY, RULES } from "./rules.js";

// The application that serves only whom it knows, and keeps a record of who wrote what, on the simulated board.

simSvr((base, options) => {
	const { host } = base;
	const access = new AccessControl({
		rules: RULES,
		key: Uint8Array.from(DEVELOPMENT_KEY),
		digest: host.digest,
		entropy: (into) => host.random!(into),
		uptime: () => host.uptime(),
	});
	const { groups, hooks } = furtherGroups(base, {
		...options,
		audit: true,
		trusts: (origin) => access.isUnlocked(origin),
		own: [access.group],
	});
	return { ...(groups && { groups }), hooks: joinHooks(access.hooks, hooks) };
});
