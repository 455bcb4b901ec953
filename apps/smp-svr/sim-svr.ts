import { simFiles } from "../../hosts/sim/xs/app/files.js";
import { type ImageChecks, withImageChecks } from "../../hosts/sim/xs/app/image-checks.js";
import { SimTcpTransport } from "../../hosts/sim/xs/app/tcp.js";
import type { SimConfig } from "../../hosts/sim/xs/config.js";
import { readConfig, SimHost } from "../../hosts/sim/xs/host.js";
import type { FlashPartition } from "../../modules/flash/partition.js";
import { FlashCounters, UploadCounters } from "../../modules/smp/counters.js";
import { joinHooks } from "../../modules/smp/server.js";
import { RawTransport } from "../../modules/smp/transport/raw.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";
import type { Transport } from "../../modules/smp/transport/transport.js";
import { UploadLock } from "../../modules/smp/upload-lock.js";
import { smpSvrEmulated } from "./emulated.js";
import { type FurtherOptions, furtherGroups, poolsOf, tasksOf } from "./further.js";
import { type Base, BUFFERS, type Further, smpSvr } from "./smp-svr.js";

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

/** Runs the application with all groups on the simulated board. `adapt` may replace what that makes of the options. */
export function simSvr(
	adapt: (base: Base, options: FurtherOptions) => Further = (base, options) => furtherGroups(base, options),
): void {
	const config = readConfig();
	withImageChecks(config, (checks) => run(config, checks, adapt));
}

function run(config: SimConfig, checks: ImageChecks, adapt: (base: Base, options: FurtherOptions) => Further): void {
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
				},
				...(config.uart === "raw" && { uart: rawUart }),
				mayReset: (wanted) => lock.mayReset(wanted),
				mayUpload: (first, origin) => lock.mayUpload(first, origin),
				onImage: (event) => {
					uploads.onEvent(event);
					lock.onEvent(event);
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
