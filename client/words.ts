import { Rc } from "../modules/smp/errors.js";
import { Op } from "../modules/smp/header.js";
import { ACCESS_GROUP, AccessCommand, AccessError } from "../modules/smp/protocol/access.js";
import { AUDIT_GROUP, AuditCommand } from "../modules/smp/protocol/audit.js";
import { BOOT_JOURNAL_GROUP, BootJournalCommand } from "../modules/smp/protocol/boot-journal.js";
import { ENUMERATION_GROUP, EnumerationCommand, EnumerationError } from "../modules/smp/protocol/enumeration.js";
import { FS_GROUP, FsCommand, FsError } from "../modules/smp/protocol/fs.js";
import { IMAGE_GROUP, ImageCommand, ImageError } from "../modules/smp/protocol/image.js";
import { LAST_ERROR_GROUP, LastErrorCommand } from "../modules/smp/protocol/last-error.js";
import { OS_GROUP, OsCommand, OsError } from "../modules/smp/protocol/os.js";
import { SETTINGS_GROUP, SettingsCommand, SettingsError } from "../modules/smp/protocol/settings.js";
import { SHELL_GROUP, ShellCommandId, ShellError } from "../modules/smp/protocol/shell.js";
import { STATISTICS_GROUP, StatisticsCommand, StatisticsError } from "../modules/smp/protocol/statistics.js";
import { TRANSPORT_GROUP, TransportCommand, TransportError } from "../modules/smp/protocol/transport.js";
import { ZEPHYR_GROUP, ZephyrCommand, ZephyrError } from "../modules/smp/protocol/zephyr.js";
import type { Request } from "./fields.js";

// The words that sentences have for the numbers of the protocol.

/** What a code means, in words: of a group's own list, or without a group of the one that all share. */
export const explainCode = (code: number, group?: number): string =>
	(group === undefined ? SMP_CODES : GROUP_CODES[group])?.[code] ??
	(group === undefined && code >= Rc.USER
		? "an error of the application's own"
		: "an error that this client does not know");

/** As `explainCode`, and the number. */
export const codeText = (code: number, group?: number): string =>
	`${explainCode(code, group)} (${group === undefined ? "rc" : `${groupName(group)} error`} ${code})`;

const groupName = (group: number): string => `${GROUP_NAMES[group] ?? group} group`;

/** A request as sentences name it. */
export function commandName({ op, group, command, name }: Omit<Request, "fields">): string {
	const known = name ?? COMMAND_NAMES[group]?.[command] ?? `command ${command} of group ${group}`;
	return typeof known === "string" ? known : known[op === Op.READ ? 0 : 1];
}

const GROUP_NAMES: Readonly<Record<number, string>> = {
	[OS_GROUP]: "OS",
	[IMAGE_GROUP]: "image",
	[STATISTICS_GROUP]: "statistics",
	[SETTINGS_GROUP]: "settings",
	[FS_GROUP]: "file",
	[SHELL_GROUP]: "shell",
	[ENUMERATION_GROUP]: "enumeration",
	[TRANSPORT_GROUP]: "transport",
	[ZEPHYR_GROUP]: "Zephyr",
	[ACCESS_GROUP]: "access",
	[AUDIT_GROUP]: "audit",
	[LAST_ERROR_GROUP]: "last error",
	[BOOT_JOURNAL_GROUP]: "boot journal",
};

/** Of both operations, or of reading and of writing. */
type CommandName = string | readonly [read: string, write: string];

