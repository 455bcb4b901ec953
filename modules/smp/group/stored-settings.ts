import { FlashError } from "../../flash/error.js";
import type { FlashStore } from "../../flash/store.js";
import { Rc, SmpError } from "../errors.js";
import type { SettingsStore } from "./settings.js";

/**
 * Settings on a `FlashStore`: changes count at once, and last once they are saved; a delete lasts at once, as in Zephyr, where
 * it acts on the storage too. All values together never take more memory than the store has room for.
 */
export class StoredSettings implements SettingsStore {
	readonly #store: FlashStore;
	readonly #values = new Map<string, Uint8Array>();
	readonly #onChange: ((name: string) => void) | undefined;

	/** `onChange` is called after the value of a name changed, or went. */
	constructor(store: FlashStore, onChange?: (name: string) => void) {
		this.#store = store;
		this.#onChange = onChange;
		this.load();
	}

	names(): string[] {
		return [...this.#values.keys()];
	}

	get(name: string): Uint8Array | undefined {
		return this.#values.get(name);
	}

	set(name: string, value: Uint8Array): void {
		if (!/^[\x20-\x7e]+$/.test(name)) throw new SmpError(Rc.INVALID, "the name of a setting is ASCII");
		let size = this.#store.size(name, value.length);
		for (const [other, { length }] of this.#values) if (other !== name) size += this.#store.size(other, length);
		if (size > this.#store.capacity)
			throw new SmpError(Rc.NO_MEMORY, `all settings together may take ${this.#store.capacity} bytes`);
		this.#values.set(name, value.slice());
		this.#onChange?.(name);
	}

	delete(name: string): boolean {
		const stored = guarded(() => this.#store.delete(name));
		const known = this.#values.delete(name);
		if (known) this.#onChange?.(name);
		return stored || known;
	}

	/** Saved values count again; a setting that was never saved keeps its value. */
	load(): void {
		guarded(() => {
			this.#store.load();
			for (const name of this.#store.names()) this.#values.set(name, this.#store.get(name)!);
		});
	}

	save(name: string | undefined): void {
		guarded(() => {
			for (const [each, value] of this.#values)
				if (name === undefined || name === "" || each === name || each.startsWith(`${name}/`))
					this.#store.set(each, value);
		});
	}

	/** Forgets every value: the storage was erased. */
	clear(): void {
		const names = this.names();
		this.#values.clear();
		this.#store.load();
		for (const name of names) this.#onChange?.(name);
	}
}

/** Says what went wrong in the protocol's terms. */
function guarded<T>(action: () => T): T {
	try {
		return action();
	} catch (error) {
		if (error instanceof FlashError) throw new SmpError(Rc.UNKNOWN, `the storage failed: ${error.message}`);
		if (error instanceof RangeError) throw new SmpError(Rc.NO_MEMORY, error.message);
		throw error;
	}
}
