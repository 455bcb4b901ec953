import type { ImageEvent } from "../smp/group/image/image.js";
import type { OsOptions, ResetRequest } from "../smp/group/os.js";
import type { ShellCommand } from "../smp/group/shell-commands.js";
import type { Group, Origin } from "../smp/group.js";
import type { ServerHooks } from "../smp/server.js";
import { type Agent, type AgentOptions, type Base, type Further, startAgent } from "./agent.js";
import type { Host } from "./host.js";
import type { Policy } from "./policy.js";

/**
 * An application: its main module exports one under the name `application`, and its manifest names that module in
 * `config.application`. The board imports that module by its name and calls the function once, at the start.
 */
export type Application = (board: Board) => void;

/** What an application gets: the board that it runs on, and the agent, which waits to be started. */
export interface Board {
	readonly host: Host;
	/** The agent as the board is configured. */
	readonly options: AgentOptions;
	/** The longest time that an update on trial may take to prove itself, milliseconds. */
	readonly trial: number;
	/** Starts the agent. Throws a RangeError for an addition that the board has no room for. */
	start(additions?: Additions): Agent;
}

/** What an application adds to the agent (docs/SMP.md, Hooks). */
export interface Additions {
	/** Groups of its own. Ids from 64 on are for applications (`MGMT_GROUP_ID_PERUSER`). */
	readonly groups?: readonly Group[];
	/** Called before the agent's own hooks. */
	readonly hooks?: ServerHooks;
	/** Further commands of the shell. */
	readonly shell?: Readonly<Record<string, ShellCommand>>;
	/** Whether a record of write requests is kept on flash. Default false. */
	readonly audit?: boolean;
	/** The clients whose writes the record keeps one by one. Default: all. */
	readonly trusts?: (origin: Origin) => boolean;
	/**
	 * Who confirms an update on trial: "smp" leaves it to clients and to the application. Default: as configured. A policy that
	 * the board has from an application in an image counts before this.
	 */
	readonly confirm?: "smp" | Policy;
	/** Refuses a reset by throwing an `SmpError`, after the board had its say. */
	readonly mayReset?: (wanted: ResetRequest) => void;
	/** Called after the board was told. */
	readonly onImage?: (event: ImageEvent) => void;
	/** Who may write images, and further keys of the image list and of slot info. */
	readonly image?: NonNullable<AgentOptions["image"]>;
	/** Letters of the OS information command that the application answers itself (Zephyr SMP group 0, OS/Application info). */
	readonly ownInfo?: NonNullable<OsOptions["ownInfo"]>;
}

/** What a board makes of an application's additions. */
export type Extend = (base: Base, additions: Additions) => Further;

/** A board with room for groups and hooks of the application, and nothing else beside the agent. */
export function extendPlainly(_base: Base, { groups, hooks, shell, audit }: Additions): Further {
	if (shell || audit) throw new RangeError("this board has no shell and no audit log");
	return { ...(groups && { groups }), ...(hooks && { hooks }) };
}

/** Makes the `start` of a board. `started` is called with the running agent. */
export const starter =
	(host: Host, options: AgentOptions, extend: Extend, started?: (agent: Agent) => void): Board["start"] =>
	(additions = {}) => {
		const { image, ownInfo } = additions;
		const confirm = typeof options.confirm === "object" ? undefined : additions.confirm;
		const mayReset = both(options.mayReset, additions.mayReset);
		const onImage = both(options.onImage, additions.onImage);
		const agent = startAgent(host, {
			...options,
			...(confirm && { confirm }),
			...(image && { image }),
			...(ownInfo && { os: { ...options.os, ownInfo } }),
			...(mayReset && { mayReset }),
			...(onImage && { onImage }),
			further: (base) => extend(base, additions),
		});
		started?.(agent);
		return agent;
	};

const both = <T>(
	first: ((value: T) => void) | undefined,
	second: ((value: T) => void) | undefined,
): ((value: T) => void) | undefined =>
	first && second
		? (value) => {
				first(value);
				second(value);
			}
		: (first ?? second);
