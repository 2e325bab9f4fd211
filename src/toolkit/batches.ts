import * as tf from '@tensorflow/tfjs';
import { NdArray, volume } from './ndarray.ts';
import { Pacer } from './pause.ts';

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
    const result = tf.tidy(() => map(...arrays.map((array) => batchOf(array, start, start + size))));
    try {
      use(await result.data<'float32'>(), result.shape, start);
    } finally {
      result.dispose();
    }
    if (pacer.due()) await pacer.pause();
  }
}

/** Memory of its own: backends keep what they are given. */
function batchOf(array: NdArray, start: number, end: number): tf.Tensor {
  const part = array.slice(start, end);
  return tf.tensor(part.data.slice(), [...part.shape]);
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
