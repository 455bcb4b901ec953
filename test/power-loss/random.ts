/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
export function random(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** A seed of its own for each name, so that the order of the work does not matter (FNV-1a). */
export function seedFor(seed: number, name: string): number {
	let hash = 0x811c9dc5 ^ seed;
	for (const character of name) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
	return hash;
}
