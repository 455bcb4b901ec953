import { crc32 } from "../../bytes/crc32.js";
import type { DigestProvider } from "../../bytes/digest.js";
import { utf8Length } from "../../bytes/utf8.js";
import { GroupError, Rc, SmpError } from "../errors.js";
import { bytes, text, uint53 } from "../fields.js";
import { type Group, operation, type Work } from "../group.js";
import { FS_GROUP, FsError } from "../protocol/fs.js";

/** Files by absolute path. Methods may throw a `GroupError` of this group for what went wrong. */
export interface FileSystem {
	/** Size in bytes, `directory`, or undefined if there is nothing of that name. */
	size(path: string): number | "directory" | undefined;
	/** Whether some file system is mounted for this path. */
	mounted(path: string): boolean;
	/** Fills `into` from `offset`; the range lies inside the file. */
	read(path: string, offset: number, into: Uint8Array): void;
	/** Makes the file, or cuts it to nothing. */
	create(path: string): void;
	/** Writes at the end of the file. The bytes are valid during the call only. */
	append(path: string, data: Uint8Array): void;
}

export interface FsOptions {
	readonly files: FileSystem;
	/** Offers SHA-256 beside CRC-32. */
	readonly digest?: DigestProvider;
	/** Asked before every access; refuses by throwing an `SmpError` or `GroupError`. */
	readonly mayAccess?: (access: "read" | "write" | "status" | "hash", path: string) => void;
}

/** Longest path, bytes. */
const NAME_LIMIT = 64;

/** Bytes of a download response beside the data: three keys and the heads of their values. */
const OVERHEAD = 32;

/** Bytes of a file that are read at a time to be hashed, and hashed before other requests are served. */
const READ_SIZE = 1024;
const PART_SIZE = 8 * READ_SIZE;

/** The file system group (Zephyr SMP group 8, File management). */
export function fsGroup(options: FsOptions): Group {
	const { files, digest, mayAccess } = options;

	const checked = (name: string | undefined): string => {
		if (!name || utf8Length(name) > NAME_LIMIT) throw new SmpError(Rc.INVALID, `a name has 1 to ${NAME_LIMIT} bytes`);
		if (!name.startsWith("/")) throw fsError(FsError.FILE_INVALID_NAME, `"${name}" is no absolute path`);
		return name;
	};
	const existing = (path: string): number => {
		const size = files.size(path);
		if (size === undefined) throw fsError(FsError.FILE_NOT_FOUND, `there is no file ${path}`);
		if (size === "directory") throw fsError(FsError.FILE_IS_DIRECTORY, `${path} is a directory`);
		return size;
	};

	const download = operation({ name: text, off: uint53 }, ({ name, off }, context) => {
		if (off === undefined) throw new SmpError(Rc.INVALID, "the offset is missing");
		const path = checked(name);
		mayAccess?.("read", path);
		const size = existing(path);
		const data = new Uint8Array(Math.max(0, Math.min(size - off, context.room - OVERHEAD)));
		files.read(path, off, data);
		return { off, data, len: off === 0 ? size : undefined };
	});

	const upload = operation({ name: text, off: uint53, data: bytes, len: uint53 }, ({ name, off, data, len }) => {
		if (off === undefined || (off === 0 && len === undefined))
			throw new SmpError(Rc.INVALID, "the offset or the length is missing");
		const path = checked(name);
		mayAccess?.("write", path);
		if (!files.mounted(path)) throw fsError(FsError.MOUNT_POINT_NOT_FOUND, `no file system is mounted for ${path}`);
		const size = files.size(path) ?? 0;
		if (size === "directory") throw fsError(FsError.FILE_IS_DIRECTORY, `${path} is a directory`);
		if (off > 0 && off !== size)
			throw new GroupError(FS_GROUP, FsError.FILE_OFFSET_NOT_VALID, `the file has ${size} bytes`, { len: size });
		if (!data || data.length === 0) return { off };
		if (off === 0) files.create(path);
		files.append(path, data);
		return { off: off + data.length };
	});

	const hash = operation(
		{ name: text, type: text, off: uint53, len: uint53 },
		({ name, type: wanted, off = 0, len = Number.MAX_SAFE_INTEGER }): Work => {
			// An empty type is none, as in Zephyr.
			const type = wanted || "crc32";
			const path = checked(name);
			if (len === 0) throw new SmpError(Rc.INVALID, "a hash needs at least one byte");
			mayAccess?.("hash", path);
			const sha = type === "sha256" ? digest?.sha256() : undefined;
			if (type !== "crc32" && !sha) throw fsError(FsError.CHECKSUM_HASH_NOT_FOUND, `there is no hash "${type}"`);
			const size = existing(path);
			if (size === 0) throw fsError(FsError.FILE_EMPTY, `${path} is empty`);
			if (off >= size) throw fsError(FsError.FILE_OFFSET_LARGER_THAN_FILE, `the file has ${size} bytes`);
			const length = Math.min(len, size - off);
			const buffer = new Uint8Array(Math.min(READ_SIZE, length));
			let crc = 0;
			let done = 0;
			return () => {
				for (const end = Math.min(done + PART_SIZE, length); done < end; ) {
					const part = buffer.subarray(0, end - done);
					files.read(path, off + done, part);
					if (sha) sha.update(part);
					else crc = crc32(part, crc);
					done += part.length;
				}
				if (done < length) return undefined;
				if (files.size(path) !== size)
					throw fsError(FsError.FILE_READ_FAILED, `${path} has changed while it was being hashed`);
				return { type, off: off === 0 ? undefined : off, len: length, output: sha ? sha.digest() : crc };
			};
		},
	);

	return {
		id: FS_GROUP,
		name: "fs mgmt",
		commands: {
			0: { name: "file", read: download, write: upload },
			1: {
				name: "status",
				read: operation({ name: text }, ({ name }) => {
					const path = checked(name);
					mayAccess?.("status", path);
					return { len: existing(path) };
				}),
			},
			2: { name: "hash", read: hash },
			3: {
				name: "supported hashes",
				read: {
					handle: () => ({
						types: { crc32: { format: 0, size: 4 }, sha256: digest ? { format: 1, size: 32 } : undefined },
					}),
				},
			},
			// Files are opened for each request, so there is none to close.
			4: { name: "close", write: { handle: () => ({}) } },
		},
		errors: V1_ERRORS,
	};
}

const V1_ERRORS = Object.freeze({
	[FsError.FILE_INVALID_NAME]: Rc.INVALID,
	[FsError.FILE_NOT_FOUND]: Rc.NO_ENTRY,
	[FsError.CHECKSUM_HASH_NOT_FOUND]: Rc.INVALID,
	[FsError.MOUNT_POINT_NOT_FOUND]: Rc.NO_ENTRY,
});

const fsError = (code: number, message: string): GroupError => new GroupError(FS_GROUP, code, message);
