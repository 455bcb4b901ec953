import { GroupError, Rc } from "../errors.js";
import type { Group } from "../group.js";
import { ZEPHYR_GROUP, ZephyrError } from "../protocol/zephyr.js";

/** The group of basic Zephyr commands (Zephyr SMP group 63). `eraseStorage` erases the storage partition. */
export function zephyrGroup(eraseStorage: () => void): Group {
	return {
		id: ZEPHYR_GROUP,
		name: "zephyr basic mgmt",
		commands: {
			0: {
				name: "erase storage",
				write: {
					handle: () => {
						try {
							eraseStorage();
						} catch (error) {
							const why = error instanceof Error ? error.message : "erasing failed";
							throw new GroupError(ZEPHYR_GROUP, ZephyrError.FLASH_ERASE_FAILED, why);
						}
						return {};
					},
				},
			},
		},
		errors: V1_ERRORS,
	};
}

const V1_ERRORS = Object.freeze({ [ZephyrError.FLASH_OPEN_FAILED]: Rc.NO_ENTRY });
