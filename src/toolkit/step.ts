/** One step of training, and one of evaluation, on tf's current backend. */
import * as tf from '@tensorflow/tfjs';
import { freeAbandonedTape } from '../engine/index.ts';
import type { Batch } from './batches.ts';
import type { Optimizer } from './optimizers.ts';
import type { StepRandom } from './stepRandom.ts';

/** Named terms that add up to the loss; each a mean over the batch. */
export type Terms = Record<string, tf.Scalar>;

export interface StepInput extends Batch {
  readonly random: StepRandom;
  /** Steps done before this one. */
  readonly step: number;
  /** False where nothing is learned: no noise, no dropout. */
  readonly training: boolean;
  /** Problem.scalars as tensors. They change from step to step, so a loss must not read them as plain numbers. */
  readonly scalars: Readonly<Record<string, tf.Scalar>>;
}

/** A pure function of tensors and of the variables it reads. */
export type StepLoss = (input: StepInput) => Terms;

/** A layer's variables, for the norm of its gradient. */
export interface TrainedLayer {
  readonly name: string;
  readonly variables: readonly tf.Variable[];
}

/** The names of the terms, and their values [terms], which the caller disposes. */
export interface StepResult {
  readonly names: readonly string[];
  readonly values: tf.Tensor1D;
  /** [layers] */
  readonly gradientNorms?: tf.Tensor1D;
}

export function trainStep(
  loss: StepLoss,
  layers: readonly TrainedLayer[],
  optimizer: Optimizer,
  input: Omit<StepInput, 'scalars'>,
  scalars: Record<string, number>,
  learningRate: number,
  withNorms: boolean,
): StepResult {
  const variables = layers.flatMap((layer) => layer.variables);
  return tf.tidy(() => {
    let names: string[] = [];
    let values: tf.Tensor1D | undefined;
    try {
      const { grads } = tf.variableGrads(() => {
        const terms = checkTerms(loss({ ...input, scalars: tensorsOf(scalars) }));
        names = Object.keys(terms);
        // kept, since the gradient's scope ends before they are read
        values = tf.keep(tf.stack(Object.values(terms)) as tf.Tensor1D);
        return total(terms);
      }, variables as tf.Variable[]);
      // a variable that the loss does not use has none
      const gradients = variables.map((variable) => grads[variable.name] ?? tf.zerosLike(variable));
      optimizer.apply(variables, gradients, learningRate);
      const gradientNorms = withNorms ? normsOf(layers, gradients) : undefined;
      return { names, values: values!.clone(), gradientNorms };
    } catch (error) {
      freeAbandonedTape();
      throw error;
    } finally {
      values?.dispose();
    }
  });
}

export function evaluateStep(
  loss: StepLoss,
  input: Omit<StepInput, 'scalars'>,
  scalars: Record<string, number>,
): StepResult {
  return tf.tidy(() => {
    const terms = checkTerms(loss({ ...input, scalars: tensorsOf(scalars) }));
    return { names: Object.keys(terms), values: tf.stack(Object.values(terms)) as tf.Tensor1D };
  });
}

function tensorsOf(scalars: Record<string, number>): Record<string, tf.Scalar> {
  return Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, tf.scalar(value)]));
}

function total(terms: Terms): tf.Scalar {
  return Object.values(terms).reduce((sum, term) => sum.add(term));
}

function normsOf(layers: readonly TrainedLayer[], gradients: readonly tf.Tensor[]): tf.Tensor1D {
  let next = 0;
  const squares = layers.map(({ variables }) => tf.addN(variables.map(() => gradients[next++].square().sum())));
  return tf.stack(squares).sqrt() as tf.Tensor1D;
}

function checkTerms(terms: Terms): Terms {
  for (const [name, term] of Object.entries(terms)) {
    if (!(term instanceof tf.Tensor) || term.size !== 1) {
      const got = term instanceof tf.Tensor ? `a tensor of shape [${term.shape}]` : String(term);
      throw new TypeError(`the loss term '${name}' must be a scalar tensor, got ${got}`);
    }
  }
  return Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.asScalar()]));
}
