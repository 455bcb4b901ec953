import { GroupError } from "../../../../modules/smp/errors.js";
import type { FileSystem } from "../../../../modules/smp/group/fs.js";
import { FS_GROUP, FsError } from "../../../../modules/smp/protocol/fs.js";

const DIRECTORY = -1;
const NOTHING = -2;

/** The files of a directory of the machine that the simulator runs on; "/" is that directory. No path leads out of it. */
export const simFiles: FileSystem = Object.freeze({
	size: (path: string) => {
		const size = attempt(FsError.FILE_INVALID_NAME, path, () => simulator.fileSize(path));
		return size === NOTHING ? undefined : size === DIRECTORY ? "directory" : size;
	},
	mounted: () => true,
	read: (path: string, offset: number, into: Uint8Array) =>
		attempt(FsError.FILE_READ_FAILED, path, () => simulator.fileRead(path, offset, into)),
	create: (path: string) => attempt(FsError.FILE_WRITE_FAILED, path, () => simulator.fileCreate(path)),
	append: (path: string, data: Uint8Array) =>
		attempt(FsError.FILE_WRITE_FAILED, path, () => simulator.fileAppend(path, data)),
});

function attempt<T>(code: number, path: string, action: () => T): T {
	try {
		return action();
	} catch (error) {
		throw new GroupError(FS_GROUP, code, `${path}: ${error instanceof Error ? error.message : "failed"}`);
	}
}
