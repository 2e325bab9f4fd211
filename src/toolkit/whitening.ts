import * as tf from '@tensorflow/tfjs';
import { forBatches, mapBatches } from './batches.ts';
import { choleskyOf, inverseOfLower } from './cholesky.ts';
import type { NdArray } from './ndarray.ts';
import { centred, featureMeans } from './readSamples.ts';

/** Of the mean variance, added to every variance: directions that hardly vary count no more than this allows. */
const shrinkage = 1e-3;

/** What makes residuals of normal data standard: mean, and W with W W^T the inverse covariance. */
export interface Whitening {
  /** [d] */
  readonly mean: Float64Array;
  /** L^-1 of the covariance L L^T. [d, d] */
  readonly matrix: Float64Array;
}

/** @param rows [n, d] */
export async function fitWhitening(rows: NdArray): Promise<Whitening> {
  const d = rows.shape[1];
  const mean = featureMeans(rows);
  const covariance = new Float64Array(d * d);
  await forBatches(
    centred(rows, mean),
    (batch) => (batch as tf.Tensor2D).matMul(batch as tf.Tensor2D, true, false),
    (values) => {
      for (let i = 0; i < values.length; i++) covariance[i] += values[i] / rows.length;
    },
  );
  let trace = 0;
  for (let j = 0; j < d; j++) trace += covariance[j * d + j];
  for (let j = 0; j < d; j++) covariance[j * d + j] += (shrinkage * trace) / d || 1e-12;
  return { mean, matrix: inverseOfLower(choleskyOf(covariance, d), d) };
}

/** Squared Mahalanobis distance, |L^-1 (r - m)|^2, over d: about 1 for normal data. @param rows [n, d] @returns [n] */
export async function mahalanobis({ mean, matrix }: Whitening, rows: NdArray): Promise<Float32Array> {
  const d = mean.length;
  const distances = await mapBatches(centred(rows, mean), (batch) =>
    (batch as tf.Tensor2D)
      .matMul(tf.tensor2d(Float32Array.from(matrix), [d, d]), false, true)
      .square()
      .mean(1),
  );
  return distances.data;
}
