/** A compiled program beside its replay by tfjs: never a wrong number. */
import * as tf from '@tensorflow/tfjs';
import { type Distribution, NotCompilable, type Program, replay } from '../program/index.ts';
import { type Rows, type Samples, volume } from './types.ts';

/**
 * How far a compiled result may be from tfjs's, relative to the largest element of the tensor (for gradients: at least
 * a millionth of the largest of them all, since what is far below that is rounding). Both add up 32-bit floats in an order of
 * their own, which costs about 1e-5 in wide layers.
 */
export const tolerance = 1e-3;
const floor = 1e-3;

export interface CheckedRun {
  readonly variables: readonly tf.Tensor[];
  readonly feeds: Readonly<Record<string, { data: Float32Array; shape: readonly number[] }>>;
  readonly random: (index: number, shape: readonly number[], distribution: Distribution) => tf.Tensor;
  /** What the engine found, by the program's outputs. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
}

/** @throws NotCompilable if the engine's results are not tfjs's */
export function checkAgainstReplay(program: Program, { variables, feeds, random, outputs }: CheckedRun): void {
  const expected = tf.tidy(() => {
    const tensors = Object.entries(feeds).map(([name, { data, shape }]) => [name, tf.tensor(data.slice(), [...shape])]);
    return replay(program, { variables, feeds: Object.fromEntries(tensors), random });
  });
  try {
    const values = Object.entries(expected).map(([name, tensor]) => [name, tensor.dataSync()] as const);
    const largest = new Map(values.map(([name, wanted]) => [name, largestOf(wanted as Float32Array)]));
    const overall = Math.max(...largest.values());
    for (const [name, wanted] of values) {
      const limit = tolerance * Math.max(largest.get(name)!, floor * overall, 1e-30);
      const got = outputs[name];
      for (let i = 0; i < wanted.length; i++) {
        if (Math.abs(got[i] - wanted[i]) <= limit || Object.is(got[i], wanted[i])) continue;
        // a loss that is no number is so on either side: the training itself stops at it
        if (!Number.isFinite(wanted[i]) && !Number.isFinite(got[i])) continue;
        throw new NotCompilable(
          `the compiled step gives ${got[i]} where tfjs gives ${wanted[i]} (${name}, element ${i}); please report this`,
        );
      }
    }
  } finally {
    tf.dispose(expected);
  }
}

function largestOf(values: Float32Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest;
}

/**
 * Rows of the same shape with other numbers, in [0, 1). Near a minimum gradients are sums that cancel, and what is left of
 * them is rounding, which differs from engine to engine: what does not agree on a batch of the data gets a second chance on
 * a made-up one.
 */
export function madeUp({ data, start, end }: Rows): Rows {
  const samples = ({ shape: [, ...rest] }: Samples): Samples => {
    const shape = [end - start, ...rest];
    return { shape, data: Float32Array.from({ length: volume(shape) }, (_, i) => Math.abs(Math.sin(i * 12.9898 + 1))) };
  };
  const x = samples(data.x);
  const target = data.target === data.x ? x : samples(data.target);
  return { data: { x, target, ...(data.y && { y: samples(data.y) }) }, start: 0, end: end - start };
}
