import { signal } from "@preact/signals";
import { busy, upgradeWith, uploadFile } from "../client/client.js";
import { confirm, type Dropped, dropped, image, judge, take, verdict } from "../client/dropped.js";
import { changes, hello } from "../device/session.js";
import { Scroll } from "../ui/scroll.jsx";
import { sizeWords } from "../ui/words.js";

const over = signal(false);

async function takeFile(file: File | undefined): Promise<void> {
	if (file) await take(file.name, new Uint8Array(await file.arrayBuffer()));
}

/** Where an image file is dropped, what it is, and what sends it. */
export function DropTab() {
	const file = dropped.value;
	const idle = busy.value === "";
	const several = (hello.value?.build.boot.images ?? 1) > 1;
	const stale = changes.value;
	return (
		<div data-changes={stale}>
			<label
				class={over.value ? "drop over" : "drop"}
				data-part="drop"
				onDragOver={(event) => {
					event.preventDefault();
					over.value = true;
				}}
				onDragLeave={() => {
					over.value = false;
				}}
				onDrop={(event) => {
					event.preventDefault();
					over.value = false;
					void takeFile(event.dataTransfer?.files[0]);
				}}
			>
				<span>
					<strong>Drop an image here</strong>, or choose a file
				</span>
				<input
					type="file"
					onChange={({ currentTarget }) => {
						void takeFile(currentTarget.files?.[0]);
						// The same file may come again.
						currentTarget.value = "";
					}}
				/>
			</label>
			{file && (
				<>
					<Report file={file} />
					<p class="actions">
						{several && (
							<label>
								for image{" "}
								<select
									value={String(image.value)}
									onChange={({ currentTarget }) => {
										image.value = Number(currentTarget.value);
										void judge();
									}}
								>
									{Array.from({ length: hello.value!.build.boot.images }, (_, each) => (
										<option key={each} value={String(each)}>
											{each}
										</option>
									))}
								</select>
							</label>
						)}
						<button
							type="button"
							data-part="upload"
							disabled={!idle || !file.report}
							onClick={() => void uploadFile(file.bytes, image.value)}
						>
							Upload
						</button>
						<button
							type="button"
							class="primary"
							data-part="upgrade"
							disabled={!idle || !file.report}
							onClick={() => void upgradeWith(file.bytes, image.value, confirm.value)}
						>
							Upgrade
						</button>
						<label>
							<input
								type="checkbox"
								checked={confirm.value}
								onChange={({ currentTarget }) => {
									confirm.value = currentTarget.checked;
								}}
							/>
							and confirm
						</label>
					</p>
				</>
			)}
		</div>
	);
}

/** Everything that the file says of itself, and what the boot loader would say. */
function Report({ file: { name, bytes, report, fault } }: { readonly file: Dropped }) {
	const said = verdict.value;
	return (
		<div class="report">
			<p>
				<strong>{name}</strong> <span class="quiet">{sizeWords(bytes.length)}</span>
			</p>
			{fault && <p class="bad">{fault}</p>}
			{said && (
				<p class={said.taken ? "good" : "bad"}>
					{said.taken ? "The boot loader takes it: " : "The boot loader refuses it: "}
					{said.why}.
				</p>
			)}
			{report && (
				<>
					<dl class="facts">
						<dt>version</dt>
						<dd>{report.header.version}</dd>
						<dt>header, payload</dt>
						<dd>
							{sizeWords(report.header.headerSize)}, {sizeWords(report.header.payloadSize)}
						</dd>
						<dt>flags</dt>
						<dd>{report.header.flagNames.join(", ") || "none"}</dd>
						<dt>hash</dt>
						<dd>
							{report.digest ? (
								<>
									<code class="bytes">{report.digest.value}</code>{" "}
									{report.digest.good === null ? "not checked: encrypted" : report.digest.good ? "good" : "wrong"}
								</>
							) : (
								"none"
							)}
						</dd>
						<dt>signatures</dt>
						<dd>
							{report.signatures.length === 0
								? "none"
								: report.signatures
										.map(({ name: type, key, result, reason }) =>
											[type, result, key && `by ${key}`, reason].filter(Boolean).join(", "),
										)
										.join("; ")}
						</dd>
						{report.archive && (
							<>
								<dt>application</dt>
								<dd>
									{report.archive.main}, for the runtime <code>{report.archive.runtime.slice(0, 12)}</code>
								</dd>
							</>
						)}
					</dl>
					<details>
						<summary>{report.tlvs.length} TLVs</summary>
						<Scroll label="TLVs of the file">
							<table>
								<thead>
									<tr>
										<th scope="col">type</th>
										<th scope="col">bytes</th>
										<th scope="col">content</th>
									</tr>
								</thead>
								<tbody>
									{report.tlvs.map((tlv) => (
										<tr key={tlv.offset}>
											<th scope="row">
												{tlv.name}
												{tlv.protected && <span class="quiet"> protected</span>}
											</th>
											<td>{tlv.length}</td>
											<td class="bytes">{tlv.meaning ?? <code>{tlv.value}</code>}</td>
										</tr>
									))}
								</tbody>
							</table>
						</Scroll>
					</details>
				</>
			)}
		</div>
	);
}
