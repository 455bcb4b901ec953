import { images } from "./client/client.js";
import { connection, hello, pressReset, refusal, setPower, status } from "./device/session.js";
import { ComparePanel } from "./lessons/compare.jsx";
import { open as lessonsOpen } from "./lessons/engine.js";
import { Lessons, LessonsButton } from "./lessons/panel.jsx";
import { ClientPanel } from "./panels/client.jsx";
import { ConsolePanel } from "./panels/console.jsx";
import { FlashPanel } from "./panels/flash.jsx";
import { ForecastPanel } from "./panels/forecast.jsx";
import { TimePanel } from "./panels/time.jsx";
import { TrailersPanel } from "./panels/trailers.jsx";

const LOST =
	"The simulator does not answer: was it stopped? This page goes on by itself once the simulator runs again at this address.";

/** The whole page. */
export function App() {
	return (
		<>
			<a class="skip" href={SERVED ? "#flash" : "#client"}>
				Skip to the {SERVED ? "flash" : "client"}
			</a>
			<Bar />
			<main class={SERVED && lessonsOpen.value ? "with-lessons" : ""}>
				{SERVED && <Lessons />}
				{SERVED ? <Simulator /> : <Board />}
			</main>
		</>
	);
}

/** A simulated device: all of it. */
function Simulator() {
	return (
		<div class="columns">
			<div class="column">
				<ComparePanel />
				<FlashPanel />
				<TimePanel />
				<TrailersPanel />
			</div>
			<div class="column">
				<ClientPanel />
				<ForecastPanel />
				<ConsolePanel />
			</div>
		</div>
	);
}

/** A board: what its SMP server tells. */
function Board() {
	return (
		<div class="alone">
			<ClientPanel />
			<p class="quiet">
				Flash, trailers, forecast, time machine and lessons need the simulator, which knows every byte:{" "}
				<code>npm start</code>
			</p>
		</div>
	);
}

/** Name and state of the device, and its two switches. */
function Bar() {
	const { kind, words } = status.value;
	const settled = images.value.length > 0 && images.value.every(({ active, confirmed }) => !active || confirmed);
	const device = hello.value;
	const idle = connection.value !== "open" || device?.mayChange !== true;
	const isOff = kind === "off";
	return (
		<header class="bar">
			<h1>
				<span class="mark" aria-hidden="true" />
				xs-smp
				{device && device.devices > 1 && <DevicePicker device={device.device} devices={device.devices} />}
			</h1>
			<p class={`status ${kind}`} role="status">
				<span class="lamp" aria-hidden="true" />
				{settled ? words.replaceAll(" on trial", "") : words}
			</p>
			{SERVED && <LessonsButton />}
			{SERVED && (
				<nav aria-label="The device's buttons">
					<button type="button" data-part="reset" disabled={idle || isOff} onClick={pressReset}>
						Reset
					</button>
					<button type="button" data-part="power" disabled={idle} aria-pressed={isOff} onClick={() => setPower(isOff)}>
						{isOff ? "Power on" : "Power off"}
					</button>
				</nav>
			)}
			<p class="alert" role="alert">
				{connection.value === "lost" ? LOST : refusal.value}
			</p>
		</header>
	);
}

function DevicePicker({ device, devices }: { readonly device: number; readonly devices: number }) {
	return (
		<label class="picker">
			device
			<input
				type="number"
				min={1}
				max={devices}
				value={device}
				onChange={({ currentTarget }) => {
					const query = new URLSearchParams(location.search);
					query.set("device", currentTarget.value);
					location.search = query.toString();
				}}
			/>
			of {devices}
		</label>
	);
}
