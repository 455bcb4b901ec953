import { computed, signal } from "@preact/signals";
import { eventWords, type ReadyEvent, type SimEvent } from "../../hosts/desk/node/event-words.js";
import type { Hello, PageMessage, ServerMessage } from "../../hosts/desk/node/page-protocol.js";
import type { Explanation } from "../../image/explain.js";
import { readU32 } from "../../modules/bytes/little-endian.js";
import { TYPICAL_NOR } from "../../modules/flash/timing.js";
import { Atlas } from "../flash/atlas.js";
import { type AreaView, addSectors, Contents } from "../flash/contents.js";
import { openMap } from "../flash/open-map.js";
import { ERASED } from "../flash/operation.js";
import { type Recording, readRecording } from "../flash/recording.js";
import { Engine, type Situation } from "./engine.js";

// The simulated device that this page shows, as its server tells of it. One page has one.

/** How the connection to the page's server is; `none`: there is no server, and no simulator. */
export const connection = signal<"connecting" | "open" | "lost" | "none">(SERVED ? "connecting" : "none");
/** Which device it is, and how it is built. */
export const hello = signal<Hello | undefined>(undefined);
/** What the flash holds now, area by area. */
export const areas = signal<readonly AreaView[]>([]);
/** How often each sector was erased. */
export const wear = signal<ReadonlyMap<number, number>>(new Map());
/** Numbers of recorded boots, the newest last. */
export const boots = signal<readonly number[]>([]);
/** What is on the flash and what the next boots do; undefined before it is known. */
export const explanation = signal<Explanation | undefined>(undefined);
/** Counts the changes of the flash. */
export const changes = signal(0);
/** What the server has refused last, a sentence. */
export const refusal = signal("");
/** The last event that says how the device is. */
const lastState = signal<SimEvent | undefined>(undefined);

/** How the device is, in a few words. */
export const status = computed<{ readonly kind: "runs" | "boots" | "off" | "down" | "gone"; readonly words: string }>(
	() => {
		if (connection.value === "none") return { kind: "gone", words: "for boards" };
		if (connection.value !== "open")
			return { kind: "gone", words: connection.value === "lost" ? "no connection" : "…" };
		const event = lastState.value;
		switch (event?.event) {
			case "boot": {
				const versions = event.images.map(({ version, confirmed }) => `${version}${confirmed ? "" : " on trial"}`);
				return { kind: "runs", words: `runs ${versions.join(" and ")}` };
			}
			case "swap":
				return { kind: "boots", words: `swaps image ${event.image}` };
			case "recovery":
				return { kind: "down", words: "serial recovery: waits for an image" };
			case "halt":
				return { kind: "down", words: "nothing to boot" };
			case "crash":
				return { kind: "down", words: "crashed" };
			case "lost":
				return { kind: "down", words: "its files are gone" };
			case "power":
				return event.on ? { kind: "boots", words: "boots" } : { kind: "off", words: "power off" };
			default:
				return { kind: "boots", words: "boots" };
		}
	},
);

const STATES: readonly SimEvent["event"][] = [
	"boot",
	"swap",
	"recovery",
	"halt",
	"crash",
	"lost",
	"power",
	"reset",
	"power-cut",
];
/** Flash that has been quiet for so long is explained anew, milliseconds. */
const QUIET = 250;
/** Until the page connects again, milliseconds. */
const RETRY = 1000;

const engine = new Engine();
/** Who listens to the console. Lines that came before are told first. */
const listeners = new Set<ConsoleListener>();
const lines: string[] = [];
const MOST_LINES = 1000;

/** Who shows the console. */
export interface ConsoleListener {
	line(text: string): void;
	/** What was shown is told again. */
	clear(): void;
}

let socket: WebSocket | undefined;
let flash: Uint8Array = new Uint8Array(0);
let atlas: Atlas | undefined;
let contents: Contents | undefined;
let otp: readonly number[] = [];
let explaining: ReturnType<typeof setTimeout> | undefined;
/** Whether the next frame will show the flash anew. */
let showing = false;
/** Sectors of the flash that changed and are not shown yet. */
let dirty = new Set<number>();
const recordings = new Map<number, Recording>();
/** Called with each event, in order. */
const watchers = new Set<(event: SimEvent) => void>();

const query = new URLSearchParams(globalThis.location?.search ?? "");

/** Address of something of this page's server, with the device and the token. */
export function address(path: string, scheme = location.protocol): string {
	const own = new URLSearchParams({ device: query.get("device") ?? "1" });
	const token = query.get("token");
	if (token !== null) own.set("token", token);
	return `${scheme}//${location.host}${path}?${own}`;
}

/** Connects, and again whenever the connection is gone. */
export function connect(): void {
	if (!SERVED) return;
	socket = new WebSocket(address("/state", "ws:"));
	socket.binaryType = "arraybuffer";
	socket.onopen = () => {
		connection.value = "open";
	};
	socket.onclose = () => {
		connection.value = "lost";
		setTimeout(connect, RETRY);
	};
	socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
		if (typeof data === "string") take(JSON.parse(data) as ServerMessage);
		else takeFlash(new Uint8Array(data));
	};
}

