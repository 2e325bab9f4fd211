import { type Dataset, isDataset } from './dataset.ts';
import { NdArray, type Samples, toNdArray } from './ndarray.ts';
import { checkFinite } from './validate.ts';

/** Data as an array, checked for what no computation can use, and for the width it must have. */
export async function readSamples(name: string, x: Samples | Dataset, width?: number): Promise<NdArray> {
  const samples = isDataset(x) ? x.x : await toNdArray(x);
  checkFinite(name, samples);
  const got = samples.data.length / samples.length;
  if (width !== undefined && got !== width) {
    throw new RangeError(`${name} must have ${width} values per sample, as the fitted data had, got ${got}`);
  }
  return samples;
}

/** Samples of any shape as rows, [n, d]. */
export async function readRows(name: string, x: Samples | Dataset, width?: number): Promise<NdArray> {
  const samples = await readSamples(name, x, width);
  return samples.reshape(samples.length, -1);
}

/** Mean of every feature, in 64 bits. @param x [n, d] */
export function featureMeans(x: NdArray): Float64Array {
  const d = x.data.length / x.length;
  const sums = new Float64Array(d);
  for (let i = 0; i < x.data.length; i += d) for (let j = 0; j < d; j++) sums[j] += x.data[i + j];
  return sums.map((sum) => sum / x.length);
}

/** Minus the means, so that products of what is left lose no digits. @param x [n, d] */
export function centred(x: NdArray, means: Float64Array): NdArray {
  const d = means.length;
  const out = x.data.slice();
  for (let i = 0; i < out.length; i += d) for (let j = 0; j < d; j++) out[i + j] = x.data[i + j] - means[j];
  return new NdArray(out, x.shape);
}
