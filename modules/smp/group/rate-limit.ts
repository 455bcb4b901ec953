/** So many requests in so many milliseconds. */
export interface Rate {
	readonly requests: number;
	readonly milliseconds: number;
}

/** A bucket of requests that fills up at an even pace. */
interface Bucket {
	readonly rate: Rate;
	left: number;
	at: number;
}

/** Limits of requests, by name: of bounded number, so that whoever invents names fills no memory. */
export class RateLimits {
	readonly #most: number;
	readonly #buckets = new Map<string, Bucket>();

	/** Keeps at most `most` names. */
	constructor(most: number) {
		this.#most = most;
	}

	/**
	 * Takes one request out of the bucket of `name`: whether there was one. Undefined if there is no room for a further
	 * name.
	 */
	take(name: string, rate: Rate, now: number): boolean | undefined {
		let bucket = this.#buckets.get(name);
		if (!bucket) {
			if (this.#buckets.size >= this.#most) this.#forgetFull(now);
			if (this.#buckets.size >= this.#most) return undefined;
			bucket = { rate, left: rate.requests, at: now };
			this.#buckets.set(name, bucket);
		}
		bucket.left = level(bucket, now);
		bucket.at = now;
		if (bucket.left < 1) return false;
		bucket.left--;
		return true;
	}

	/** A bucket that has filled up again is as a new one. */
	#forgetFull(now: number): void {
		for (const [name, bucket] of this.#buckets)
			if (level(bucket, now) >= bucket.rate.requests) this.#buckets.delete(name);
	}
}

const level = ({ rate, left, at }: Bucket, now: number): number =>
	Math.min(rate.requests, left + ((now - at) * rate.requests) / rate.milliseconds);
