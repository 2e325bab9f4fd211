/**
 * Training on ONNX Runtime. Weights, gradients and the optimizer's averages lie in one WebAssembly memory, which the
 * runtime reads and writes in place and where the optimizer works: nothing is copied between steps but the batch.
 */
import { type Program, updatePrefix, valuesOf } from '../program/index.ts';
import { type Block, blockBytes, SimdMemory } from '../simd/memory.ts';
import { checkAgainstReplay, madeUp } from '../training/check.ts';
import { isCurrent, names, type StepProgram, traceStep } from '../training/programs.ts';
import { drawTensor, fillDraw } from '../training/randomness.ts';
import { Store } from '../training/store.ts';
import {
  type CompiledTrainer,
  gather,
  type OptimizerState,
  type Rows,
  type StepResult,
  type StepSettings,
  type TrainerSpec,
  volume,
} from '../training/types.ts';
import { emit, inputName } from './emit.ts';
import { Session, type Tensors, tensorOver } from './runtime.ts';
import { threadsFor } from './threadsFor.ts';

export class OnnxTrainer implements CompiledTrainer {
  readonly compiled = true;
  readonly #spec: TrainerSpec;
  readonly #threads: number;
  readonly #store: Store;
  /** By batch size, and whether it learns. */
  readonly #runs = new Map<string, CompiledStep>();
  #results: StepResult[] = [];
  #steps: number;

  /** @throws NotCompilable at the first step, if the loss can't be compiled */
  constructor(spec: TrainerSpec, threads: number) {
    this.#spec = spec;
    this.#threads = threads;
    this.#store = new Store(spec);
    this.#steps = spec.state?.steps ?? 0;
  }

  get steps(): number {
    return this.#steps;
  }