function send(message: PageMessage): void {
	refusal.value = "";
	socket?.send(JSON.stringify(message));
}

/** Presses the reset button. */
export const pressReset = (): void => send({ type: "reset" });

/** Cuts the power, or gives it back. */
export const setPower = (on: boolean): void => send({ type: "power", on });

/** Has the device start with this flash. */
export function startWith(whole: Uint8Array<ArrayBuffer>): void {
	refusal.value = "";
	socket?.send(whole);
}

/** Tells the lines of the console, from the first that is remembered on. Returns what ends that. */
export function onConsole(listener: ConsoleListener): () => void {
	for (const line of lines) listener.line(line);
	listeners.add(listener);
	return () => listeners.delete(listener);
}

/** Tells events as they happen. Returns what ends that. */
export function onEvent(watcher: (event: SimEvent) => void): () => void {
	watchers.add(watcher);
	return () => watchers.delete(watcher);
}

/** The whole flash as it is now, copied. */
export const flashNow = (): Uint8Array<ArrayBuffer> => new Uint8Array(flash);

/** The images that were seen whole. */
export const knownImages = (): Atlas | undefined => atlas;

/** What the boot loader's rehearsals need, with another flash if one is given. Undefined before the device is known. */
export function situation(other?: Uint8Array): Situation | undefined {
	const { build, timing = null } = hello.value ?? {};
	return build && { build, flash: other ?? flash, otp, timing };
}

export { engine };

/** The recording of a boot; undefined if there is none any more. */
export async function recording(number: number): Promise<Recording | undefined> {
	const known = recordings.get(number);
	if (known) return known;
	const response = await fetch(address(`/boots/${number}`));
	if (!response.ok) return undefined;
	const read = readRecording(new Uint8Array(await response.arrayBuffer()));
	if (read.end === "done" || number !== boots.value.at(-1)) recordings.set(number, read);
	return read;
}

function take(message: ServerMessage): void {
	switch (message.type) {
		case "hello":
			begin(message);
			return;
		case "flash":
			flash.fill(ERASED);
			soil(0, flash.length);
			return;
		case "settled":
			show();
			return;
		case "wear":
			wear.value = new Map([...wear.value, ...message.sectors]);
			return;
		case "otp":
			otp = message.words;
			return;
		case "boots":
			if (message.numbers.join() !== boots.value.join()) boots.value = message.numbers;
			return;
		case "refused":
			refusal.value = message.message;
			return;
		case "event":
			takeEvent(message.event);
	}
}

function begin(message: Hello): void {
	hello.value = message;
	const { layout, boot } = message.build;
	flash = new Uint8Array(layout.size).fill(ERASED);
	const map = openMap(layout, flash);
	atlas = new Atlas(boot);
	contents = new Contents(map, boot, atlas);
	wear.value = new Map();
	lines.length = 0;
	for (const listener of listeners) listener.clear();
	recordings.clear();
}

function takeEvent(event: SimEvent): void {
	if (STATES.includes(event.event)) lastState.value = event;
	const line = event.event === "ready" ? readyWords(event) : eventWords(event);
	if (line !== undefined) {
		lines.push(line);
		if (lines.length > MOST_LINES) lines.shift();
		for (const listener of listeners) listener.line(line);
	}
	for (const watcher of watchers) watcher(event);
}

const readyWords = ({ serial, udp }: ReadyEvent): string =>
	`--- the device answers: serial ${serial}${udp === undefined ? "" : `, UDP ${udp}`} ---`;

function takeFlash(piece: Uint8Array): void {
	const at = readU32(piece, 0);
	flash.set(piece.subarray(4), at);
	soil(at, at + piece.length - 4);
}

/** Notes that a range of the flash is to be shown anew. */
function soil(from: number, to: number): void {
	const { sectorSize = 1 } = hello.value?.build.layout ?? {};
	addSectors(dirty, from, to - from, sectorSize);
}

/** Shows the flash as it is, with the next frame: a page that nobody sees has no frames, and costs an upload nothing. */
function show(): void {
	if (showing) return;
	showing = true;
	requestAnimationFrame(() => {
		showing = false;
		draw();
	});
}

function draw(): void {
	const { build } = hello.value ?? {};
	if (!contents || !atlas || !build) return;
	const changed = dirty;
	dirty = new Set();
	if (changed.size === 0) return;
	// A new image changes what the sectors elsewhere mean.
	const before = atlas.generation;
	atlas.learn(openMap(build.layout, flash));
	areas.value = contents.look(atlas.generation === before ? changed : undefined);
	changes.value++;
	clearTimeout(explaining);
	explaining = setTimeout(explain, QUIET);
}

async function explain(): Promise<void> {
	const now = situation();
	if (!now) return;
	const at = changes.value;
	const told = await engine.explain({ ...now, timing: now.timing ?? TYPICAL_NOR }).catch(() => undefined);
	if (at === changes.value) explanation.value = told;
}
