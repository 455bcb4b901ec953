import { hex } from "../modules/bytes/hex.js";
import type { ImageReport, SignatureReport, TlvReport } from "./inspect.js";
import { policyWords } from "./policy-words.js";

/** An image report as text for people, one fact a line. */
export function formatReport(name: string, report: ImageReport): string {
	const { header, trailer } = report;
	const lines = [
		`${name}: MCUboot image, version ${header.version}${header.endian === "big" ? ", big-endian" : ""}`,
		row("size", `${report.imageSize} bytes${report.offset === 0 ? "" : ` at ${hex(report.offset)}`}${rest(report)}`),
		row("header", `${header.headerSize} bytes`),
		row("payload", `${header.payloadSize} bytes`),
		row("flags", `${hex(header.flags)}${header.flagNames.map((flag) => ` ${flag}`).join("")}`),
	];
	if (header.loadAddress !== 0) lines.push(row("address", hex(header.loadAddress)));
	for (const tlv of report.tlvs) lines.push(row(tlv.protected ? "protected" : "tlv", describe(tlv)));
	if (report.digest) {
		const { good, name: hash, value } = report.digest;
		lines.push(
			row(
				"hash",
				`${hash} ${value} ${good === null ? "not checked, the payload is encrypted" : good ? "good" : "WRONG"}`,
			),
		);
	}
	if (report.archive) {
		const { runtime, main, modules, imports, keys, policy } = report.archive;
		lines.push(row("runtime", runtime));
		for (const { name, size } of modules)
			lines.push(row("module", `${name}, ${size} bytes${name === main ? ", main" : ""}`));
		for (const each of imports) lines.push(row("imports", each));
		lines.push(row("names", `${keys} that the runtime has not`));
		for (const each of policyWords(policy)) lines.push(row("policy", each));
	}
	for (const { name: tlv, meaning } of report.encryption) lines.push(row("key", `${tlv} ${meaning}`));
	for (const signature of report.signatures) lines.push(signatureRow(signature));
	if (report.signatures.length === 0) lines.push(row("signature", "none"));
	if (report.compression) {
		const { method, filter, dictionary, size, signature } = report.compression;
		const how = `${method}${filter === "none" ? "" : `, ${filter} filter`}`;
		const memory = dictionary === null ? "" : `, dictionary of ${dictionary} bytes`;
		lines.push(row("packed", `${how}${memory}; ${size ?? "unknown"} bytes when decompressed, not checked`));
		if (signature) lines.push(signatureRow(signature));
	}
	if (trailer) {
		const swap = `swap_info ${trailer.swapType} (image ${trailer.imageNumber})`;
		lines.push(
			row(
				"trailer",
				`magic good (alignment ${trailer.maxAlign}), image_ok ${trailer.imageOk}, copy_done ${trailer.copyDone}, ${swap}`,
			),
		);
	}
	for (const problem of report.problems) lines.push(row("problem", problem));
	return `${lines.join("\n")}\n`;
}

const row = (label: string, text: string): string => `  ${label.padEnd(10)}${text}`;

function signatureRow({ name, key, result, reason }: SignatureReport): string {
	const text = result === "unchecked" ? `not checked: ${reason}` : `by ${key}: ${result === "good" ? "good" : "WRONG"}`;
	return row("signature", `${name} ${text}`);
}

const rest = ({ fileSize, offset, imageSize }: ImageReport): string =>
	fileSize === offset + imageSize ? "" : ` in a file of ${fileSize}`;

function describe({ type, name, length, value, meaning }: TlvReport): string {
	const content = meaning ?? (value.length > 32 ? `${value.slice(0, 32)}…` : value);
	return `${hex(type).padEnd(6)} ${name.padEnd(16)} ${String(length).padStart(4)}  ${content}`;
}
