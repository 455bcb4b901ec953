import { ifOffered } from "../client/errors.js";
import { chooseImages, type FirmwarePackage, type PackageUpdate } from "../client/package.js";
import { upgradeAll } from "../client/upgrade.js";
import type { Action, Job } from "./command.js";
import * as ofImage from "./image-commands.js";
import { stepSentence, UNCHECKED, uploadSentence } from "./output.js";

// Commands that take an image or a package of images.

/** As an action for one image, and with a package another thing. */
const orPackage = (image: Action, run: (job: Job, content: FirmwarePackage) => Promise<void>): Action => ({
	...image,
	takes: "firmware",
	run: (job) => (job.package ? run(job, job.package) : image.run(job)),
});

export const upload = orPackage(ofImage.upload, sendPackage);

export const upgradeDevice = orPackage(ofImage.upgradeDevice, upgradePackage);

/** The images for this device, after the package has been said to be what it is. */
async function chosen({ client, options, output }: Job, content: FirmwarePackage): Promise<PackageUpdate[]> {
	const updates = await chooseImages(client, content, { anyBoard: options.anyBoard === true });
	const { name } = content;
	output.say(`The package${name ? ` ${name}` : ""} has ${updates.map(describe).join(" and ")}.`);
	const images = updates.map(({ name: file, image, info: { version, hash } }) => ({ file, image, version, hash }));
	output.json({ event: "package", name, images });
	return updates;
}

const describe = ({ name, image, info }: PackageUpdate): string =>
	`image ${image} in version ${info.version} (${name})`;

async function sendPackage(job: Job, content: FirmwarePackage): Promise<void> {
	const { client, options, output } = job;
	const { window, upgrade = false } = options;
	const updates = await chosen(job, content);
	const running = (await ifOffered(client.images())) ?? [];
	for (const { name, file, image, info } of updates) {
		const runs = running.find((entry) => entry.active && entry.image === image && entry.hash === info.hash);
		if (runs) {
			output.say(`Image ${image}: ${stepSentence({ step: "already-running", image, confirmed: runs.confirmed })}`);
			output.json({ event: "already-running", image, confirmed: runs.confirmed });
			continue;
		}
		const started = Date.now();
		const result = await client.upload(file, {
			...{ image, upgrade, onProgress: (offset, total) => output.progress(offset, total) },
			...(window === undefined ? {} : { window }),
		});
		const time = Date.now() - started;
		const { hash, hashChecked } = info;
		output.say(`Image ${image}: ${uploadSentence(file.length, time, result)}`, `Its hash is ${hash}.`);
		if (!hashChecked) output.say(UNCHECKED);
		output.json({
			...{ event: "uploaded", image, file: name, hash, hashChecked, bytes: file.length, milliseconds: time },
			...result,
		});
	}
}

async function upgradePackage(job: Job, content: FirmwarePackage): Promise<void> {
	const { client, options, output } = job;
	const updates = await chosen(job, content);
	const results = await upgradeAll(client, updates, {
		confirm: options.confirm ?? false,
		...(options.wait !== undefined && { wait: options.wait * 1000 }),
		onStep: (step) => {
			const whose = "image" in step && updates.length > 1 ? `Image ${step.image}: ` : "";
			output.say(whose + stepSentence(step));
			const { step: event, ...facts } = step;
			output.json({ event, ...facts });
		},
		onProgress: (offset, total) => output.progress(offset, total),
	});
	for (const result of results) output.json({ event: "done", ...result });
	const onTrial = results.filter(({ confirmed }) => !confirmed);
	if (onTrial.length === 0) return;
	const back = onTrial.map(({ image, previous }) => `image ${image} in version ${previous ?? "unknown"}`);
	const keep = onTrial.map(({ image }) => (image === 0 ? '"xs-smp confirm"' : `"xs-smp confirm --image ${image}"`));
	const [them, keeps] = onTrial.length > 1 ? ["them", "keep them"] : ["it", "keeps it"];
	output.say(
		`Nobody has confirmed ${them}: the next restart brings back ${back.join(" and ")}. ${keep.join(" and ")} ${keeps}.`,
	);
}
