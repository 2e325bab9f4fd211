import * as tf from '@tensorflow/tfjs';
import { NdArray, volume } from './ndarray.ts';
import { Pacer } from './pause.ts';
import type { TrainingData } from './train.ts';

/** What one step sees. */
export interface Batch {
  /** [batch, …] */
  readonly x: tf.Tensor;
  /** What the output is compared with; the same tensor as x unless there are separate targets. */
  readonly target: tf.Tensor;
  /** What else is known of each sample, [batch, …]: the labels as one-hot rows, where there are any. */
  readonly y?: tf.Tensor;
}

/** Samples `order[start]` to `order[end - 1]`, or start to end where there is no order. The caller disposes them. */
export function makeBatch(
  { x, target, y }: TrainingData,
  order: Uint32Array | undefined,
  start: number,
  end: number,
): Batch {
  const inputs = rows(x, order, start, end);
  return {
    x: inputs,
    target: target === x ? inputs : rows(target, order, start, end),
    ...(y && { y: rows(y, order, start, end) }),
  };
}

function rows(x: NdArray, order: Uint32Array | undefined, start: number, end: number): tf.Tensor {
  // a copy either way: backends keep the memory that they are given
  const part = order ? x.gather(order.subarray(start, end)) : x.slice(start, end);
  return tf.tensor(order ? part.data : part.data.slice(), [...part.shape]);
}

/** Samples at a time where no gradient is needed: about a million values, so that memory stays small. */
export function evaluationBatch(width: number): number {
  return Math.max(16, Math.min(4096, Math.floor(2 ** 20 / width)));
}

/**
 * Puts samples through a function of tensors, some at a time, and lets others run between.
 *
 * @param x [n, …], or several such arrays that belong together
 * @param map one [batch, …] for each of them, to any tensor; what it makes beside its result is freed
 * @param use gets the result's values, its shape, and the number of the batch's first sample
 */
export async function forBatches(
  x: NdArray | readonly NdArray[],
  map: (...batch: tf.Tensor[]) => tf.Tensor,
  use: (values: Float32Array, shape: readonly number[], start: number) => void,
): Promise<void> {
  const arrays = x instanceof NdArray ? [x] : x;
  const n = arrays[0].length;
  const size = evaluationBatch(arrays[0].data.length / n);
  const pacer = new Pacer();
  for (let start = 0; start < n; start += size) {
    const result = tf.tidy(() => map(...arrays.map((array) => rows(array, undefined, start, start + size))));
    try {
      use(await result.data<'float32'>(), result.shape, start);
    } finally {
      result.dispose();
    }
    if (pacer.due()) await pacer.pause();
  }
}

/** As forBatches, for functions that keep the batch axis: gives all results as one array, [n, …]. */
export async function mapBatches(
  x: NdArray | readonly NdArray[],
  map: (...batch: tf.Tensor[]) => tf.Tensor,
): Promise<NdArray> {
  const n = (x instanceof NdArray ? x : x[0]).length;
  let out = new NdArray(new Float32Array(), [0]);
  await forBatches(x, map, (values, shape, start) => {
    const rest = shape.slice(1);
    if (start === 0) out = new NdArray(new Float32Array(n * volume(rest)), [n, ...rest]);
    out.data.set(values, start * volume(rest));
  });
  return out;
}
