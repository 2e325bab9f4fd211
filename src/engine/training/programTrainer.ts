import type { Kept } from './kept.ts';
import { isCurrent, type StepProgram, traceStep } from './programs.ts';
import type { CompiledTrainer, OptimizerState, Rows, StepResult, StepSettings, TrainerSpec } from './types.ts';

/** A step's program, ready to run. */
interface Compiled {
  readonly step: StepProgram;
  dispose(): void;
}

/** What trainers of compiled steps have in common: a program for each size of batch, and what the steps found. */
export abstract class ProgramTrainer<C extends Compiled> implements CompiledTrainer {
  readonly compiled = true;
  abstract readonly engine: string;
  protected readonly spec: TrainerSpec;
  /** By batch size, and whether it learns; doubted is what was traced before user code ran. */
  readonly #programs = new Map<string, { compiled: C; doubted: boolean }>();
  #results: StepResult[] = [];
  #steps: number;

  constructor(spec: TrainerSpec) {
    this.spec = spec;
    this.#steps = spec.state?.steps ?? 0;
  }

  abstract step(rows: Rows, settings: StepSettings): void;
  abstract evaluate(rows: Rows, settings: { scalars: StepSettings['scalars']; step: number }): void;
  abstract keep(): Kept;
  abstract stateNow(): OptimizerState;

  /** Goes on from what the variables are, if somebody has set them. */
  protected abstract adopt(): void;

  /** @throws NotCompilable */
  protected abstract compile(step: StepProgram, rows: Rows, scalars: readonly string[]): C;

  get steps(): number {
    return this.#steps;
  }

  take(): StepResult[] {
    const results = this.#results;
    this.#results = [];
    return results;
  }

  async read(): Promise<StepResult[]> {
    return this.take();
  }

  async state(): Promise<OptimizerState> {
    return this.stateNow();
  }

  doubt(): void {
    for (const program of this.#programs.values()) program.doubted = true;
  }

  dispose(): void {
    for (const { compiled } of this.#programs.values()) compiled.dispose();
    this.#programs.clear();
  }

  protected found(result: StepResult): void {
    this.#results.push(result);
  }

  protected learned(result: StepResult): void {
    this.found(result);
    this.#steps++;
  }

  protected get programs(): C[] {
    return [...this.#programs.values()].map(({ compiled }) => compiled);
  }

  /** The program for a batch of this size; the variables are where it expects them. */
  protected programFor(rows: Rows, scalars: readonly string[], training: boolean): C {
    this.adopt();
    const batch = rows.end - rows.start;
    const key = `${batch}/${training}`;
    const known = this.#programs.get(key);
    if (known && !known.doubted) return known.compiled;
    if (known && isCurrent(known.compiled.step, this.spec, rows.data, scalars)) {
      known.doubted = false;
      return known.compiled;
    }
    known?.compiled.dispose();
    this.#programs.delete(key);
    const step = traceStep(this.spec, rows.data, scalars, batch, training);
    const compiled = this.compile(step, rows, scalars);
    this.#programs.set(key, { compiled, doubted: false });
    return compiled;
  }
}
