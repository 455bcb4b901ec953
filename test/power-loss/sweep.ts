import { apply, applyPart, type Cut, cutName, isWithin } from "../../page/flash/cut.js";
import { cutsWithin } from "./cut.js";
import { caughtIn, type Defect } from "./defects.js";
import { Device } from "./device.js";
import type { Operation } from "./flash.js";
import type { Mutant } from "./mutants.js";
import type { Fates } from "./phase.js";
import { random, seedFor } from "./random.js";
import type { Scenario } from "./scenario.js";
import { Judge, nextFates, type Symptom, wrongImage } from "./verdict.js";

/** How much of a scenario is tried. */
export interface Extent {
	/** Also tears long writes after more of their units. */
	readonly full: boolean;
	/** Also every cut followed by a second one between any two operations of the next boot. */
	readonly allPairs: boolean;
	/** Chains of two and of three cuts, drawn at random. */
	readonly pairs: number;
	readonly triples: number;
	readonly seed: number;
}

/** A run that did not end as it should. */
export interface Failure {
	/** `npm run power-loss -- --replay` takes it. */
	readonly id: string;
	readonly what: string;
	/** What is wrong with the device; undefined where a defect should have struck and did not. */
	readonly symptom: Symptom | undefined;
}

/** What became of the cuts of one scenario. */
export interface SweepResult {
	readonly scenario: string;
	/** Flash operations of the phase that was cut. */
	readonly operations: number;
	readonly cuts: { readonly single: number; readonly double: number; readonly triple: number };
	readonly passed: number;
	readonly failures: readonly Failure[];
	/** Runs that known defects spoilt, by name. */
	readonly known: Readonly<Record<string, number>>;
	/** Devices that never booted again, those of known defects included. */
	readonly bricks: number;
}

/** A device at a power cut: its flash is in the device. `F`: what is to become of it. */
export interface Moment<F> {
	readonly fates: F;
	readonly defects: readonly Defect[];
	/** What was wrong before the last cut, with a step that came to its end. */
	readonly symptom: Symptom | undefined;
}

/** One step in the life of a device, what it did to the flash, and what is to follow. */
export interface Stage<F> {
	/** The flash before. */
	readonly start: Uint8Array;
	readonly ops: readonly Operation[];
	fates(done: number): F;
	/** What is wrong if it comes to its end. */
	readonly symptom?: Symptom | undefined;
}

/** How a run ends: the name of the known defect that spoils it, if one does. */
export interface Verdict {
	readonly symptom: Symptom | undefined;
	readonly culprit: string | undefined;
}

/** Tries power cuts in one scenario, whatever it is that writes. */
export abstract class CutBench<F> {
	readonly #id: string;
	readonly #writeAlign: number;

	constructor(id: string, writeAlign: number) {
		this.#id = id;
		this.#writeAlign = writeAlign;
	}

	/** The flash of the device. */
	abstract readonly memory: Uint8Array;
	/** What is cut, without a cut. */
	abstract readonly phase: Stage<F>;
	/** What the device, as it is now, does next when it has power again. */
	abstract nextStage(fates: F): Stage<F>;
	/** Judges the device from a power cut on. */
	abstract judge(moment: Pick<Moment<F>, "symptom" | "fates">): Symptom | undefined;
	/** The known defects that the device is caught in, at the `nth` cut in its life. */
	protected abstract caught(fates: F, nth: number): readonly Defect[];

