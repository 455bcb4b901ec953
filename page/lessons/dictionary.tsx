/** Each word of MCUboot that the lessons use, once. */
const WORDS: readonly (readonly [string, string])[] = [
	["boot loader", "The first program after each reset. It decides which image runs. MCUboot is a boot loader."],
	["image", "A program with a header in front (size, version), and with its hash and its signature behind."],
	["hash", "A few bytes that are computed from all others. It shows that the image was not damaged."],
	["signature", "Shows that the image comes from the owner of the private key, whose public half the boot loader has."],
	["slot", "A place in flash for one image. The one in the primary slot runs; an update goes to the secondary slot."],
	["sector", "The smallest piece of flash that can be erased. Flash has to be erased before it is written again."],
	["swap", "The boot loader exchanges the images of the two slots, sector by sector. So the old one is kept."],
	["trailer", "The last sectors of a slot. Boot loader and application leave notes for each other there."],
	["trailer magic", "16 fixed bytes at the end of the trailer. If they are there, the trailer counts."],
	["swap type", "What the next boot is to do: none, test, permanent or revert. Both trailers together give it."],
	["copy_done", "A byte of the trailer: the swap is complete."],
	["image_ok", "A byte of the trailer: the image is confirmed, and stays."],
	["on trial", "Of an image: it runs, and is not confirmed. The next boot brings the old image back."],
	["confirm", "To mark the running image as good, so that the next boot keeps it."],
	["revert", "The boot loader exchanges the images again, and the old one is back."],
	[
		"swap status",
		"Records in the trailer, one for each step of a swap. After a power failure they tell where to go on.",
	],
	["watchdog", "A timer that resets the device when its program hangs."],
	["boot journal", "The device's own list of its boots: which image, on trial or not, and how it ended."],
];

/** The words of the lessons, explained. */
export function Words() {
	return (
		<details class="dictionary">
			<summary>Words</summary>
			<dl>
				{WORDS.map(([word, meaning]) => (
					<div key={word}>
						<dt>{word}</dt>
						<dd>{meaning}</dd>
					</div>
				))}
			</dl>
		</details>
	);
}
