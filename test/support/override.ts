/** Gives `object` a method of its own. Not by assignment: the methods of preloaded classes are read-only on XS. */
export function override<T extends object, K extends keyof T>(object: T, name: K, method: T[K]): void {
	Object.defineProperty(object, name, { value: method });
}
