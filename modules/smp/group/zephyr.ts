import { GroupError, Rc } from "../errors.js";
import type { Group } from "../group.js";

/** Id of the group of basic Zephyr commands. */
export const ZEPHYR_GROUP = 63;

/** Error codes of the group (Zephyr SMP group 63, Zephyr basic management). */
export const ZephyrError = Object.freeze({
	FLASH_OPEN_FAILED: 2,
	FLASH_CONFIG_QUERY_FAIL: 3,
	FLASH_ERASE_FAILED: 4,
} as const);

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
