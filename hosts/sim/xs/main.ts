import { type Base, BUFFERS, type Further, type SmpSvrOptions, smpSvr } from "../../../modules/agent/agent.js";
import { type FurtherOptions, furtherGroups, poolsOf, tasksOf } from "../../../modules/agent/groups.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";
import { FlashCounters, UploadCounters } from "../../../modules/smp/group/counters.js";
import { UploadLock } from "../../../modules/smp/group/image/upload-lock.js";
import { joinHooks } from "../../../modules/smp/server.js";
import { RawTransport } from "../../../modules/smp/transport/raw.js";
import type { ByteStream } from "../../../modules/smp/transport/stream.js";
import type { Transport } from "../../../modules/smp/transport/transport.js";
import { smpSvrEmulated } from "../../desk/xs/board.js";
import type { SimConfig } from "../../desk/xs/config.js";
import { simFiles } from "./app/files.js";
import { type ImageChecks, withImageChecks } from "./app/image-checks.js";
import { SimTcpTransport } from "./app/tcp.js";
import { readConfig, SimHost } from "./host.js";

const rawUart = (stream: ByteStream, maxPacket: number): Transport =>
	new RawTransport(stream, { maxPacket, uptime: () => simulator.uptime() });

/** A slot of XS on machines of 64 bits. */
const SLOT_SIZE = 32;

/** The simulated board, its flash operations counted. */
class CountedHost extends SimHost {
	readonly counters = new FlashCounters();

	override flash(label: string): FlashPartition {
		return this.counters.partition(super.flash(label));
	}
}

/** An application's own say (docs/SMP.md, Hooks). */
export type Own = Pick<SmpSvrOptions, "mayReset" | "image" | "onImage"> & {
	readonly os?: Pick<NonNullable<SmpSvrOptions["os"]>, "ownInfo">;
};

/** Makes further groups and hooks of the options. */
type Adapt = (base: Base, options: FurtherOptions) => Further;

/** Runs the application with all groups on the simulated board. `adapt` may replace what that makes of the options. */
export function simSvr(adapt: Adapt = furtherGroups, own: Own = {}): void {
	const config = readConfig();
	withImageChecks(config, (checks) => run(config, checks, adapt, own));
}

function run(config: SimConfig, checks: ImageChecks, adapt: Adapt, own: Own): void {
	smpSvrEmulated(
		(layout) => new CountedHost(layout),
		(host, options) => {
			const uploads = new UploadCounters();
			const lock = new UploadLock(() => host.uptime());
			const tcp = SimTcpTransport.open(BUFFERS.size);
			const svr = smpSvr(host, {
				...options,
				...checks,
				os: {
					tasks: () => tasksOf(simulator.memory()),
					pools: () => poolsOf(simulator.memory(), SLOT_SIZE),
					silentConsole: true,
					...own.os,
				},
				...(own.image && { image: own.image }),
				...(config.uart === "raw" && { uart: rawUart }),
				mayReset: (wanted) => {
					lock.mayReset(wanted);
					own.mayReset?.(wanted);
				},
				mayUpload: (first, origin) => lock.mayUpload(first, origin),
				onImage: (event) => {
					uploads.onEvent(event);
					lock.onEvent(event);
					own.onImage?.(event);
				},
				further: (base) => {
					const { groups, hooks } = adapt(base, {
						uploads,
						flash: (host as CountedHost).counters,
						transports: ["uart", "udp", ...(tcp ? ["tcp"] : [])],
						...(config.files && { files: simFiles }),
					});
					return { ...(groups && { groups }), hooks: joinHooks(hooks, lock.hooks) };
				},
			});
			if (tcp) svr.server.attach(tcp, "tcp");
			return svr;
		},
	);
}
