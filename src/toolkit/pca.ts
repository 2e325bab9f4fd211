import * as tf from '@tensorflow/tfjs';
import { forBatches, mapBatches } from './batches.ts';
import type { Dataset } from './dataset.ts';
import { largestEigenpairs } from './eigen.ts';
import { loadEngine } from './engine.ts';
import { errorPerSample, type LossName, lossNames } from './losses.ts';
import { NdArray, type Samples } from './ndarray.ts';
import { Pacer } from './pause.ts';
import { featureMeans, readSamples } from './readSamples.ts';
import { checkKnownOptions, checkOneOf, checkPositiveInteger } from './validate.ts';

/**
 * Principal components: the best that any linear code of this size can do, in squared error. Exact, not iterated.
 *
 * Cost: the covariance, n d^2, then the eigenvectors of the smaller of d x d and n x n. Source: Pearson 1901.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const pca = await new PCA({ latentDim: 8 }).fit(train.slice(0, 1000));
 * console.log(pca.explainedVariance);
 * plot.reconstructions(pca, test);
 * ```
 */
export class PCA {
  readonly latentDim: number;
  #fitted: { mean: Float32Array; components: NdArray; explainedVariance: Float32Array } | undefined;

  constructor(options: { latentDim: number }) {
    checkKnownOptions('PCA', options ?? {}, ['latentDim']);
    this.latentDim = checkPositiveInteger('latentDim', options?.latentDim);
  }

  /** Variance along each component, largest first (divisor n). [k] */
  get explainedVariance(): Float32Array {
    return this.#assertFitted().explainedVariance;
  }

  /** One component a row, unit length, its largest entry positive. [k, d] */
  get components(): NdArray {
    return this.#assertFitted().components;
  }

  /** @param x [n, …], n above 1 */
  async fit(x: Samples | Dataset): Promise<this> {
    const samples = await readSamples('x', x);
    const n = samples.length;
    const d = samples.data.length / n;
    if (this.latentDim > Math.min(n, d)) {
      throw new RangeError(
        `latentDim must be at most ${Math.min(n, d)} for ${n} samples of ${d} values, got ${this.latentDim}`,
      );
    }
    await loadEngine();
    const rows = samples.reshape(n, d);
    const mean = featureMeans(rows);
    const { vectors, variances } =
      n < d ? await fromGram(rows, mean, this.latentDim) : await fromCovariance(rows, mean, this.latentDim);
    this.#fitted = {
      mean: Float32Array.from(mean),
      components: new NdArray(orient(vectors, d), [this.latentDim, d]),
      explainedVariance: Float32Array.from(variances, (variance) => Math.max(0, variance)),
    };
    return this;
  }

  /** z = (x - mean) W^T. @param x [n, …] @returns [n, k] */
  async encode(x: Samples | Dataset): Promise<NdArray> {
    const { components, mean } = this.#assertFitted();
    const samples = await readSamples('x', x, mean.length);
    await loadEngine();
    return mapBatches(samples.reshape(samples.length, mean.length), (batch) =>
      batch.sub<tf.Tensor2D>(vector(mean)).matMul(matrix(components), false, true),
    );
  }

  /** x = z W + mean. @param z [n, k] @returns [n, d] */
  async decode(z: Samples): Promise<NdArray> {
    const { components, mean } = this.#assertFitted();
    const codes = await readSamples('z', z, this.latentDim);
    await loadEngine();
    return mapBatches(codes.reshape(codes.length, this.latentDim), (batch) =>
      (batch as tf.Tensor2D).matMul(matrix(components)).add(vector(mean)),
    );
  }

  /** @returns as x */
  async reconstruct(x: Samples | Dataset): Promise<NdArray> {
    const samples = await readSamples('x', x, this.#assertFitted().mean.length);
    return (await this.decode(await this.encode(samples))).reshape(...samples.shape);
  }

  /** How far each sample is from its reconstruction. @param metric default 'mse' @returns [n] */
  async reconstructionError(x: Samples | Dataset, metric: LossName = 'mse'): Promise<Float32Array> {
    checkOneOf('metric', metric, lossNames);
    const samples = await readSamples('x', x, this.#assertFitted().mean.length);
    return errorPerSample(metric, samples, await this.reconstruct(samples));
  }

  /** What was fitted, for files. @internal */
  get state(): { mean: number[]; components: number[]; explainedVariance: number[] } {
    const { mean, components, explainedVariance } = this.#assertFitted();
    return {
      mean: Array.from(mean),
      components: Array.from(components.data),
      explainedVariance: Array.from(explainedVariance),
    };
  }

  /** @internal */
  restore({ mean, components, explainedVariance }: PCA['state']): this {
    this.#fitted = {
      mean: Float32Array.from(mean),
      components: new NdArray(Float32Array.from(components), [this.latentDim, mean.length]),
      explainedVariance: Float32Array.from(explainedVariance),
    };
    return this;
  }

  #assertFitted() {
    if (!this.#fitted) throw new Error('this PCA has no components yet: call fit first');
    return this.#fitted;
  }
}