  step(rows: Rows, { scalars, learningRate, norms }: StepSettings): void {
    const compiled = this.#compiled(rows, Object.keys(scalars), true);
    const terms = compiled.run(rows, scalars, this.#steps);
    this.#steps++;
    const size = rows.end - rows.start;
    this.#results.push({ size, terms, ...(norms && { norms: this.#store.norms(this.#spec.layers) }) });
    this.#store.update(learningRate, this.#steps);
  }

  evaluate(rows: Rows, { scalars, step }: { scalars: StepSettings['scalars']; step: number }): void {
    const compiled = this.#compiled(rows, Object.keys(scalars), false);
    this.#results.push({ size: rows.end - rows.start, terms: compiled.run(rows, scalars, step) });
  }

  take(): StepResult[] {
    const results = this.#results;
    this.#results = [];
    return results;
  }

  async read(): Promise<StepResult[]> {
    return this.take();
  }

  publish(): void {
    this.#store.publish();
  }

  adopt(): void {
    this.#store.adopt();
  }

  doubt(): void {
    for (const run of this.#runs.values()) run.doubted = true;
  }

  stateNow(): OptimizerState {
    return { name: this.#spec.optimizer, steps: this.#steps, slots: this.#store.slots() };
  }

  async state(): Promise<OptimizerState> {
    return this.stateNow();
  }

  dispose(): void {
    for (const run of this.#runs.values()) run.dispose();
    this.#runs.clear();
  }

  #compiled(rows: Rows, scalars: readonly string[], training: boolean): CompiledStep {
    const batch = rows.end - rows.start;
    const key = `${batch}/${training}`;
    const known = this.#runs.get(key);
    if (known && !known.doubted) return known;
    // the variables must be current where the trace and the check look at them
    this.#store.publish();
    if (known && isCurrent(known.step, this.#spec, rows.data, scalars)) {
      known.doubted = false;
      return known;
    }
    known?.dispose();
    this.#runs.delete(key);
    const step = traceStep(this.#spec, rows.data, scalars, batch, training);
    const run = new CompiledStep(step, this.#store, this.#spec.seed, this.#threads);
    this.#runs.set(key, run);
    return run;
  }
}

/** One program, its session, and the memory of what is fed to it and fetched from it. */
class CompiledStep {
  readonly step: StepProgram;
  /** Whether user code ran since it was traced. */
  doubted = false;
  readonly #store: Store;
  readonly #session: Session;
  readonly #memory: SimdMemory;
  readonly #seed: number;
  readonly #feeds: ReadonlyMap<string, { block: Block; shape: readonly number[] }>;
  readonly #draws: readonly { block: Block; draw: number; value: RandomValue }[];
  readonly #terms: Block;
  /** New values of variables that the step itself assigns to. */
  readonly #updates: readonly { block: Block; variable: number }[];
  readonly #inputs: Tensors = {};
  readonly #outputs: Tensors = {};
  #checked = false;

  constructor(step: StepProgram, store: Store, seed: number, threads: number) {
    this.step = step;
    this.#store = store;
    this.#seed = seed;
    const { program } = step;
    this.#session = new Session(emit(program).encode(), threadsFor(program, threads));
    const isLifted = (name: string) => step.constants.some((constant) => constant.name === name);
    const feeds = valuesOf(program, 'feed').filter(({ value }) => !isLifted(value.name));
    const draws = valuesOf(program, 'random');
    const updates = Object.keys(program.outputs).filter((name) => name.startsWith(updatePrefix));
    const sizeOf = (name: string) => volume(program.values[program.outputs[name]].shape);
    const sizes = [
      ...[...feeds, ...draws].map(({ value }) => volume(value.shape)),
      ...[names.terms, ...updates].map(sizeOf),
    ];
    this.#memory = new SimdMemory(sizes.reduce((sum, size) => sum + blockBytes(size), 0));

    for (const { name, values, shape, dtype } of step.constants) {
      this.#inputs[inputName.feed(name)] = tensorOver(values, shape, dtype);
    }
    this.#feeds = new Map(
      feeds.map(({ value: { name, shape } }) => {
        const block = this.#memory.take(volume(shape));
        this.#inputs[inputName.feed(name)] = tensorOver(block.values, shape);
        return [name, { block, shape }];
      }),
    );
    this.#draws = draws.map(({ value }) => {
      const block = this.#memory.take(volume(value.shape));
      this.#inputs[inputName.random(value.index)] = tensorOver(block.values, value.shape);
      return { block, draw: value.index, value };
    });
    for (const { value } of valuesOf(program, 'variable')) {
      this.#inputs[inputName.variable(value.index)] = tensorOver(store.weights[value.index].values, value.shape);
    }
    this.#terms = this.#memory.take(sizeOf(names.terms));
    this.#outputs[names.terms] = tensorOver(this.#terms.values, [this.#terms.values.length]);
    if (step.training) {
      store.gradients.forEach(({ values }, i) => {
        this.#outputs[names.gradient(i)] = tensorOver(values, store.variables[i].shape);
      });
    }
    this.#updates = updates.map((name) => {
      const block = this.#memory.take(sizeOf(name));
      const variable = Number(name.slice(updatePrefix.length));
      this.#outputs[name] = tensorOver(block.values, store.variables[variable].shape);
      return { block, variable };
    });
  }

  /** Gradients are in the store afterwards. */
  run(rows: Rows, scalars: Readonly<Record<string, number>>, step: number): Record<string, number> {
    this.#fill(rows, scalars, step);
    this.#session.run(this.#inputs, this.#outputs);
    if (!this.#checked) this.#check(rows, scalars, step);
    if (this.#updates.length > 0 && this.step.training) {
      for (const { block, variable } of this.#updates) this.#store.weights[variable].values.set(block.values);
      this.#store.touch();
    }
    return Object.fromEntries(this.step.termNames.map((name, i) => [name, this.#terms.values[i]]));
  }

  #fill(rows: Rows, scalars: Readonly<Record<string, number>>, step: number): void {
    const { data } = rows;
    for (const [name, { block }] of this.#feeds) {
      if (name === 'x' || name === 'target' || name === 'y') gather(data[name]!, rows, block.values);
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
      this.#session.run(this.#inputs, this.#outputs);
      this.#compare(step);
      this.#fill(rows, scalars, step);
      this.#session.run(this.#inputs, this.#outputs);
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
      outputs: Object.fromEntries(
        Object.entries(this.#outputs).map(([name, { data }]) => [name, data as Float32Array]),
      ),
    });
  }

  dispose(): void {
    this.#session.dispose();
  }
}

type RandomValue = Extract<Program['values'][number], { kind: 'random' }>;
