import { NotCompilable } from '../program/index.ts';
import { EagerTrainer } from './eager.ts';
import type { Kept } from './kept.ts';
import type { CompiledTrainer, OptimizerState, Rows, StepResult, StepSettings, Trainer, TrainerSpec } from './types.ts';

/** Makes a trainer that may find, at its first step, that it can't compile the loss. */
export type Compile = (spec: TrainerSpec) => CompiledTrainer;

/** Trains on the first engine that can compile the loss; where none can, says so once and goes on kernel by kernel. */
export class FallbackTrainer implements Trainer {
  readonly #spec: TrainerSpec;
  /** What was not tried yet. */
  readonly #others: Compile[];
  #compiled: CompiledTrainer | undefined;
  #inner: Trainer;
  #reason: string | undefined;
  /** Found before the fall. */
  #earlier: StepResult[] = [];

  constructor(spec: TrainerSpec, [first, ...others]: readonly Compile[]) {
    this.#spec = spec;
    this.#others = others;
    this.#compiled = first(spec);
    this.#inner = this.#compiled;
  }

  get compiled(): boolean {
    return this.#compiled !== undefined;
  }

  get engine(): string | undefined {
    return this.#compiled?.engine;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  get steps(): number {
    return this.#inner.steps;
  }

  step(rows: Rows, settings: StepSettings): void {
    this.#attempt((trainer) => trainer.step(rows, settings));
  }

  evaluate(rows: Rows, settings: { scalars: StepSettings['scalars']; step: number }): void {
    this.#attempt((trainer) => trainer.evaluate(rows, settings));
  }

  #attempt(run: (trainer: Trainer) => void): void {
    try {
      run(this.#inner);
    } catch (error) {
      if (!this.#compiled) throw error;
      this.#fall();
      // a mistake in the loss shows here again, in the end without the compilers' words around it
      this.#attempt(run);
      this.#reason = reasonOf(error);
      if (!this.#compiled) warn(this.#reason);
    }
  }

  /** Goes on where the compiled trainer stands: a call that failed has changed nothing. */
  #fall(): void {
    const compiled = this.#compiled!;
    this.#earlier.push(...compiled.take());
    const spec = { ...this.#spec, state: compiled.stateNow() };
    this.#compiled = this.#others.shift()?.(spec);
    this.#inner = this.#compiled ?? new EagerTrainer(spec);
    compiled.dispose();
  }

  async read(): Promise<StepResult[]> {
    const earlier = this.#earlier;
    this.#earlier = [];
    return [...earlier, ...(await this.#inner.read())];
  }

  keep(): Kept {
    return this.#inner.keep();
  }

  doubt(): void {
    this.#inner.doubt();
  }

  state(): Promise<OptimizerState> {
    return this.#inner.state();
  }

  dispose(): void {
    this.#inner.dispose();
  }
}

const told = new Set<string>();

function reasonOf(error: unknown): string {
  return error instanceof NotCompilable ? error.message : `it could not be traced (${(error as Error).message})`;
}

function warn(reason: string): void {
  if (told.has(reason)) return;
  told.add(reason);
  console.warn(`This loss is trained operation by operation, more slowly, since it can't be compiled: ${reason}.`);
}