function vector(values: Float32Array): tf.Tensor1D {
  return tf.tensor1d(values.slice());
}

function matrix(values: NdArray): tf.Tensor2D {
  return tf.tensor2d(values.data.slice(), values.shape as [number, number]);
}

/** Unit vectors, one a row, and the variances along them, largest first. */
interface Axes {
  vectors: Float64Array;
  variances: Float64Array;
}

/**
 * X^T X / n of the centred data: products of some rows at a time by the engine, added up in 64 bits.
 */
async function fromCovariance(x: NdArray, mean: Float64Array, k: number): Promise<Axes> {
  const [n, d] = x.shape;
  const covariance = new Float64Array(d * d);
  const center = Float32Array.from(mean);
  await forBatches(
    x,
    (batch) => {
      const rows = batch.sub<tf.Tensor2D>(vector(center));
      return rows.matMul(rows, true, false);
    },
    (values) => {
      for (let i = 0; i < values.length; i++) covariance[i] += values[i] / n;
    },
  );
  correctMeans(covariance, mean, center);
  const { vectors, values } = await largestEigenpairs(covariance, d, k);
  return { vectors, variances: values };
}

/** The engine subtracted the mean as 32 bits have it: sum (x - c)(x - c)^T = n C + n (m - c)(m - c)^T. */
function correctMeans(covariance: Float64Array, mean: Float64Array, center: Float32Array): void {
  const d = mean.length;
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) covariance[i * d + j] -= (mean[i] - center[i]) * (mean[j] - center[j]);
  }
}

/** With fewer samples than features, through X X^T, [n, n]: if v is its eigenvector, X^T v is the covariance's. */
async function fromGram(x: NdArray, mean: Float64Array, k: number): Promise<Axes> {
  const [n, d] = x.shape;
  const centred = Float64Array.from(x.data, (value, i) => value - mean[i % d]);
  const gram = new Float64Array(n * n);
  const pacer = new Pacer();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let f = 0; f < d; f++) sum += centred[i * d + f] * centred[j * d + f];
      gram[i * n + j] = gram[j * n + i] = sum / n;
    }
    if (pacer.due()) await pacer.pause();
  }
  const { vectors, values } = await largestEigenpairs(gram, n, k);
  const axes = new Float64Array(k * d);
  for (let c = 0; c < k; c++) {
    const axis = axes.subarray(c * d, (c + 1) * d);
    for (let i = 0; i < n; i++) {
      const weight = vectors[c * n + i];
      for (let f = 0; f < d; f++) axis[f] += weight * centred[i * d + f];
    }
    const norm = Math.sqrt(axis.reduce((sum, value) => sum + value * value, 0));
    // centred data spans at most n - 1 directions: beyond them there is no axis, and none is needed
    const spanned = norm > 1e-7 * Math.sqrt(values[0] * n);
    for (let f = 0; f < d; f++) axis[f] = spanned ? axis[f] / norm : 0;
    if (pacer.due()) await pacer.pause();
  }
  return { vectors: axes, variances: values };
}

/** A vector and its opposite serve alike: the one whose largest entry is positive is taken. */
function orient(vectors: Float64Array, d: number): Float32Array {
  const out = Float32Array.from(vectors);
  for (let start = 0; start < out.length; start += d) {
    const axis = out.subarray(start, start + d);
    const extreme = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    if (extreme < 0) for (let j = 0; j < d; j++) axis[j] = -axis[j];
  }
  return out;
}
