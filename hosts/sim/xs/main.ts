import { BUFFERS } from "../../../modules/agent/agent.js";
import type { Extend } from "../../../modules/agent/application.js";
import { furtherGroups, poolsOf, tasksOf } from "../../../modules/agent/groups.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";
import { FlashCounters, UploadCounters } from "../../../modules/smp/group/counters.js";
import { UploadLock } from "../../../modules/smp/group/image/upload-lock.js";
import { joinHooks } from "../../../modules/smp/server.js";
import { RawTransport } from "../../../modules/smp/transport/raw.js";
import type { ByteStream } from "../../../modules/smp/transport/stream.js";
import type { Transport } from "../../../modules/smp/transport/transport.js";
import { runApplication } from "../../desk/xs/board.js";
import { readConfig, type SimConfig } from "../../desk/xs/config.js";
import { simFiles } from "./app/files.js";
import { type ImageChecks, withImageChecks } from "./app/image-checks.js";
import { SimTcpTransport } from "./app/tcp.js";
import { SimHost } from "./host.js";

// The simulated board: a host with room for every group, whose flash operations are counted.

/** A slot of XS on machines of 64 bits. */
const SLOT_SIZE = 32;

const rawUart = (stream: ByteStream, maxPacket: number): Transport =>
	new RawTransport(stream, { maxPacket, uptime: () => simulator.uptime() });

class CountedHost extends SimHost {
	readonly counters = new FlashCounters();

	override flash(label: string): FlashPartition {
		return this.counters.partition(super.flash(label));
	}
}

function run(config: SimConfig, checks: ImageChecks): void {
	const host = new CountedHost(config.layout);
	const uploads = new UploadCounters();
	const lock = new UploadLock(() => host.uptime());
	const tcp = SimTcpTransport.open(BUFFERS.size);
	const extend: Extend = (base, { groups: own, hooks: first, shell, audit, trusts }) => {
		const { groups, hooks } = furtherGroups(base, {
			uploads,
			flash: host.counters,
			transports: ["uart", "udp", ...(tcp ? ["tcp"] : [])],
			...(config.files && { files: simFiles }),
			...(own && { own }),
			...(shell && { shell }),
			...(audit && { audit }),
			...(trusts && { trusts }),
		});
		return { ...(groups && { groups }), hooks: joinHooks(first, joinHooks(hooks, lock.hooks)) };
	};
	runApplication(host, config, extend, {
		...checks,
		os: {
			tasks: () => tasksOf(simulator.memory()),
			pools: () => poolsOf(simulator.memory(), SLOT_SIZE),
			silentConsole: true,
		},
		...(config.uart === "raw" && { uart: rawUart }),
		...(tcp && { links: [{ name: "tcp", transport: tcp }] }),
		mayReset: (wanted) => lock.mayReset(wanted),
		mayUpload: (first, origin) => lock.mayUpload(first, origin),
		onImage: (event) => {
			uploads.onEvent(event);
			lock.onEvent(event);
		},
	});
}

const config = readConfig();
withImageChecks(config, (checks) => run(config, checks));
