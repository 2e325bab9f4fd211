/** Training kernel by kernel on tf's current backend: for what can't be compiled, and where no native engine is. */
import * as tf from '@tensorflow/tfjs';
import { freeAbandonedTape } from '../tape.ts';
import { type Kept, Snapshot } from './kept.ts';
import { orderedVariables } from './programs.ts';
import { stepRandom } from './randomness.ts';
import { Store } from './store.ts';
import {
  gather,
  type OptimizerState,
  type Rows,
  type Samples,
  type StepInput,
  type StepResult,
  type StepSettings,
  type Terms,
  type Trainer,
  type TrainerSpec,
  volume,
} from './types.ts';

/** A step's results while they are the engine's. */
interface Pending {
  readonly size: number;
  readonly names: readonly string[];
  readonly values: tf.Tensor1D;
  readonly norms?: readonly number[];
}

export class EagerTrainer implements Trainer {
  readonly compiled = false;
  readonly #spec: TrainerSpec;
  /** Of what trains alone: the loss itself assigns to the other variables. */
  readonly #store: Store;
  readonly #weights: readonly tf.Variable[];
  #steps: number;
  #pending: Pending[] = [];

  constructor(spec: TrainerSpec) {
    this.#spec = spec;
    this.#store = new Store({ ...spec, weights: [] });
    this.#weights = orderedVariables(spec).all;
    this.#steps = spec.state?.steps ?? 0;
  }

  get steps(): number {
    return this.#steps;
  }

  step(rows: Rows, settings: StepSettings): void {
    const { loss, seed } = this.#spec;
    const step = this.#steps;
    this.#store.adopt();
    this.#pending.push(
      tf.tidy(() => {
        let names: string[] = [];
        let values: tf.Tensor1D | undefined;
        try {
          const batch = makeBatch(rows);
          const { grads } = tf.variableGrads(() => {
            const input = { ...batch, random: stepRandom(seed, step), step, training: true };
            const terms = checkTerms(loss({ ...input, scalars: tensorsOf(settings.scalars) }));
            names = Object.keys(terms);
            // kept, since the gradient's scope ends before they are read
            values = tf.keep(tf.stack(Object.values(terms)) as tf.Tensor1D);
            return total(terms);
          }, this.#store.trained as tf.Variable[]);
          const norms = this.#learn(grads, settings);
          const size = rows.end - rows.start;
          return { size, names, values: values!.clone(), norms } as unknown as tf.TensorContainer;
        } catch (error) {
          freeAbandonedTape();
          throw error;
        } finally {
          values?.dispose();
        }
      }) as unknown as Pending,
    );
  }

  /** @returns the gradient's norms, if they are wanted */
  #learn(grads: tf.NamedTensorMap, { learningRate, norms }: StepSettings): number[] | undefined {
    const store = this.#store;
    store.trained.forEach((variable, i) => {
      const gradient = grads[variable.name]?.dataSync<'float32'>();
      // a variable that the loss does not use has none
      if (gradient) store.gradients[i].values.set(gradient);
      else store.gradients[i].values.fill(0);
    });
    store.update(learningRate, ++this.#steps);
    return norms ? store.norms(this.#spec.layers) : undefined;
  }

  evaluate(rows: Rows, { scalars, step }: { scalars: StepSettings['scalars']; step: number }): void {
    const { loss, seed } = this.#spec;
    this.#pending.push(
      tf.tidy(() => {
        const input: StepInput = {
          ...makeBatch(rows),
          random: stepRandom(seed, step),
          step,
          training: false,
          scalars: tensorsOf(scalars),
        };
        const terms = checkTerms(loss(input));
        const values = tf.stack(Object.values(terms));
        return { size: rows.end - rows.start, names: Object.keys(terms), values } as unknown as tf.TensorContainer;
      }) as unknown as Pending,
    );
  }

  async read(): Promise<StepResult[]> {
    const pending = this.#pending;
    if (pending.length === 0) return [];
    this.#pending = [];
    try {
      // one read for all: each waits for the engine
      const all = tf.tidy(() => tf.concat1d(pending.map(({ values }) => values)));
      const values = await all.data<'float32'>().finally(() => all.dispose());
      let next = 0;
      const results: StepResult[] = [];
      for (const { size, names, norms } of pending) {
        const terms = Object.fromEntries(names.map((name) => [name, values[next++]]));
        results.push({ size, terms, ...(norms && { norms }) });
      }
      return results;
    } finally {
      free(pending);
    }
  }

  keep(): Kept {
    return new Snapshot(this.#weights);
  }

  doubt(): void {}

  async state(): Promise<OptimizerState> {
    return { name: this.#spec.optimizer, steps: this.#steps, slots: this.#store.slotValues() };
  }

  dispose(): void {
    this.#store.release();
    free(this.#pending);
    this.#pending = [];
  }
}

function free(pending: readonly Pending[]): void {
  tf.dispose(pending.map(({ values }) => values));
}

/** What a step sees, as tensors that the caller disposes. */
export function makeBatch(rows: Rows): Pick<StepInput, 'x' | 'target' | 'y'> {
  const { x, target, y } = rows.data;
  const inputs = batchTensor(x, rows);
  return {
    x: inputs,
    target: target === x ? inputs : batchTensor(target, rows),
    ...(y && { y: batchTensor(y, rows) }),
  };
}

function batchTensor(samples: Samples, rows: Rows): tf.Tensor {
  const shape = [rows.end - rows.start, ...samples.shape.slice(1)];
  // memory of its own: backends keep what they are given
  const values = new Float32Array(volume(shape));
  gather(samples, rows, values);
  return tf.tensor(values, shape);
}

function tensorsOf(scalars: Readonly<Record<string, number>>): Record<string, tf.Scalar> {
  return Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, tf.scalar(value)]));
}

/** The loss. */
export function total(terms: Terms): tf.Scalar {
  return Object.values(terms).reduce((sum, term) => sum.add(term));
}

/** Refuses terms that are no scalars. */
export function checkTerms(terms: Terms): Terms {
  for (const [name, term] of Object.entries(terms)) {
    if (!(term instanceof tf.Tensor) || term.size !== 1) {
      const got = term instanceof tf.Tensor ? `a tensor of shape [${term.shape}]` : String(term);
      throw new TypeError(`the loss term '${name}' must be a scalar tensor, got ${got}`);
    }
  }
  return Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.asScalar()]));
}
