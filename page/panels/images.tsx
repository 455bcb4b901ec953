import { safeModeWords } from "../../client/group/boot-journal.js";
import {
	busy,
	confirmImage,
	eraseSlot,
	images,
	leaveSafe,
	refresh,
	resetDevice,
	safe,
	testImage,
} from "../client/client.js";
import { Scroll } from "../ui/scroll.jsx";
import { shortHash } from "../ui/words.js";

const FLAGS = ["active", "confirmed", "pending", "permanent", "bootable"] as const;

/** The image list, as the device tells it, and what can be done to each image. */
export function ImagesTab() {
	const idle = busy.value === "";
	const without = safe.value;
	return (
		<>
			<p class="alert" role="alert">
				{without && `The device runs in ${safeModeWords(without)}. `}
				{without &&
					(without.left ? (
						"The next start runs the application."
					) : (
						<button type="button" disabled={!idle} onClick={() => void leaveSafe()}>
							Leave safe mode
						</button>
					))}
			</p>
			<Scroll label="Images on the device">
				<table class="images">
					<caption class="unseen">Images on the device</caption>
					<thead>
						<tr>
							<th scope="col">image, slot</th>
							<th scope="col">version</th>
							<th scope="col">hash</th>
							<th scope="col">flags</th>
							<th scope="col">
								<span class="unseen">actions</span>
							</th>
						</tr>
					</thead>
					<tbody>
						{images.value.map((entry) => {
							const { image, slot, version, hash, active, confirmed } = entry;
							return (
								<tr key={`${image}.${slot}`}>
									<th scope="row">
										{image}, {slot}
									</th>
									<td>{version}</td>
									<td title={hash}>
										<code>{shortHash(hash)}</code>
									</td>
									<td>
										{FLAGS.filter((flag) => entry[flag] && (flag !== "bootable" || !active)).map((flag) => (
											<span key={flag} class={`flag ${flag}`}>
												{flag}
											</span>
										))}
									</td>
									<td class="actions">
										{!active && (
											<button
												type="button"
												disabled={!idle}
												data-part={`test-${image}-${slot}`}
												aria-label={`Test version ${version}`}
												onClick={() => void testImage(entry)}
											>
												Test
											</button>
										)}
										{(!active || !confirmed) && (
											<button
												type="button"
												disabled={!idle}
												data-part={`confirm-${image}-${slot}`}
												aria-label={`Confirm version ${version}`}
												onClick={() => void confirmImage(entry)}
											>
												Confirm
											</button>
										)}
										{!active && (
											<button
												type="button"
												disabled={!idle}
												aria-label={`Erase slot ${slot} of image ${image}`}
												onClick={() => void eraseSlot(image, slot)}
											>
												Erase
											</button>
										)}
									</td>
								</tr>
							);
						})}
					</tbody>
				</table>
			</Scroll>
			<p class="actions">
				<button type="button" disabled={!idle} onClick={() => void refresh()}>
					List again
				</button>
				<button type="button" disabled={!idle} onClick={() => void resetDevice()}>
					Restart the device
				</button>
			</p>
		</>
	);
}