const COMMAND_NAMES: Readonly<Record<number, Readonly<Record<number, CommandName>>>> = {
	[OS_GROUP]: {
		[OsCommand.ECHO]: "the echo",
		[OsCommand.CONSOLE_ECHO]: "the console echo control",
		[OsCommand.TASK_STATISTICS]: "the task statistics",
		[OsCommand.MEMORY_POOLS]: "the question for its memory pools",
		[OsCommand.DATE_TIME]: "the date and time",
		[OsCommand.RESET]: "the reset",
		[OsCommand.PARAMETERS]: "the question for its buffers",
		[OsCommand.INFO]: "the question for its name",
		[OsCommand.BOOTLOADER]: "the question for its boot loader",
	},
	[IMAGE_GROUP]: {
		[ImageCommand.STATE]: "the image state",
		[ImageCommand.UPLOAD]: "the upload",
		[ImageCommand.ERASE]: "the erase",
		[ImageCommand.SLOT_INFO]: "the question for its slots",
	},
	[STATISTICS_GROUP]: {
		[StatisticsCommand.DATA]: "the question for its statistics",
		[StatisticsCommand.LIST]: "the question for the names of its statistics",
	},
	[SETTINGS_GROUP]: {
		[SettingsCommand.VALUE]: ["the question for the setting", "the setting"],
		[SettingsCommand.DELETE]: "the deletion of the setting",
		[SettingsCommand.COMMIT]: "the commit of the settings",
		[SettingsCommand.LOAD_SAVE]: ["the load of the settings", "the save of the settings"],
	},
	[FS_GROUP]: {
		[FsCommand.FILE]: ["the download of the file", "the upload of the file"],
		[FsCommand.STATUS]: "the question for the file's size",
		[FsCommand.HASH]: "the question for the file's hash",
		[FsCommand.HASHES]: "the question for its hashes",
		[FsCommand.CLOSE]: "the close of the file",
	},
	[SHELL_GROUP]: { [ShellCommandId.EXECUTE]: "the command line" },
	[ENUMERATION_GROUP]: {
		[EnumerationCommand.COUNT]: "the question for the number of its groups",
		[EnumerationCommand.LIST]: "the question for its groups",
		[EnumerationCommand.SINGLE]: "the question for a group",
		[EnumerationCommand.DETAILS]: "the question for its groups",
	},
	[TRANSPORT_GROUP]: {
		[TransportCommand.STATUS]: "the question for its bridges",
		[TransportCommand.LIST]: "the question for its transports",
		[TransportCommand.MODES]: "the question for the transport's modes",
		[TransportCommand.CONFIGURATION]: "the question for the transport's configuration",
	},
	[ZEPHYR_GROUP]: { [ZephyrCommand.ERASE_STORAGE]: "the erase of the storage" },
	[ACCESS_GROUP]: {
		[AccessCommand.CHALLENGE]: "the question for a challenge",
		[AccessCommand.ANSWER]: "the answer to its challenge",
		[AccessCommand.LOCK]: "the lock",
	},
	[AUDIT_GROUP]: { [AuditCommand.RECORDS]: "the question for its audit log" },
	[LAST_ERROR_GROUP]: { [LastErrorCommand.LAST]: "the question for its last error" },
	[BOOT_JOURNAL_GROUP]: {
		[BootJournalCommand.BOOTS]: "the question for its boots",
		[BootJournalCommand.SAFE_MODE]: ["the question for its safe mode", "the end of its safe mode"],
		[BootJournalCommand.FORECAST]: "the question for its next boot",
	},
};

// Zephyr documentation, SMP protocol specification (Error codes), and the enums of the management groups' headers.

const SMP_CODES: Readonly<Record<number, string>> = {
	[Rc.UNKNOWN]: "an error without a name",
	[Rc.NO_MEMORY]: "it is out of memory",
	[Rc.INVALID]: "a value is not valid",
	[Rc.TIMEOUT]: "it took too long",
	[Rc.NO_ENTRY]: "there is no such thing",
	[Rc.BAD_STATE]: "this cannot be done in its present state",
	[Rc.TOO_LARGE]: "the answer does not fit its buffer",
	[Rc.NOT_SUPPORTED]: "it has no such command",
	[Rc.CORRUPT]: "the packet arrived damaged",
	[Rc.BUSY]: "it is busy",
	[Rc.ACCESS_DENIED]: "access is denied",
	[Rc.VERSION_TOO_OLD]: "the client's version of the protocol is too old",
	[Rc.VERSION_TOO_NEW]: "the client's version of the protocol is too new",
};

/** `…_ERR_UNKNOWN`, the same in each of Zephyr's groups. */
const UNKNOWN = 1;

/** Codes of Zephyr's image group with which modules/smp never answers, so that the device has no names for them. */
const OtherImageError = {
	FLASH_CONFIG_QUERY_FAIL: 2,
	NO_IMAGE: 3,
	NO_TLVS: 4,
	INVALID_TLV: 5,
	TLV_MULTIPLE_HASHES_FOUND: 6,
	TLV_INVALID_SIZE: 7,
	NO_FREE_MEMORY: 15,
	FLASH_CONTEXT_ALREADY_SET: 16,
	FLASH_CONTEXT_NOT_SET: 17,
	FLASH_AREA_DEVICE_NULL: 18,
	INVALID_PAGE_OFFSET: 19,
	ACTIVE_SLOT_NOT_KNOWN: 34,
} as const;

