import * as tf from '@tensorflow/tfjs';
import { makeBatch, type StepRandom, stepRandom } from '../engine/index.ts';
import { type Dataset, isDataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import { checkFitOptions, type LabelledFitOptions } from './fitOptions.ts';
import { labelsFor } from './labels.ts';
import { NdArray, type Samples, toNdArray } from './ndarray.ts';
import { allWeights, seedDropout, trainableLayers, withStepRandom } from './networks.ts';
import { freshSeed } from './random.ts';
import type { Run } from './run.ts';
import type { StepInput, Terms, TrainedLayer } from './step.ts';
import { type TrainingData, train } from './train.ts';
import { splitOff } from './trainingData.ts';
import { checkFinite, checkSeed, show } from './validate.ts';

/** What a loss sees. */
export interface OptimizeBatch {
  /** [batch, …] */
  readonly x: tf.Tensor;
  /** Labels as numbers, [batch], where there are any. */
  readonly y?: tf.Tensor;
  /** The only randomness that belongs in a loss: it follows from seed and step. */
  readonly random: StepRandom;
}

/** What is to be made small, and by moving what. */
export interface OptimizeStep {
  /** All that is learned; of models, what trains. They stay the caller's, who disposes them. */
  readonly variables: readonly tf.Variable[] | readonly tf.LayersModel[];
  /**
   * Any differentiable tf code over a batch: a scalar, or a scalar with terms of it to be reported. It must follow from the
   * batch alone: no Math.random, no tf.randomNormal, no numbers that change from step to step.
   */
  readonly loss: (batch: OptimizeBatch) => tf.Scalar | { loss: tf.Scalar; terms: Record<string, tf.Scalar> };
}

/**
 * The trainer beneath every model, for research code: any variables, any loss in tf code; the same loop, batches,
 * optimizers, callbacks, interrupts and record. Terms that do not add up to the loss are completed by a term `rest`.
 *
 * @param x [n, …]; labels from the data set or from options.labels
 * @throws TypeError or RangeError before training; Error if the loss becomes NaN, with the last good weights kept
 *
 * @example
 * ```ts
 * const { train } = await datasets.digits();
 * const weights = tf.variable(tf.randomNormal([784, 8], 0, 0.05, 'float32', 1));
 * const run = await optimize(
 *   { variables: [weights], loss: ({ x }) => x.matMul(weights).matMul(weights, false, true).sub(x).square().mean() },
 *   train.slice(0, 500), // a linear autoencoder with tied weights
 *   { epochs: 3, seed: 1 },
 * );
 * console.log(run.history.loss);
 * weights.dispose();
 * ```
 */
export async function optimize(
  step: OptimizeStep,
  x: Samples | Dataset,
  options: LabelledFitOptions & { seed?: number } = {},
): Promise<Run> {
  const { variables, layers } = learned(step);
  if (typeof step.loss !== 'function') throw new TypeError(`loss must be a function, got ${show(step.loss)}`);
  const data = await dataFrom('x', x, options.labels);
  const checked = checkFitOptions(options, data.x.length, ['labels', 'seed'], 'optimize');
  const seed = options.seed === undefined ? freshSeed() : checkSeed(options.seed);
  for (const name of ['checkpoint', 'resume', 'target'] as const) {
    if (options[name] !== undefined && options[name] !== false) throw new TypeError(`optimize has no option '${name}'`);
  }
  const parts =
    typeof checked.validation === 'number' || checked.validation === undefined
      ? splitOff(data, checked.validation ?? 0)
      : { train: data, validation: await dataFrom('validation', checked.validation) };
  await loadEngine();
  const rest = await needsRest(step, parts.train, seed);
  const { run } = await train(
    {
      model: 'optimize',
      unit: 'loss',
      seed,
      layers,
      weights: variables,
      loss: (input) => withStepRandom(input.random, () => termsOf(step, input, rest)),
      train: parts.train,
      ...(parts.validation && { validation: parts.validation }),
      modelOptions: { seed },
    },
    checked,
  );
  return run;
}

function learned({ variables }: OptimizeStep): { variables: tf.Variable[]; layers: TrainedLayer[] } {
  const list = Array.isArray(variables) ? (variables as unknown[]) : [];
  if (list.length > 0 && list.every((entry) => entry instanceof tf.LayersModel)) {
    const models = list as tf.LayersModel[];
    models.forEach(seedDropout);
    return { variables: allWeights(...models), layers: trainableLayers(...models) };
  }
  if (list.length > 0 && list.every((entry) => entry instanceof tf.Variable)) {
    const own = list as tf.Variable[];
    return { variables: own, layers: own.map((variable) => ({ name: variable.name, variables: [variable] })) };
  }
  throw new TypeError(`variables must be a list of tf.Variable, or of tf.LayersModel, got ${show(variables)}`);
}

async function dataFrom(name: string, x: Samples | Dataset, labels?: ArrayLike<number>): Promise<TrainingData> {
  const samples = isDataset(x) ? x.x : await toNdArray(x);
  checkFinite(name, samples);
  const labelled = labels !== undefined || (isDataset(x) && x.y !== undefined);
  if (!labelled) return { x: samples, target: samples };
  const y = Float32Array.from(labelsFor(x, labels, samples.length, 2 ** 24));
  return { x: samples, target: samples, y: new NdArray(y, [y.length]) };
}

function termsOf({ loss }: OptimizeStep, { x, y, random }: StepInput, rest: boolean): Terms {
  const value = loss({ x, ...(y && { y }), random });
  if (value instanceof tf.Tensor) return { objective: value };
  if (!(value?.loss instanceof tf.Tensor) || typeof value.terms !== 'object') {
    throw new TypeError(`loss must return a scalar tensor, or { loss, terms }, got ${show(value)}`);
  }
  const terms = { ...value.terms };
  if (Object.keys(terms).length === 0) return { objective: value.loss };
  if (rest) terms.rest = value.loss.sub(tf.addN(Object.values(terms).map((term) => term.asScalar()))).asScalar();
  return terms;
}

/** Whether the terms leave a part of the loss unnamed, seen on the first samples. */
async function needsRest(step: OptimizeStep, data: TrainingData, seed: number): Promise<boolean> {
  const batch = makeBatch({ data, start: 0, end: Math.min(data.x.length, 32) });
  try {
    const pair = tf.tidy(() => {
      const random = stepRandom(seed, 0);
      const value = withStepRandom(random, () => step.loss({ x: batch.x, ...(batch.y && { y: batch.y }), random }));
      if (value instanceof tf.Tensor || !(value?.loss instanceof tf.Tensor)) return undefined;
      const terms = Object.values(value.terms ?? {});
      if (terms.length === 0) return undefined;
      return tf.stack([value.loss.asScalar(), tf.addN(terms.map((term) => term.asScalar()))]);
    });
    if (!pair) return false;
    const [loss, sum] = await pair.data();
    pair.dispose();
    return Math.abs(loss - sum) > 1e-4 * Math.abs(loss);
  } finally {
    tf.dispose([batch.x, ...(batch.y ? [batch.y] : [])]);
  }
}
