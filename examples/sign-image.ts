// Makes a signed MCUboot image of a raw binary, as `imgtool sign` does, and checks the result.
//
//     node sign-image.js firmware.raw 1.2.0 key.pem firmware.bin
import { readFile, writeFile } from "node:fs/promises";
import { createImage, formatReport, ImageError, inspectImage, parseKey, refusal } from "xs-smp/image";

const [input, version, keyFile, output] = process.argv.slice(2);
if (input === undefined || version === undefined || keyFile === undefined || output === undefined) {
	console.error("Usage: sign-image INPUT VERSION KEY OUTPUT");
	process.exit(2);
}

try {
	const key = parseKey(await readFile(keyFile, "utf8"));
	if (!key.sign) throw new ImageError("The key is a public key; signing needs the private one.");
	const image = createImage(await readFile(input), {
		version,
		// A board's linker script leaves room for the header; a raw payload gets it here.
		headerSize: 0x200,
		padHeader: true,
		// The slot and the write size of the flash, in bytes: an image that leaves no room for the trailer is refused.
		slotSize: 0x80000,
		align: 4,
		signer: { ...key, sign: key.sign },
	});
	await writeFile(output, image);

	const keys = [{ name: keyFile, key }];
	const report = inspectImage(image, { keys });
	process.stdout.write(formatReport(output, report));
	const problem = refusal(report);
	if (problem !== undefined) throw new ImageError(problem);
} catch (error) {
	// A wrong key, version or size is an ImageError. Anything else is a file that cannot be read or written.
	console.error((error as Error).message);
	process.exitCode = 1;
}