/** The same of the statistics, the file system and the enumeration group. */
const OtherStatisticsError = { WALK_ABORTED: 5 } as const;
const OtherFsError = {
	FILE_OPEN_FAILED: 5,
	FILE_SEEK_FAILED: 6,
	FILE_TRUNCATE_FAILED: 8,
	FILE_DELETE_FAILED: 9,
} as const;
const OtherEnumerationError = { INSUFFICIENT_HEAP_FOR_ENTRIES: 3 } as const;
const OtherTransportError = {
	NO_BRIDGE: 2,
	ALL_CONTEXTS_USED: 6,
	BOTH_TRANSPORT_AND_ALL: 7,
	NOT_BRIDGED: 8,
	SAME_TRANSPORT: 9,
	INCOMING_NOT_SUPPORTED: 10,
	OUTGOING_NOT_SUPPORTED: 11,
	INCOMING_ALREADY_BRIDGED: 12,
	OUTGOING_ALREADY_BRIDGED: 13,
} as const;

const GROUP_CODES: Readonly<Record<number, Readonly<Record<number, string>>>> = {
	[OS_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[OsError.INVALID_FORMAT]: "the format has an unknown letter",
		[OsError.QUERY_YIELDS_NO_ANSWER]: "the boot loader has no answer to this question",
		[OsError.RTC_NOT_SET]: "the clock was never set",
		[OsError.RTC_COMMAND_FAILED]: "the clock failed",
		[OsError.QUERY_RESPONSE_VALUE_NOT_VALID]: "the boot loader's answer is not valid",
	},
	[IMAGE_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[OtherImageError.FLASH_CONFIG_QUERY_FAIL]: "the flash's configuration cannot be read",
		[OtherImageError.NO_IMAGE]: "there is no image in the slot",
		[OtherImageError.NO_TLVS]: "the image has no TLVs",
		[OtherImageError.INVALID_TLV]: "a TLV of the image is not valid",
		[OtherImageError.TLV_MULTIPLE_HASHES_FOUND]: "the image has more than one hash",
		[OtherImageError.TLV_INVALID_SIZE]: "the image's hash has another size",
		[ImageError.HASH_NOT_FOUND]: "no image has this hash",
		[ImageError.NO_FREE_SLOT]: "no slot is free",
		[ImageError.FLASH_OPEN_FAILED]: "the flash cannot be opened",
		[ImageError.FLASH_READ_FAILED]: "the flash cannot be read",
		[ImageError.FLASH_WRITE_FAILED]: "the flash cannot be written",
		[ImageError.FLASH_ERASE_FAILED]: "the flash cannot be erased",
		[ImageError.INVALID_SLOT]: "there is no such slot",
		[OtherImageError.NO_FREE_MEMORY]: "it is out of memory",
		[OtherImageError.FLASH_CONTEXT_ALREADY_SET]: "a flash context is open already",
		[OtherImageError.FLASH_CONTEXT_NOT_SET]: "no flash context is open",
		[OtherImageError.FLASH_AREA_DEVICE_NULL]: "the flash area has no device",
		[OtherImageError.INVALID_PAGE_OFFSET]: "the offset is at no page",
		[ImageError.INVALID_OFFSET]: "the offset is missing",
		[ImageError.INVALID_LENGTH]: "the length is missing",
		[ImageError.INVALID_IMAGE_HEADER]: "the image header is damaged",
		[ImageError.INVALID_IMAGE_HEADER_MAGIC]: "the file is no MCUboot image",
		[ImageError.INVALID_HASH]: "the hash is not valid",
		[ImageError.INVALID_FLASH_ADDRESS]: "the image is linked for another address",
		[ImageError.VERSION_GET_FAILED]: "the version of the running image cannot be read",
		[ImageError.CURRENT_VERSION_IS_NEWER]: "the running image is not older",
		[ImageError.IMAGE_ALREADY_PENDING]: "another image waits for the next boot already",
		[ImageError.INVALID_IMAGE_VECTOR_TABLE]: "the slot holds no image that could be marked",
		[ImageError.INVALID_IMAGE_TOO_LARGE]: "the image is too large for the slot",
		[ImageError.INVALID_IMAGE_DATA_OVERRUN]: "there is more data than was announced",
		[ImageError.IMAGE_CONFIRMATION_DENIED]: "this image may not be confirmed",
		[ImageError.IMAGE_SETTING_TEST_TO_ACTIVE_DENIED]: "the running image cannot be put to the test",
		[OtherImageError.ACTIVE_SLOT_NOT_KNOWN]: "the active slot is not known",
	},
	[STATISTICS_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[StatisticsError.INVALID_GROUP]: "there is no such group of statistics",
		[StatisticsError.INVALID_STAT_NAME]: "there is no such statistic",
		[StatisticsError.INVALID_STAT_SIZE]: "a statistic has an unknown size",
		[OtherStatisticsError.WALK_ABORTED]: "the statistics cannot be walked",
	},
	[SETTINGS_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[SettingsError.KEY_TOO_LONG]: "the key is too long",
		[SettingsError.KEY_NOT_FOUND]: "there is no such key",
		[SettingsError.READ_NOT_SUPPORTED]: "the key cannot be read",
		[SettingsError.ROOT_KEY_NOT_FOUND]: "there is no such root",
		[SettingsError.WRITE_NOT_SUPPORTED]: "the key cannot be written",
		[SettingsError.DELETE_NOT_SUPPORTED]: "the key cannot be deleted",
		[SettingsError.SAVE_NOT_SUPPORTED]: "settings cannot be saved",
	},
	[FS_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[FsError.FILE_INVALID_NAME]: "the file name is not valid",
		[FsError.FILE_NOT_FOUND]: "there is no such file",
		[FsError.FILE_IS_DIRECTORY]: "it is a directory",
		[OtherFsError.FILE_OPEN_FAILED]: "the file cannot be opened",
		[OtherFsError.FILE_SEEK_FAILED]: "the place in the file cannot be reached",
		[FsError.FILE_READ_FAILED]: "the file cannot be read",
		[OtherFsError.FILE_TRUNCATE_FAILED]: "the file cannot be cut",
		[OtherFsError.FILE_DELETE_FAILED]: "the file cannot be deleted",
		[FsError.FILE_WRITE_FAILED]: "the file cannot be written",
		[FsError.FILE_OFFSET_NOT_VALID]: "the offset is not valid",
		[FsError.FILE_OFFSET_LARGER_THAN_FILE]: "the offset is beyond the end of the file",
		[FsError.CHECKSUM_HASH_NOT_FOUND]: "there is no such hash",
		[FsError.MOUNT_POINT_NOT_FOUND]: "there is no such mount point",
		[FsError.READ_ONLY_FILESYSTEM]: "the file system is read-only",
		[FsError.FILE_EMPTY]: "the file is empty",
	},
	[SHELL_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[ShellError.COMMAND_TOO_LONG]: "the command line is too long",
		[ShellError.EMPTY_COMMAND]: "the command line is empty",
	},
	[ENUMERATION_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[EnumerationError.TOO_MANY_GROUP_ENTRIES]: "too many groups were named",
		[OtherEnumerationError.INSUFFICIENT_HEAP_FOR_ENTRIES]: "it is out of memory",
		[EnumerationError.INDEX_TOO_LARGE]: "there are not so many groups",
	},
	[TRANSPORT_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[OtherTransportError.NO_BRIDGE]: "the transport cannot join a bridge",
		[TransportError.NO_INFORMATION]: "the transport tells nothing of itself",
		[TransportError.INVALID_TRANSPORT]: "there is no such transport",
		[TransportError.INVALID_MODE]: "the transport has no such mode",
		[OtherTransportError.ALL_CONTEXTS_USED]: "all bridges are in use",
		[OtherTransportError.BOTH_TRANSPORT_AND_ALL]: "one transport is meant or all, not both",
		[OtherTransportError.NOT_BRIDGED]: "the transport is not bridged",
		[OtherTransportError.SAME_TRANSPORT]: "the transport cannot be bridged to itself",
		[OtherTransportError.INCOMING_NOT_SUPPORTED]: "the transport cannot be where a bridge begins",
		[OtherTransportError.OUTGOING_NOT_SUPPORTED]: "the transport cannot be where a bridge ends",
		[OtherTransportError.INCOMING_ALREADY_BRIDGED]: "the transport where the bridge begins is bridged already",
		[OtherTransportError.OUTGOING_ALREADY_BRIDGED]: "the transport where the bridge ends is bridged already",
	},
	[ZEPHYR_GROUP]: {
		[UNKNOWN]: "an error without a name",
		[ZephyrError.FLASH_OPEN_FAILED]: "the storage cannot be opened",
		[ZephyrError.FLASH_CONFIG_QUERY_FAIL]: "the storage's configuration cannot be read",
		[ZephyrError.FLASH_ERASE_FAILED]: "the storage cannot be erased",
	},
	[ACCESS_GROUP]: { [AccessError.WRONG_ANSWER]: "the answer is wrong" },
};
