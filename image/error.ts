/** What the user gave cannot be used; the message is one sentence that says why. */
export class ImageError extends Error {
	override readonly name: string = "ImageError";
}
