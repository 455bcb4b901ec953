/**
 * The client's core: an SMP client over any link, and whole updates with it. Nothing of it needs Node.
 *
 * @module xs-smp
 */

export { Op } from "../modules/smp/header.js";
export type { ByteStream } from "../modules/smp/transport/stream.js";
export { isWrongKey, keepUnlocked, lock, unlock } from "./access.js";
export {
	type Abortable,
	AnswerError,
	type Capacity,
	type Chunks,
	type Fields,
	type ImageState,
	type Link,
	type MemoryPool,
	NoAnswerError,
	type OnDenied,
	type Parameters,
	type Patience,
	type RequestArguments,
	type Requester,
	type RequestOptions,
	type ResetOptions,
	type SlotInfo,
	SmpClient,
	SmpResponseError,
	type TaskState,
	type TransferOptions,
	type TransferResult,
	type UploadOptions,
	type UploadResult,
} from "./client.js";
export type { Answer, Command, RequestOf } from "./command.js";
export { consoleLink } from "./console.js";
export { type Dependency, unmetDependencies } from "./dependencies.js";
export type { Refusal } from "./errors.js";
export { type ImageFile, ImageFileError, readImageFile } from "./image-file.js";
export type { DisposableLink } from "./link.js";
export { type Outcome, outcomeOf, type Sent } from "./outcome.js";
export { rawLink } from "./raw.js";
export { SharedLink } from "./shared.js";
export { checkArrival, checkMark, findTarget, type Target } from "./target.js";
export {
	type Update,
	type UpgradeAllOptions,
	type UpgradeOptions,
	type UpgradeResult,
	type UpgradeStep,
	upgrade,
	upgradeAll,
} from "./upgrade.js";
