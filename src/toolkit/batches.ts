import * as tf from '@tensorflow/tfjs';
import { runCompiled } from '../engine/index.ts';
import { NdArray, volume } from './ndarray.ts';
import { Pacer } from './pause.ts';

/** Samples at a time where no gradient is needed: about a million values, so that memory stays small. */
export function evaluationBatch(width: number): number {
  return Math.max(16, Math.min(4096, Math.floor(2 ** 20 / width)));
}

/** A map that applies networks and nothing else that learns: it can be compiled, and then is for the next batches too. */
export interface NetworkMap {
  /** Tells it from the other maps that apply the same networks. */
  readonly name: string;
  readonly networks: readonly tf.LayersModel[];
}

type BatchMap = (...batch: tf.Tensor[]) => tf.Tensor;

/**
 * Puts samples through a function of tensors, some at a time, and lets others run between.
 *
 * @param x [n, …], or several such arrays that belong together
 * @param map one [batch, …] for each of them, to any tensor; what it makes beside its result is freed
 * @param use gets the result's values, which it must not keep, its shape, and the number of the batch's first sample
 */
export async function forBatches(
  x: NdArray | readonly NdArray[],
  map: BatchMap,
  use: (values: Float32Array, shape: readonly number[], start: number) => void,
  network?: NetworkMap,
): Promise<void> {
  const arrays = x instanceof NdArray ? [x] : x;
  const n = arrays[0].length;
  const size = evaluationBatch(arrays[0].data.length / n);
  const pacer = new Pacer();
  for (let start = 0; start < n; start += size) {
    const batch = arrays.map((array) => array.slice(start, start + size));
    const compiled = network && computeCompiled(batch, map, network);
    if (compiled) use(compiled.values, compiled.shape, start);
    else await compute(batch, map, (values, shape) => use(values, shape, start));
    if (pacer.due()) await pacer.pause();
  }
}

async function compute(
  batch: readonly NdArray[],
  map: BatchMap,
  use: (values: Float32Array, shape: readonly number[]) => void,
): Promise<void> {
  // memory of its own: backends keep what they are given
  const result = tf.tidy(() => map(...batch.map(({ data, shape }) => tf.tensor(data.slice(), [...shape]))));
  try {
    use(await result.data<'float32'>(), result.shape);
  } finally {
    result.dispose();
  }
}

function computeCompiled(batch: readonly NdArray[], map: BatchMap, { name, networks }: NetworkMap) {
  const all = networks.flatMap((network) => network.weights.map((weight) => weight.read() as tf.Variable));
  const variables = [...new Set(all)];
  return runCompiled(
    { owner: networks[0], name, variables, code: map },
    batch.map(({ shape }) => shape),
    (inputs) => {
      batch.forEach(({ data }, i) => {
        inputs[i].set(data);
      });
    },
  );
}

/** As forBatches, for functions that keep the batch axis: gives all results as one array, [n, …]. */
export async function mapBatches(
  x: NdArray | readonly NdArray[],
  map: BatchMap,
  network?: NetworkMap,
): Promise<NdArray> {
  const n = (x instanceof NdArray ? x : x[0]).length;
  let out = new NdArray(new Float32Array(), [0]);
  await forBatches(
    x,
    map,
    (values, shape, start) => {
      const rest = shape.slice(1);
      if (start === 0) out = new NdArray(new Float32Array(n * volume(rest)), [n, ...rest]);
      out.data.set(values, start * volume(rest));
    },
    network,
  );
  return out;
}
