import type { Platform } from "./device.js";
import type {
	AppApiFile,
	ImageValidationFile,
	ImgtoolSignFile,
	ScenarioFile,
	TrailerLayoutFile,
	VectorFile,
} from "./format.js";
import { toHex } from "./hex.js";
import type { ImgtoolSignResult, ImgtoolSignRow } from "./imgtool-sign.js";
import { Mismatch, Report, same, sampleOf } from "./report.js";
import { runScenario, type Sample } from "./scenario.js";
import { runAppApi, runTrailerLayout } from "./tables.js";
import { runImageValidation } from "./validation.js";

/** What this machine can do: read the files that a vector file names, and more. */
export interface VectorHost extends Platform {
	/** The bytes of a file beside the vector file, unpacked if its name ends in ".gz". */
	read(path: string): Uint8Array;
	/** Unpacks an image that a vector file holds as text. */
	unpack(packed: string): Uint8Array;
	/** Compares what the image tool makes of a row; undefined where there is no image tool. */
	checkSigning?(row: ImgtoolSignRow): ImgtoolSignResult;
}

/** Runs one vector file. A vector that cannot even be read is a failure. */
export function runVectorFile(file: VectorFile, host: VectorHost, sample: Sample): Report {
	const report = new Report();
	try {
		runKind(file, host, sample, report);
	} catch (error) {
		report.failures.push(error instanceof Error ? error.message : String(error));
	}
	return report;
}

function runKind(file: VectorFile, host: VectorHost, sample: Sample, report: Report): void {
	if (file.scenarios) runScenarios(file as ScenarioFile, host, sample, report);
	else if (file.set_next) runAppApi(file as AppApiFile, report);
	else if (file.cases) runValidation(file as ImageValidationFile, host, sample, report);
	else if (file.rows?.[0] && "args" in file.rows[0]) runSigning(file as ImgtoolSignFile, host, report);
	else if (file.rows) runTrailerLayout(file as TrailerLayoutFile, report);
	else report.skipped.push("not a kind of vector file that is known here");
}

function runScenarios(file: ScenarioFile, host: VectorHost, sample: Sample, report: Report): void {
	const images = new Map<string, Uint8Array>();
	const material = {
		sectorSize: file.sector_size,
		sectors: host.read(file.sectors_file),
		key: (name: string) => host.read(named(file.keys, name)),
		image: (name: string) => {
			let bytes = images.get(name);
			if (!bytes) {
				const entry = named(file.images, name);
				bytes = host.read(entry.file);
				same(`SHA-256 of image ${name}`, hash(host, bytes), entry.sha256);
				images.set(name, bytes);
			}
			return bytes;
		},
	};
	for (const scenario of sampleOf(file.scenarios, sample)) runScenario(scenario, material, host, sample, report);
}

function runValidation(file: ImageValidationFile, host: VectorHost, sample: Sample, report: Report): void {
	const material = {
		primary: host.read(file.primary_image.file),
		keys: file.trusted_keys.map((name) => host.read(`keys/${name}.pub.der`)),
		unpack: host.unpack,
	};
	runImageValidation(file, material, host, sample, report);
}

function runSigning(file: ImgtoolSignFile, host: VectorHost, report: Report): void {
	const { checkSigning } = host;
	if (!checkSigning) {
		report.skipped.push("the image tool is for Node");
		return;
	}
	for (const row of file.rows) {
		const name = `sign ${row.key ?? "without a key"} ${row.args.join(" ")}`;
		const { status, reason = "" } = checkSigning(row);
		if (status === "skipped") report.skipped.push(`${name}: ${reason}`);
		else
			report.check(name, () => {
				if (status === "failed") throw new Mismatch(reason);
			});
	}
}

function hash(host: VectorHost, bytes: Uint8Array): string {
	const hasher = host.digest.sha256();
	hasher.update(bytes);
	return toHex(hasher.digest());
}

function named<T>(table: Readonly<Record<string, T>>, name: string): T {
	const entry = table[name];
	if (entry === undefined) throw new Mismatch(`the file has no entry for ${name}`);
	return entry;
}
