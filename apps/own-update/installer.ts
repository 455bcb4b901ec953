import { Rc, SmpError } from "../../modules/smp/errors.js";
import { bool, bytes, type Fields, uint } from "../../modules/smp/fields.js";
import { type Command, type Group, operation } from "../../modules/smp/group.js";
import type { Update, UpdateOptions } from "../../modules/update/update.js";

/** What an open update can do, whoever made the class. */
type OpenUpdate = Pick<Update, "write" | "complete" | "close">;

/** Begins an update. */
type Begin = (options: Pick<UpdateOptions, "mode" | "byteLength">) => OpenUpdate;

/** Ids from 64 are an application's own. */
export const INSTALLER_GROUP = 71;

/** Numbers of its commands; all are writes. */
export const InstallerCommand = Object.freeze({ OPEN: 0, WRITE: 1, COMPLETE: 2, CLOSE: 3 } as const);

const OPEN = Object.freeze({ length: uint, scattered: bool });
const WRITE = Object.freeze({ data: bytes, offset: uint });

/** Hands an update from a client to `embedded:update`. What the class throws is what the client is told. */
export class Installer {
	readonly group: Group;
	readonly #open: Begin;
	#update: OpenUpdate | undefined;

	constructor(open: Begin) {
		this.#open = open;
		const { OPEN: opening, WRITE: writing, COMPLETE, CLOSE } = InstallerCommand;
		this.group = {
			id: INSTALLER_GROUP,
			name: "installer",
			commands: {
				[opening]: { name: "open", write: operation(OPEN, (request) => told(() => this.#begin(request))) },
				[writing]: { name: "write", write: operation(WRITE, (request) => told(() => this.#write(request))) },
				[COMPLETE]: this.#plain("complete", () => this.#current().complete()),
				[CLOSE]: this.#plain("close", () => this.#close()),
			},
		};
	}

	/** Whether an update is under way. */
	get busy(): boolean {
		return this.#update !== undefined;
	}

	#plain(name: string, action: () => void): Command {
		return { name, write: operation({}, () => told(action)) };
	}

	#begin({ length, scattered = false }: Fields<typeof OPEN>): void {
		this.#close();
		this.#update = this.#open({ mode: scattered ? "w" : "a", ...(length !== undefined && { byteLength: length }) });
	}

	#write({ data = new Uint8Array(0), offset }: Fields<typeof WRITE>): void {
		if (offset === undefined) this.#current().write(data);
		else this.#current().write(data, offset);
	}

	#close(): void {
		this.#update?.close();
		this.#update = undefined;
	}

	#current(): OpenUpdate {
		if (!this.#update) throw new Error("no update is open");
		return this.#update;
	}
}

function told(action: () => void): Record<string, never> {
	try {
		action();
		return {};
	} catch (error) {
		throw new SmpError(Rc.BAD_STATE, error instanceof Error ? error.message : "the update failed");
	}
}
