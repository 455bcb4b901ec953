import { longestPacket, type RecoveryBuild } from "../../../../modules/bootutil/loader/recovery/build.js";
import { bootOrRecover, type Entrance } from "../../../../modules/bootutil/loader/recovery/flow.js";
import { Recovery } from "../../../../modules/bootutil/loader/recovery/recovery.js";
import { MODES } from "../../../../modules/bootutil/modes.js";
import { ConsoleTransport } from "../../../../modules/smp/transport/console.js";
import { NativeCodec } from "../../../../modules/smp/transport/native-codec.js";
import { RawTransport } from "../../../../modules/smp/transport/raw.js";
import type { Transport } from "../../../../modules/smp/transport/transport.js";
import type { RecoveryConfig } from "../../../desk/xs/config.js";
import { log, report } from "../../../desk/xs/event.js";
import { type LoaderRun, loaderServices } from "../../../desk/xs/loader.js";
import { SimUart } from "../../../desk/xs/uart.js";
import { board } from "./board.js";

// Serial recovery on the simulated board's UART.

/** How long an answer to a reset has for leaving the device, milliseconds (MCUboot boot_serial.c, `bs_reset`). */
const RESET_DELAY = 250;

/** One boot of a boot loader with serial recovery. */
export function boot(run: LoaderRun, { entrances, wait, directUpload }: RecoveryConfig): void {
	const { config, build: loaderBuild, map, loader, finish } = run;
	const { newest, reverts, singleSlot } = MODES[config.boot.mode];
	const build: RecoveryBuild = {
		...{ hash: true, state: !singleSlot, slotInfo: true, echo: true, params: true, directUpload },
		// Erasing the trailer after the last packet would take away what marks an image in this mode.
		eraseProgressively: !(newest && reverts),
	};
	const enter = (by: Entrance): void => {
		log(`serial recovery (${by}): the boot loader answers on the serial line`);
		report({ event: "recovery", by });
	};
	const serve = (onRequest?: () => void): Transport => {
		const transport = open(config.uart, build);
		new Recovery(build, {
			...{ map, config: loaderBuild, services: loaderServices() },
			reset: () => void simulator.after(RESET_DELAY, () => simulator.reset()),
			...(onRequest && { onRequest }),
		}).attach(transport);
		return transport;
	};
	bootOrRecover(board, {
		...{ entrances, wait, finish },
		boot: () => loader.boot(),
		recover: (by) => {
			enter(by);
			serve();
		},
		listen: (ms, quiet) => {
			let heard = false;
			const transport = serve(() => {
				if (heard) return;
				heard = true;
				simulator.cancel(timer);
				enter("wait");
			});
			const timer = simulator.after(ms, () => {
				transport.close();
				quiet();
			});
		},
	});
}

function open(framing: "console" | "raw", build: RecoveryBuild): Transport {
	const uart = new SimUart();
	if (framing === "raw") return new RawTransport(uart, { uptime: () => simulator.uptime() });
	// Longer lines than MCUboot's 128 bytes (`BOOT_MAX_LINE_INPUT_LEN`), for newtmgr with the mtu of the OTA guide.
	return new ConsoleTransport(uart, { maxPacket: longestPacket(build), codec: new NativeCodec(simulator) });
}
