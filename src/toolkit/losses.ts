/**
 * Reconstruction losses. Each exists twice: as tf code per sample, for training and gradients, and in plain 64-bit
 * arithmetic for reports.
 *
 * `mse`, `mae`, `bce` are means over features; `sse`, `sae`, `nats` (binary cross-entropy) are sums over features.
 */
import * as tf from '@tensorflow/tfjs';
import type { NdArray } from './ndarray.ts';

export const lossNames = ['mse', 'mae', 'bce', 'sse', 'sae', 'nats'] as const;
export type LossName = (typeof lossNames)[number];
/** Per sample, in tf code: (x, output) => [batch] */
export type LossFunction = (x: tf.Tensor, output: tf.Tensor) => tf.Tensor1D;

/** Keeps logarithms finite, as Keras does. */
const epsilon = 1e-7;

type Elementwise = (x: tf.Tensor, output: tf.Tensor) => tf.Tensor;

/** Per value: (x - y)^2 */
const squaredError: Elementwise = (x, output) => output.sub(x).square();
/** Per value: |x - y| */
const absoluteError: Elementwise = (x, output) => output.sub(x).abs();
/** Per value: -x log(y) - (1 - x) log(1 - y) */
const crossEntropy: Elementwise = (x, output) => {
  const y = output.clipByValue(epsilon, 1 - epsilon);
  const one = tf.scalar(1);
  return x
    .mul(y.log())
    .add(one.sub(x).mul(one.sub(y).log()))
    .neg();
};

const elementwise: Record<LossName, Elementwise> = {
  mse: squaredError,
  sse: squaredError,
  mae: absoluteError,
  sae: absoluteError,
  bce: crossEntropy,
  nats: crossEntropy,
};

function isMean(name: LossName): boolean {
  return name === 'mse' || name === 'mae' || name === 'bce';
}

/** Whether the loss reads x and output as probabilities. */
export function isCrossEntropy(loss: LossName | LossFunction): loss is 'bce' | 'nats' {
  return loss === 'bce' || loss === 'nats';
}

/**
 * @param x [batch, …]
 * @param output as x; probabilities for bce and nats
 * @returns [batch]
 */
export function lossPerSample(name: LossName, x: tf.Tensor, output: tf.Tensor): tf.Tensor1D {
  return tf.tidy(() => {
    const perValue = flat(elementwise[name](x, output));
    return isMean(name) ? perValue.mean(1) : perValue.sum(1);
  });
}

/**
 * Cross-entropy of sigmoid(logits), which neither overflows nor loses its gradient where the sigmoid saturates.
 * Its gradient is given in closed form, which also spares most of the operations: d/dl = sigmoid(l) - x.
 *
 * @param x [batch, …] in [0, 1]
 * @param logits as x
 * @returns [batch]
 */
export function crossEntropyFromLogits(name: 'bce' | 'nats', x: tf.Tensor, logits: tf.Tensor): tf.Tensor1D {
  const scale = isMean(name) ? x.shape[0]! / x.size : 1;
  const compute = tf.customGrad((l, save) => {
    const input = l as tf.Tensor2D;
    const target = flat(x);
    const p = input.sigmoid();
    (save as tf.GradSaveFunc)([p, target]);
    // max(l, 0) - l x + log(1 + e^-|l|), the last term as -log(sigmoid(|l|)), for which p is there already
    const likelier = tf.maximum(p, tf.sub(1, p));
    const value = input.relu().sub(input.mul(target)).sub(likelier.log()).sum(1).mul(scale);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => saved[0].sub(saved[1]).mul(dy.mul(scale).expandDims(1));
    return { value, gradFunc };
  });
  return tf.tidy(() => compute(flat(logits)) as tf.Tensor1D);
}

/** [batch, …] to [batch, features] */
function flat(x: tf.Tensor): tf.Tensor2D {
  return x.rank === 2 ? (x as tf.Tensor2D) : x.reshape([x.shape[0]!, -1]);
}

type PlainLoss = (x: number, y: number) => number;
const plain: Record<LossName, PlainLoss> = {
  mse: (x, y) => (x - y) ** 2,
  sse: (x, y) => (x - y) ** 2,
  mae: (x, y) => Math.abs(x - y),
  sae: (x, y) => Math.abs(x - y),
  bce: (x, y) => plainCrossEntropy(x, Math.min(Math.max(y, epsilon), 1 - epsilon)),
  nats: (x, y) => plainCrossEntropy(x, Math.min(Math.max(y, epsilon), 1 - epsilon)),
};

function plainCrossEntropy(x: number, y: number): number {
  return -(x * Math.log(y) + (1 - x) * Math.log(1 - y));
}

/**
 * Error of every sample, added up in 64 bits.
 *
 * @param x [n, …]
 * @param output as x
 * @returns [n], in the unit that `name` says
 */
export function errorPerSample(name: LossName, x: NdArray, output: NdArray): Float32Array {
  const width = x.data.length / x.length;
  const divisor = isMean(name) ? width : 1;
  const error = plain[name];
  return Float32Array.from({ length: x.length }, (_, i) => {
    let sum = 0;
    for (let j = i * width; j < (i + 1) * width; j++) sum += error(x.data[j], output.data[j]);
    return sum / divisor;
  });
}
