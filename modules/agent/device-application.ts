import { findTlv, hashTlv, tlvContent } from "../bootutil/tlv.js";
import { hexOf } from "../bytes/hex.js";
import type { FlashArea } from "../flash/area.js";
import type { Group } from "../smp/group.js";
import { type Agent, forLog, onTrial, runningVersion } from "./agent.js";
import { isCheckName } from "./checks.js";
import type { Device, DeviceBoot, DeviceCheck, DeviceImage, DeviceRoom, DeviceSettings } from "./device.js";
import type { Host, Timer } from "./host.js";

/** Ids below are the agent's (`MGMT_GROUP_ID_PERUSER`). */
const FIRST_OWN_GROUP = 64;

/** How long a check may take unless it says otherwise, milliseconds. */
const CHECK_TIMEOUT = 5000;

/** The longest that it may, milliseconds. */
const LONGEST_CHECK = 3_600_000;

/** Most checks that an application can name, and most groups that a device has. */
const MOST_CHECKS = 16;
const MOST_GROUPS = 48;

/** The label of flash areas for applications, whole or up to a hyphen. */
const AREA = "application";

/** The image that an application is in: the last one, so that image 0 is the runtime where there are two. */
export const applicationImage = ({ config }: Agent["boot"]): number => config.images - 1;

/** The device as an application in an image sees it. */
export class ApplicationDevice implements Device {
	readonly image: DeviceImage;
	readonly boot: DeviceBoot;
	declare readonly settings?: DeviceSettings;
	declare readonly shell?: NonNullable<Device["shell"]>;
	declare readonly statistics?: NonNullable<Device["statistics"]>;
	readonly #host: Host;
	readonly #agent: Agent;
	readonly #room: DeviceRoom;
	/** Names of the checks so far. */
	readonly #checks: string[] = [];

	constructor(host: Host, agent: Agent, room: DeviceRoom) {
		this.#host = host;
		this.#agent = agent;
		this.#room = room;
		const { boot } = agent;
		const number = applicationImage(boot);
		this.image = Object.freeze({
			number,
			version: runningVersion(boot, number),
			hash: hashOf(agent, number),
			onTrial: onTrial(boot, number),
		});
		this.boot = Object.freeze({
			boot_is_img_confirmed: () => boot.boot_is_img_confirmed(number),
			boot_write_img_confirmed: () => boot.boot_write_img_confirmed_multi(number),
			boot_swap_type: () => boot.boot_swap_type_multi(number),
		});
		const { settings, shell, statistics } = room;
		if (settings) this.settings = Object.freeze(settings);
		if (shell) this.shell = shell;
		if (statistics) this.statistics = statistics;
		Object.freeze(this);
	}

	uptime(): number {
		return this.#host.uptime();
	}

	log(line: string): void {
		this.#host.log(`<inf> app: ${forLog(String(line))}`);
	}

	after(ms: number, callback: () => void): Timer {
		return Object.freeze(this.#host.after(ms, callback));
	}

	every(ms: number, callback: () => void): Timer {
		const host = this.#host;
		const pause = Math.max(1, ms);
		let timer: Timer;
		const elapsed = (): void => {
			timer = host.after(pause, elapsed);
			callback();
		};
		timer = host.after(pause, elapsed);
		return Object.freeze({ cancel: () => timer.cancel() });
	}

	group(group: Group): void {
		const { server } = this.#agent;
		if (!Number.isInteger(group.id) || group.id < FIRST_OWN_GROUP || group.id > 0xffff)
			throw new RangeError(`a group of an application has an id from ${FIRST_OWN_GROUP} to 65535, not ${group.id}`);
		const taken = server.groups.find(({ id }) => id === group.id);
		if (taken) throw new RangeError(`the group id ${group.id} is taken, by "${taken.name}"`);
		if (server.groups.length >= MOST_GROUPS) throw new RangeError(`a device has ${MOST_GROUPS} groups at most`);
		server.add(group);
		this.#room.groups?.push(group);
	}

	area(label: string): FlashArea {
		const area = label === AREA || label.startsWith(`${AREA}-`) ? this.#agent.boot.map.labelled(label) : undefined;
		if (!area) throw new RangeError(`this board has no flash area "${label}" for applications`);
		return area;
	}

	check(name: string, run: DeviceCheck["run"], { timeout = CHECK_TIMEOUT }: { readonly timeout?: number } = {}): void {
		if (typeof name !== "string" || !isCheckName(name))
			throw new RangeError("the name of a check is 1 to 32 letters, digits, hyphens or underscores");
		if (!(timeout >= 1 && timeout <= LONGEST_CHECK))
			throw new RangeError(`a check may take 1 to ${LONGEST_CHECK} milliseconds, not ${timeout}`);
		if (this.#checks.includes(name)) throw new RangeError(`there is a check "${name}" already`);
		if (this.#checks.length >= MOST_CHECKS) throw new RangeError(`an application can name ${MOST_CHECKS} checks`);
		this.#checks.push(name);
		this.#agent.confirmation?.named({ name, run, timeout });
	}
}

function hashOf({ boot }: Agent, image: number): string {
	const area = boot.activeArea(image);
	const { header } = boot.boot_image_load_header(area);
	const tlv = header && findTlv(area, header, { type: hashTlv(boot.config.hash) });
	const hash = tlv && tlvContent(area, tlv);
	return hash ? hexOf(hash) : "";
}
