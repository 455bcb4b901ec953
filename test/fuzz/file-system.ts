import { GroupError } from "../../modules/smp/errors.js";
import type { FileSystem } from "../../modules/smp/group/fs.js";
import { FS_GROUP, FsError } from "../../modules/smp/protocol/fs.js";

/** Longest file, and how many there can be: the device's memory is bounded, so its file system is. */
const FILE_SIZE = 2048;
export const FILES = 4;

/** Files have a fixed size, of which `size` bytes are used. */
export type Files = Map<string, { readonly data: Uint8Array; size: number }>;

/** Bytes of a file that takes several parts to be hashed. */
const LONG = 20_000;

/** Files that nobody can write, by name. */
const READ_ONLY: readonly string[] = Object.freeze(["/lfs/nothing", "/lfs/long"]);

/** A file system of a few files in memory, mounted at /lfs, of one that is and stays empty, and of a long one. */
export function fileSystem(files: Files): FileSystem {
	const find = (path: string) => files.get(path)!;
	return {
		size: (path) => {
			if (path === "/lfs") return "directory";
			if (READ_ONLY.includes(path)) return path === "/lfs/long" ? LONG : 0;
			return files.get(path)?.size;
		},
		mounted: (path) => path.startsWith("/lfs/") || path === "/lfs",
		read: (path, offset, into) => {
			if (path === "/lfs/long") into.fill(offset);
			else into.set(find(path).data.subarray(offset, offset + into.length));
		},
		create: (path) => {
			if (READ_ONLY.includes(path)) throw new GroupError(FS_GROUP, FsError.READ_ONLY_FILESYSTEM, "it stays as it is");
			if (!files.has(path) && files.size === FILES) throw new Error("the disk is full");
			files.set(path, { data: new Uint8Array(FILE_SIZE), size: 0 });
		},
		append: (path, data) => {
			const file = find(path);
			if (file.size + data.length > FILE_SIZE) throw new Error("the disk is full");
			file.data.set(data, file.size);
			file.size += data.length;
		},
	};
}
