// A device application that tests itself before it keeps an update: npm start -- --app ./examples/self-check
import type { Application } from "xs-smp/modules/agent/application";

/** How long after the start the sensor is read, milliseconds. */
const SETTLE = 500;

/** Stands for a driver of the board's own. */
const readSensor = (): number => 21.5;

export const application: Application = (board) => {
	const { host } = board;
	// With "smp" the agent leaves the confirmation to clients and to this application.
	const { boot } = board.start({ confirm: "smp" });
	// A confirmed image has nothing to prove.
	if (boot.boot_is_img_confirmed(0)) return;
	host.after(SETTLE, () => {
		const celsius = readSensor();
		if (celsius < -40 || celsius > 85) {
			// Nothing is confirmed: the boot loader brings the former firmware back.
			host.log(`<err> self_check: the sensor says ${celsius} degrees`);
			host.reset();
			return;
		}
		const rc = boot.boot_write_img_confirmed_multi(0);
		host.log(rc === 0 ? "<inf> self_check: the update stays" : `<err> self_check: flash error ${rc}`);
	});
};
