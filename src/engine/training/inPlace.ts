/**
 * Training by an engine that reads and writes where the trainer's memory lies. Weights, gradients and the optimizer's
 * averages are in one WebAssembly memory, where the optimizer works: nothing is copied between steps but the batch.
 */
import { type Lifted, type Program, updatePrefix, valuesOf } from '../program/index.ts';
import { type Block, blockBytes, SimdMemory } from '../simd/memory.ts';
import { checkAgainstReplay, madeUp } from './check.ts';
import type { Kept } from './kept.ts';
import { names, type StepProgram } from './programs.ts';
import { ProgramTrainer } from './programTrainer.ts';
import { drawTensor, fillDraw } from './randomness.ts';
import { Store } from './store.ts';
import {
  gather,
  type OptimizerState,
  type Rows,
  type Samples,
  type StepSettings,
  type TrainerSpec,
  volume,
} from './types.ts';

/** Where what a program reads and writes lies. */
export interface Bindings {
  /** In the order of the program's variables. */
  readonly variables: readonly Float32Array[];
  readonly feeds: Readonly<Record<string, Omit<Lifted, 'name'>>>;
  /** By their number among the draws of a step. */
  readonly randoms: Readonly<Record<number, Float32Array>>;
  readonly outputs: Readonly<Record<string, { values: Float32Array; shape: readonly number[] }>>;
}

/** A program that is ready to run. */
export interface Executable {
  /** Takes the rows of a feed out of the data itself, at the next runs; where this is missing, they are copied before. */
  gather?(feed: string, samples: Samples, rows: Rows): void;
  run(): void;
  /** Runs it and lets the weights learn at once; gradients need not be in the store afterwards. */
  learn?(learningRate: number, step: number): void;
  dispose(): void;
}

export interface InPlaceEngine {
  readonly name: string;
  /**
   * @param store of a program whose gradients are learned from
   * @throws NotCompilable
   */
  compile(program: Program, bindings: Bindings, store?: Store): Executable;
  /** The optimizer's step over what the store holds, if the engine has one that is quicker than the store's. */
  optimizer?(store: Store): (learningRate: number, step: number) => void;
}

export class InPlaceTrainer extends ProgramTrainer<CompiledStep> {
  readonly #engine: InPlaceEngine;
  readonly #store: Store;
  readonly #update: (learningRate: number, step: number) => void;

  /** @throws NotCompilable at the first step, if the loss can't be compiled */
  constructor(spec: TrainerSpec, engine: InPlaceEngine) {
    super(spec);
    this.#engine = engine;
    this.#store = new Store(spec);
    this.#update = engine.optimizer?.(this.#store) ?? ((learningRate, step) => this.#store.update(learningRate, step));
  }

  get engine(): string {
    return this.#engine.name;
  }