	/** Every cut of a stage, in the order of time. */
	cutsOf(stage: Stage<F>, full: boolean): Cut[] {
		const within = stage.ops.flatMap((operation, index) => [
			{ done: index },
			...cutsWithin(operation, index, this.#writeAlign, full),
		]);
		return [...within, { done: stage.ops.length }];
	}

	/** Leaves the flash of the device as it is when power fails at `cut`, which is the `nth` cut in its life. */
	cutAt(stage: Stage<F>, cut: Cut, nth: number): Moment<F> {
		const { memory } = this;
		memory.set(stage.start);
		for (const operation of stage.ops.slice(0, cut.done)) apply(memory, operation);
		const operation = stage.ops[cut.done];
		if (operation) applyPart(memory, operation, cut, this.#writeAlign);
		const fates = stage.fates(cut.done);
		const symptom = cut.done === stage.ops.length ? stage.symptom : undefined;
		return { fates, defects: this.caught(fates, nth), symptom };
	}

	/** Plays a chain of cuts, one in the phase and one in each step after it; undefined if one is not there to be made. */
	play(cuts: readonly Cut[]): Moment<F> | undefined {
		let stage = this.phase;
		let moment: Moment<F> | undefined;
		const defects: Defect[] = [];
		let symptom: Symptom | undefined;
		for (const [index, cut] of cuts.entries()) {
			if (moment) stage = this.nextStage(moment.fates);
			if (!isWithin(cut, stage.ops, this.#writeAlign)) return undefined;
			moment = this.cutAt(stage, cut, index + 1);
			defects.push(...moment.defects);
			symptom ??= moment.symptom;
		}
		return moment && { fates: moment.fates, defects, symptom };
	}

	/** How a chain of cuts ends; undefined if one is not there to be made. */
	verdict(cuts: readonly Cut[]): Verdict | undefined {
		const moment = this.play(cuts);
		if (!moment) return undefined;
		const symptom = this.judge(moment);
		return { symptom, culprit: culpritOf(symptom, moment.defects)?.name };
	}

	/** All single cuts, and of chains of cuts as many as `extent` says. */
	sweep(extent: Extent): SweepResult {
		const tally = new Tally(this.#id);
		for (const cut of this.cutsOf(this.phase, extent.full)) {
			const moment = this.cutAt(this.phase, cut, 1);
			tally.count([cut], this.judge(moment), moment.defects);
		}
		if (extent.allPairs) this.#allPairs(extent, tally);
		this.#drawChains(extent, tally);
		return tally.result(this.phase.ops.length);
	}

	#allPairs({ full }: Extent, tally: Tally): void {
		for (const first of this.cutsOf(this.phase, full)) {
			const moment = this.cutAt(this.phase, first, 1);
			const stage = this.nextStage(moment.fates);
			// A step that does nothing cannot be cut.
			for (let done = 0; stage.ops.length > 0 && done <= stage.ops.length; done++) {
				const second = this.cutAt(stage, { done }, 2);
				tally.count([first, { done }], this.judge(second), [...moment.defects, ...second.defects]);
			}
		}
	}

	#drawChains({ full, pairs, triples, seed }: Extent, tally: Tally): void {
		const next = random(seedFor(seed, this.#id));
		const draw = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]!;
		for (let chain = 0; chain < pairs + triples; chain++) {
			const cuts: Cut[] = [];
			const caught: Defect[] = [];
			let stage = this.phase;
			let symptom: Symptom | undefined;
			// The chain is none if it ends early, with a step that does nothing.
			for (let length = chain < pairs ? 2 : 3; length > 0 && stage.ops.length > 0; length--) {
				const cut = draw(this.cutsOf(stage, full));
				const moment = this.cutAt(stage, cut, cuts.push(cut));
				caught.push(...moment.defects);
				symptom ??= moment.symptom;
				if (length === 1) tally.count(cuts, this.judge({ symptom, fates: moment.fates }), caught);
				else stage = this.nextStage(moment.fates);
			}
		}
	}
}

/** Tries power cuts in the boot loader and in the calls of the application. */
export class Bench extends CutBench<Fates> {
	readonly device: Device;
	readonly phase: Stage<Fates>;
	readonly #judge: Judge;

	constructor(scenario: Scenario, mutant?: Mutant) {
		super(scenario.id, scenario.geometry.writeAlign);
		this.device = new Device(scenario, mutant);
		this.#judge = new Judge(this.device);
		const { phase } = scenario;
		phase.prepare(this.device);
		const start = this.memory.slice();
		this.device.flash.begin();
		phase.run(this.device);
		const { ops } = this.device.flash;
		this.phase = { start, ops, fates: (done) => phase.fates(done, ops.length) };
	}

	get memory(): Uint8Array {
		return this.device.flash.memory;
	}

	/** A boot of the device as it is now. */
	nextStage(fates: Fates): Stage<Fates> {
		const { flash } = this.device;
		const start = flash.memory.slice();
		const starts = this.device.starts();
		const { ops } = flash;
		const symptom = starts ? wrongImage(this.device, fates) : undefined;
		return { start, ops, symptom, fates: (done) => (done < ops.length ? fates : nextFates(fates)) };
	}

	judge({ symptom, fates }: Pick<Moment<Fates>, "symptom" | "fates">): Symptom | undefined {
		return symptom ?? this.#judge.judge(fates);
	}

	protected caught(fates: Fates, nth: number): readonly Defect[] {
		return caughtIn(this.device, fates, nth);
	}
}

/** The defect that explains a symptom. */
export const culpritOf = (symptom: Symptom | undefined, defects: readonly Defect[]): Defect | undefined =>
	symptom && defects.find(({ symptoms }) => symptoms.includes(symptom));

class Tally {
	readonly #scenario: string;
	readonly #cuts: [number, number, number] = [0, 0, 0];
	readonly #failures: Failure[] = [];
	readonly #known: Record<string, number> = {};
	#passed = 0;
	#bricks = 0;

	constructor(scenario: string) {
		this.#scenario = scenario;
	}

	count(cuts: readonly Cut[], symptom: Symptom | undefined, defects: readonly Defect[]): void {
		this.#cuts[cuts.length - 1]!++;
		if (symptom === "brick") this.#bricks++;
		const id = [this.#scenario, ...cuts.map(cutName)].join("-");
		const culprit = culpritOf(symptom, defects);
		if (culprit) this.#known[culprit.name] = (this.#known[culprit.name] ?? 0) + 1;
		else if (symptom !== undefined) this.#failures.push({ id, what: symptom, symptom });
		else if (defects.length > 0)
			this.#failures.push({ id, what: `the known defect ${defects[0]!.name} did not strike`, symptom });
		else this.#passed++;
	}

	result(operations: number): SweepResult {
		const [single, double, triple] = this.#cuts;
		return {
			scenario: this.#scenario,
			operations,
			cuts: { single, double, triple },
			passed: this.#passed,
			failures: this.#failures,
			known: this.#known,
			bricks: this.#bricks,
		};
	}
}
