/// <reference lib="esnext.disposable" preserve="true" />
import type { Drop } from "../modules/smp/transport/transport.js";

/**
 * Carries whole SMP packets to one server and back. Packets may get lost, come twice or in another order; what is damaged
 * on the way counts as lost.
 */
export interface Link {
	/** Called with each packet that arrives, never from within `send`. The bytes are valid during the call only. */
	onPacket: ((packet: Uint8Array) => void) | undefined;
	/** Sends and never blocks. */
	send(packet: Uint8Array): void;
	/**
	 * Gives the line or the socket free. Nothing is sent or received from then on. A link for which that takes time returns a
	 * promise, which never rejects.
	 */
	close(): void | Promise<void>;
	/** Called with the reason, as the end of a sentence, when there is no way to the server: what is on its way is lost. */
	onFailure?: ((reason: string) => void) | undefined;
	/** Called with each thing that arrived damaged. */
	onDrop?: ((drop: Drop) => void) | undefined;
	/** Longest packet, bytes, that gets through to a server whose buffers have `bufferSize` bytes; without, all of it. */
	packetSize?(bufferSize: number): number;
}

/** A link that `await using` closes at the end of a block. */
export interface DisposableLink extends Link, AsyncDisposable {}

/** The same link, with the method that `await using` calls. */
export const disposable = (link: Link): DisposableLink =>
	Object.assign(link, {
		[Symbol.asyncDispose]: async () => {
			await link.close();
		},
	});