  step(rows: Rows, { scalars, learningRate, norms }: StepSettings): void {
    const compiled = this.programFor(rows, Object.keys(scalars), true);
    const size = rows.end - rows.start;
    const steps = this.steps;
    if (compiled.canLearn && !norms) {
      this.learned({ size, terms: compiled.learn(rows, scalars, steps, learningRate) });
    } else {
      const terms = compiled.run(rows, scalars, steps);
      const result = { size, terms, ...(norms && { norms: this.#store.norms(this.spec.layers) }) };
      this.#update(learningRate, steps + 1);
      this.learned(result);
    }
    this.#store.touch();
  }

  evaluate(rows: Rows, { scalars, step }: { scalars: StepSettings['scalars']; step: number }): void {
    const compiled = this.programFor(rows, Object.keys(scalars), false);
    this.found({ size: rows.end - rows.start, terms: compiled.run(rows, scalars, step) });
  }

  keep(): Kept {
    return this.#store.keep();
  }

  stateNow(): OptimizerState {
    return { name: this.spec.optimizer, steps: this.steps, slots: this.#store.slotValues() };
  }

  override dispose(): void {
    this.#store.release();
    super.dispose();
  }

  protected adopt(): void {
    this.#store.adopt();
  }

  protected compile(step: StepProgram): CompiledStep {
    return new CompiledStep(step, this.#store, this.spec.seed, this.#engine);
  }
}

/** One program, its session, and the memory of what is fed to it and fetched from it. */
class CompiledStep {
  readonly step: StepProgram;
  readonly #store: Store;
  readonly #executable: Executable;
  readonly #memory: SimdMemory;
  readonly #seed: number;
  readonly #feeds: ReadonlyMap<string, { block: Block; shape: readonly number[] }>;
  readonly #draws: readonly { block: Block; draw: number; value: RandomValue }[];
  readonly #terms: Block;
  /** New values of variables that the step itself assigns to. */
  readonly #updates: readonly { block: Block; variable: number }[];
  readonly #outputs: Bindings['outputs'];
  #checked = false;

  constructor(step: StepProgram, store: Store, seed: number, engine: InPlaceEngine) {
    this.step = step;
    this.#store = store;
    this.#seed = seed;
    const { program } = step;
    const isLifted = (name: string) => step.constants.some((constant) => constant.name === name);
    const feeds = valuesOf(program, 'feed').filter(({ value }) => !isLifted(value.name));
    const draws = valuesOf(program, 'random');
    const updates = Object.keys(program.outputs).filter((name) => name.startsWith(updatePrefix));
    const shapeOf = (name: string) => program.values[program.outputs[name]].shape;
    const sizes = [
      ...[...feeds, ...draws].map(({ value }) => volume(value.shape)),
      ...[names.terms, ...updates].map((name) => volume(shapeOf(name))),
    ];
    this.#memory = new SimdMemory(sizes.reduce((sum, size) => sum + blockBytes(size), 0));
    const take = (shape: readonly number[]) => this.#memory.take(volume(shape));
    this.#feeds = new Map(feeds.map(({ value: { name, shape } }) => [name, { block: take(shape), shape }]));
    this.#draws = draws.map(({ value }) => ({ block: take(value.shape), draw: value.index, value }));
    this.#terms = take(shapeOf(names.terms));
    this.#updates = updates.map((name) => ({
      block: take(shapeOf(name)),
      variable: Number(name.slice(updatePrefix.length)),
    }));
    const gradients = step.training ? store.gradients : [];
    this.#outputs = Object.fromEntries(
      [
        [names.terms, this.#terms] as const,
        ...gradients.map((block, i) => [names.gradient(i), block] as const),
        ...this.#updates.map(({ block }, i) => [updates[i], block] as const),
      ].map(([name, { values }]) => [name, { values, shape: shapeOf(name) }]),
    );
    this.#executable = engine.compile(
      program,
      {
        variables: store.weights.map(({ values }) => values),
        feeds: Object.fromEntries([
          ...step.constants.map(({ name, ...constant }) => [name, constant] as const),
          ...[...this.#feeds].map(
            ([name, { block, shape }]) => [name, { values: block.values, shape, dtype: 'float32' as const }] as const,
          ),
        ]),
        randoms: Object.fromEntries(this.#draws.map(({ block, draw }) => [draw, block.values])),
        outputs: this.#outputs,
      },
      step.training ? store : undefined,
    );
  }

  /** Whether it can learn at once: what was not checked yet is run alone first. */
  get canLearn(): boolean {
    return this.#checked && this.#executable.learn !== undefined;
  }

  /** A whole step, from 0. */
  learn(
    rows: Rows,
    scalars: Readonly<Record<string, number>>,
    step: number,
    learningRate: number,
  ): Record<string, number> {
    this.#fill(rows, scalars, step);
    this.#executable.learn!(learningRate, step + 1);
    return this.#finish();
  }

  /** Gradients are in the store afterwards. */
  run(rows: Rows, scalars: Readonly<Record<string, number>>, step: number): Record<string, number> {
    this.#fill(rows, scalars, step);
    this.#executable.run();
    if (!this.#checked) this.#check(rows, scalars, step);
    return this.#finish();
  }

  /** The loss's terms; variables that the step itself assigns to are set. */
  #finish(): Record<string, number> {
    if (this.#updates.length > 0 && this.step.training) {
      for (const { block, variable } of this.#updates) this.#store.weights[variable].values.set(block.values);
    }
    return Object.fromEntries(this.step.termNames.map((name, i) => [name, this.#terms.values[i]]));
  }

  #fill(rows: Rows, scalars: Readonly<Record<string, number>>, step: number): void {
    const { data } = rows;
    for (const name of names.batches) {
      const feed = this.#feeds.get(name);
      if (!feed) continue;
      if (this.#executable.gather) this.#executable.gather(name, data[name]!, rows);
      else gather(data[name]!, rows, feed.block.values);
    }
    for (const [name, value] of Object.entries(scalars)) {
      const feed = this.#feeds.get(names.scalar(name));
      if (feed) feed.block.values[0] = value;
    }
    for (const { block, draw, value } of this.#draws) {
      fillDraw(this.#memory, block, value.distribution, { seed: this.#seed, step, draw });
    }
  }

  #check(rows: Rows, scalars: Readonly<Record<string, number>>, step: number): void {
    try {
      this.#compare(step);
    } catch {
      this.#fill(madeUp(rows), scalars, step);
      this.#executable.run();
      this.#compare(step);
      this.#fill(rows, scalars, step);
      this.#executable.run();
    }
    this.#checked = true;
  }

  #compare(step: number): void {
    checkAgainstReplay(this.step.traced, {
      variables: this.#store.variables,
      feeds: Object.fromEntries(
        [...this.#feeds].map(([name, { block, shape }]) => [name, { data: block.values, shape }]),
      ),
      random: (index, shape, distribution) => drawTensor(shape, distribution, { seed: this.#seed, step, draw: index }),
      outputs: Object.fromEntries(Object.entries(this.#outputs).map(([name, { values }]) => [name, values])),
    });
  }

  dispose(): void {
    this.#executable.dispose();
  }
}

type RandomValue = Extract<Program['values'][number], { kind: 'random' }>;
