import * as tf from '@tensorflow/tfjs';
import { volume } from './ndarray.ts';
import { Random } from './random.ts';

/** The only randomness inside a training step: numbers that follow from (seed, step) alone. */
export interface StepRandom {
  normal(shape: number[]): tf.Tensor;
  uniform(shape: number[]): tf.Tensor;
  /** 1 with probability p, else 0. */
  bernoulli(shape: number[], p: number): tf.Tensor;
}

export function stepRandom(seed: number, step: number): StepRandom {
  const random = new Random(seed, 'step', step);
  const make = (shape: number[], fill: (out: Float32Array) => Float32Array) =>
    tf.tensor(fill(new Float32Array(volume(shape))), shape);
  return {
    normal: (shape) => make(shape, (out) => random.fillNormal(out)),
    uniform: (shape) => make(shape, (out) => random.fillUniform(out)),
    bernoulli: (shape, p) => make(shape, (out) => random.fillBernoulli(out, p)),
  };
}
