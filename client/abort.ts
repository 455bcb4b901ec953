/** As `promise`, but rejects with the signal's reason as soon as it is aborted; `onAbort` is called then. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, onAbort = () => {}): Promise<T> {
	if (!signal) return promise;
	return new Promise((resolve, reject) => {
		const abort = (): void => {
			onAbort();
			reject(signal.reason);
		};
		if (signal.aborted) abort();
		else signal.addEventListener("abort", abort, { once: true });
		promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
	});
}

/** Resolves after so many milliseconds. Rejects with the signal's reason if it is aborted before. */
export function pause(time: number, signal: AbortSignal | undefined): Promise<void> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const over = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, time);
	});
	return untilAborted(over, signal, () => clearTimeout(timer));
}
