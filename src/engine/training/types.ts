/** What a training asks of an engine, and what it gives: variables and a loss, nothing of autoencoders. */
import type * as tf from '@tensorflow/tfjs';
import type { Kept } from './kept.ts';

/** The only randomness inside a step: numbers that follow from (seed, step) and the order of the calls alone. */
export interface StepRandom {
  normal(shape: number[]): tf.Tensor;
  /** In [0, 1). */
  uniform(shape: number[]): tf.Tensor;
  /** 1 with probability p, else 0. */
  bernoulli(shape: number[], p: number): tf.Tensor;
}

/** Named terms that add up to the loss; each a mean over the batch. */
export type Terms = Record<string, tf.Scalar>;

/** What one step sees. */
export interface StepInput {
  /** [batch, …] */
  readonly x: tf.Tensor;
  /** What the output is compared with; the same tensor as x unless there are separate targets. */
  readonly target: tf.Tensor;
  /** What else is known of each sample, [batch, …]: the labels as one-hot rows, where there are any. */
  readonly y?: tf.Tensor;
  readonly random: StepRandom;
  /** Steps done before this one. */
  readonly step: number;
  /** False where nothing is learned: no noise, no dropout. */
  readonly training: boolean;
  /** Numbers that change from step to step. A loss must not read them as plain numbers. */
  readonly scalars: Readonly<Record<string, tf.Scalar>>;
}

/** A pure function of tensors and of the variables it reads. */
export type StepLoss = (input: StepInput) => Terms;

/** A layer's variables, for the norm of its gradient. */
export interface TrainedLayer {
  readonly name: string;
  readonly variables: readonly tf.Variable[];
}

/** Floats with a shape whose first axis counts samples. */
export interface Samples {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** Inputs, what the outputs are compared with (often the same array), and what else belongs to each sample. */
export interface TrainingData {
  readonly x: Samples;
  readonly target: Samples;
  readonly y?: Samples;
}

/** Samples `order[start]` to `order[end - 1]` of data, or start to end where there is no order. */
export interface Rows {
  readonly data: TrainingData;
  readonly order?: Uint32Array;
  readonly start: number;
  readonly end: number;
}

export const optimizerNames = ['adam', 'sgd', 'momentum', 'rmsprop'] as const;
export type OptimizerName = (typeof optimizerNames)[number];

/** What an optimizer remembers between steps; saved with the model. */
export interface OptimizerState {
  readonly name: OptimizerName;
  /** Updates done so far. */
  readonly steps: number;
  /** Moving averages, each as long as all trained variables together. */
  readonly slots: readonly Float32Array[];
}

export interface TrainerSpec {
  readonly loss: StepLoss;
  /** What the gradient is taken of, input side first. */
  readonly layers: readonly TrainedLayer[];
  /** All variables of the model, averages of batch normalization included. */
  readonly weights: readonly tf.Variable[];
  readonly seed: number;
  readonly optimizer: OptimizerName;
  /** To go on from. */
  readonly state?: OptimizerState;
}

/** What changes from step to step beside the data. */
export interface StepSettings {
  readonly scalars: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Whether the norm of every layer's gradient is wanted. */
  readonly norms: boolean;
}

export interface StepResult {
  /** Samples in the step's batch. */
  readonly size: number;
  /** Each a mean over the batch. */
  readonly terms: Readonly<Record<string, number>>;
  /** [layers] */
  readonly norms?: readonly number[];
}

/**
 * Trains, step by step. Calls return at once where the engine can; `read` waits for what they found. The model's variables
 * are what the training has reached whenever somebody looks at them, and it goes on from what somebody has set them to.
 */
export interface Trainer {
  /** Optimizer's updates done so far, over all calls of fit. */
  readonly steps: number;
  /** Whether steps run as one compiled program. */
  readonly compiled: boolean;
  /** The name of the engine that runs the compiled program. */
  readonly engine?: string;
  /** Why steps are not compiled, or not by the first engine that was asked. */
  readonly reason?: string;
  step(rows: Rows, settings: StepSettings): void;
  /** The loss without learning. `step` numbers the batches, for a loss that draws random numbers. */
  evaluate(rows: Rows, settings: { scalars: StepSettings['scalars']; step: number }): void;
  /** What the calls since the last read found, in their order. */
  read(): Promise<StepResult[]>;
  /** The weights as they are now. */
  keep(): Kept;
  /** User code ran that may have changed what the loss computes: what was compiled of it is compared with a new trace. */
  doubt(): void;
  state(): Promise<OptimizerState>;
  dispose(): void;
}

/** A trainer that runs the loss as a compiled program. */
export interface CompiledTrainer extends Trainer {
  readonly compiled: true;
  /** As `read` and `state`, at once. */
  take(): StepResult[];
  stateNow(): OptimizerState;
}

export function volume(shape: readonly number[]): number {
  return shape.reduce((size, side) => size * side, 1);
}

/** Copies rows of `samples` to the beginning of `out`. */
export function gather(samples: Samples, { order, start, end }: Rows, out: Float32Array): void {
  const width = volume(samples.shape.slice(1));
  const { data } = samples;
  if (!order) {
    out.set(data.subarray(start * width, end * width));
    return;
  }
  // a view per row costs more than a few numbers do
  const byNumber = width < 48;
  for (let i = start, to = 0; i < end; i++, to += width) {
    const from = order[i] * width;
    if (byNumber) for (let j = 0; j < width; j++) out[to + j] = data[from + j];
    else out.set(data.subarray(from, from + width), to);
  }
}
