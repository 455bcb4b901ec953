import { signal } from "@preact/signals";
import { readImageFile } from "../../client/index.js";
import { type ImageReport, inspectImage, refusal } from "../../image/inspect.js";
import { bytesOf } from "../../modules/bytes/hex.js";
import { busy, upgradeWith, uploadFile } from "../client/client.js";
import { changes, engine, hello, situation } from "../device/session.js";
import type { Verdict } from "../flash/try-image.js";
import { Scroll } from "../ui/scroll.jsx";
import { sentence, sizeWords } from "../ui/words.js";

/** A file that was dropped, and what is known of it before a byte is sent. */
interface Dropped {
	readonly name: string;
	readonly bytes: Uint8Array;
	/** Undefined if it is no image. */
	readonly report: ImageReport | undefined;
	/** Why it cannot be sent; undefined if it can. */
	readonly fault: string | undefined;
}

const dropped = signal<Dropped | undefined>(undefined);
/** What the boot loader says of it; undefined before that is known, or without a simulator. */
const verdict = signal<Verdict | undefined>(undefined);
const image = signal(0);
const confirm = signal(false);
const over = signal(false);

async function take(file: File | undefined): Promise<void> {
	if (!file) return;
	const bytes = new Uint8Array(await file.arrayBuffer());
	dropped.value = { name: file.name, bytes, ...inspect(bytes) };
	await judge();
}

function inspect(bytes: Uint8Array): Pick<Dropped, "report" | "fault"> {
	const { signature = "none", keys = [] } = hello.value?.build ?? {};
	try {
		const named =
			signature === "none"
				? []
				: keys.map((key, i) => ({
						name: `trusted key ${i + 1}`,
						key: { type: signature, publicKey: bytesOf(key) },
					}));
		const report = inspectImage(bytes, { keys: named });
		readImageFile(bytes);
		return { report, fault: refusal(report) };
	} catch (error) {
		return { report: undefined, fault: sentence(error) };
	}
}

/** Has the boot loader try the file, on a copy of the flash. */
async function judge(): Promise<void> {
	const file = dropped.value;
	const now = situation();
	verdict.value = undefined;
	if (!file?.report || !now) return;
	const judged = await engine
		.tryImage(now, file.bytes, image.value)
		.catch((error: unknown): Verdict => ({ taken: false, why: sentence(error), log: [] }));
	if (file === dropped.value) verdict.value = judged;
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
					void take(event.dataTransfer?.files[0]);
				}}
			>
				<span>
					<strong>Drop an image here</strong>, or choose a file
				</span>
				<input
					type="file"
					onChange={({ currentTarget }) => {
						void take(currentTarget.files?.[0]);
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
							disabled={!idle || !file.report}
							onClick={() => void uploadFile(file.bytes, image.value)}
						>
							Upload
						</button>
						<button
							type="button"
							class="primary"
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
