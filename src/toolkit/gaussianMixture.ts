import * as tf from '@tensorflow/tfjs';
import { forBatches, mapBatches } from './batches.ts';
import { choleskyOf, inverseOfLower } from './cholesky.ts';
import type { Dataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import { KMeans } from './kmeans.ts';
import { NdArray, type Samples } from './ndarray.ts';
import { freshSeed, Random } from './random.ts';
import { readRows } from './readSamples.ts';
import { StandardScaler } from './scalers.ts';
import { checkKnownOptions, checkPositiveInteger, checkSeed } from './validate.ts';

const mostIterations = 200;
/** A mean log-likelihood that rises by less has arrived, in nats per sample. */
const tolerance = 1e-4;
/** Added to the variances of standardised features, so that no component collapses onto a point. */
const floor = 1e-5;

/** One Gaussian of standardised features. */
interface Component {
  readonly weight: number;
  /** [d] */
  readonly mean: Float64Array;
  /** Of the covariance L L^T. [d, d] */
  readonly lower: Float64Array;
  /** L^-1. [d, d] */
  readonly whitening: Float64Array;
  /** log |L| */
  readonly logDeterminant: number;
}

/**
 * A mixture of k Gaussians with full covariances: a clustering whose clusters may be stretched, and on the codes of a
 * plain autoencoder a sampler of new ones.
 *
 * Expectation maximization from starts by k-means; of several, the likeliest is kept. Cost: n k d^2 per iteration and
 * start, on the engine. Source: Dempster, Laird & Rubin 1977.
 */
export class GaussianMixture {
  readonly k: number;
  readonly seed: number;
  readonly restarts: number;
  #fitted: { scaler: StandardScaler; components: Component[]; logScale: number; logLikelihood: number } | undefined;

  /** @param options.restarts starts to choose from; default 5 */
  constructor(options: { k: number; seed?: number; restarts?: number }) {
    checkKnownOptions('GaussianMixture', options ?? {}, ['k', 'seed', 'restarts']);
    this.k = checkPositiveInteger('k', options?.k);
    this.seed = options.seed === undefined ? freshSeed() : checkSeed(options.seed);
    this.restarts = checkPositiveInteger('restarts', options.restarts ?? 5);
  }

  /** Share of every component. [k] */
  get weights(): Float32Array {
    return Float32Array.from(this.#assertFitted().components, ({ weight }) => weight);
  }

  /** [k, d] */
  get means(): NdArray {
    const { scaler, components } = this.#assertFitted();
    const means = components.map(({ mean }) => Float32Array.from(mean));
    return scaler.inverseTransform(means);
  }

  /** @param x [n, …], at least k samples */
  async fit(x: Samples | Dataset): Promise<this> {
    const rows = await readRows('x', x);
    const [n, d] = rows.shape;
    if (n < this.k) throw new RangeError(`k must be at most the number of samples, ${n}, got ${this.k}`);
    const scaler = new StandardScaler().fit(rows);
    const scaled = scaler.transform(rows);
    let best: Estimate | undefined;
    for (let start = 0; start < (this.k === 1 ? 1 : this.restarts); start++) {
      const found = await maximizeExpectation(scaled, this.k, await this.#clustersOf(rows, start));
      if (!best || found.logLikelihood > best.logLikelihood) best = found;
    }
    const { components, logLikelihood } = best!;
    // the density of x is that of the scaled sample over the product of the scales
    const units = scaler.inverseTransform([new Float32Array(d), new Float32Array(d).fill(1)]);
    let logScale = 0;
    for (let j = 0; j < d; j++) logScale += Math.log(units.data[d + j] - units.data[j]);
    this.#fitted = { scaler, components, logScale, logLikelihood: logLikelihood - logScale };
    return this;
  }

  /** Where a start begins: the first at the best of several k-means, the others each at one, so that they differ. */
  async #clustersOf(rows: NdArray, start: number): Promise<Int32Array> {
    const seed = start === 0 ? this.seed : new Random(this.seed, 'gaussianMixtureStart', start).integer(2 ** 31);
    const means = await new KMeans({ k: this.k, seed, ...(start > 0 && { restarts: 1 }) }).fit(rows);
    return means.predict(rows);
  }

  /** Mean log-likelihood of the fitted data, in nats per sample. */
  get logLikelihood(): number {
    return this.#assertFitted().logLikelihood;
  }

  /** The most likely component of every sample. @returns [n] */
  async predict(x: Samples | Dataset): Promise<Int32Array> {
    const joint = await this.#joint(x);
    return Int32Array.from({ length: joint.length }, (_, i) => {
      const row = joint.row(i);
      return row.indexOf(row.reduce((most, value) => Math.max(most, value)));
    });
  }

  /** log p(x) of every sample, in nats. @returns [n] */
  async logProbability(x: Samples | Dataset): Promise<Float32Array> {
    const { logScale } = this.#assertFitted();
    const joint = await this.#joint(x);
    return Float32Array.from({ length: joint.length }, (_, i) => logSumExp(joint.row(i)) - logScale);
  }

  /** New samples; decoded, they are new samples of a plain autoencoder. @param options.seed default 0 @returns [n, d] */
  async sample(n: number, options: { seed?: number } = {}): Promise<NdArray> {
    checkPositiveInteger('n', n);
    const { scaler, components } = this.#assertFitted();
    const random = new Random(checkSeed(options.seed ?? 0), 'gaussianMixture');
    const d = components[0].mean.length;
    const out = new Float32Array(n * d);
    for (let i = 0; i < n; i++) {
      let rest = random.uniform();
      const { mean, lower } =
        components.find(({ weight }) => (rest -= weight) < 0) ?? components[components.length - 1];
      const noise = Float64Array.from({ length: d }, () => random.normal());
      for (let row = 0; row < d; row++) {
        // m + L e
        let value = mean[row];
        for (let column = 0; column <= row; column++) value += lower[row * d + column] * noise[column];
        out[i * d + row] = value;
      }
    }
    return scaler.inverseTransform(new NdArray(out, [n, d]));
  }

  async #joint(x: Samples | Dataset): Promise<NdArray> {
    const { scaler, components } = this.#assertFitted();
    const rows = await readRows('x', x, components[0].mean.length);
    return jointLogProbabilities(scaler.transform(rows), components);
  }

  #assertFitted() {
    if (!this.#fitted) throw new Error('this GaussianMixture has no components yet: call fit first');
    return this.#fitted;
  }
}

/** The components that a start leads to. */
interface Estimate {
  readonly components: Component[];
  readonly logLikelihood: number;
}

async function maximizeExpectation(x: NdArray, k: number, clusters: Int32Array): Promise<Estimate> {
  let shares = new NdArray(new Float32Array(x.length * k), [x.length, k]);
  clusters.forEach((cluster, i) => {
    shares.data[i * k + cluster] = 1;
  });
  let components: Component[] = [];
  let logLikelihood = -Infinity;
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    components = await maximize(x, shares);
    const joint = await jointLogProbabilities(x, components);
    const before = logLikelihood;
    ({ shares, logLikelihood } = expect(joint));
    if (logLikelihood - before < tolerance) break;
  }
  return { components, logLikelihood };
}

/** log(w_c N(x; m_c, L_c L_c^T)) for every sample and component. [n, k] */
async function jointLogProbabilities(x: NdArray, components: readonly Component[]): Promise<NdArray> {
  await loadEngine();
  const d = x.shape[1];
  return mapBatches(x, (batch) => {
    const columns = components.map(({ weight, mean, whitening, logDeterminant }) => {
      // log w - log|L| - d/2 log(2 pi) - |L^-1 (x - m)|^2 / 2
      const constant = Math.log(weight) - logDeterminant - (d / 2) * Math.log(2 * Math.PI);
      const white = (batch.sub(tf.tensor1d(Float32Array.from(mean))) as tf.Tensor2D).matMul(
        square(whitening, d),
        false,
        true,
      );
      return white.square().sum(1).mul(-0.5).add(constant);
    });
    return tf.stack(columns, 1);
  });
}

/** Each component's share in each sample, and the mean log-likelihood. */
function expect(joint: NdArray): { shares: NdArray; logLikelihood: number } {
  const shares = new NdArray(new Float32Array(joint.data.length), joint.shape);
  let sum = 0;
  for (let i = 0; i < joint.length; i++) {
    const row = joint.row(i);
    const total = logSumExp(row);
    sum += total;
    const out = shares.row(i);
    for (let c = 0; c < row.length; c++) out[c] = Math.exp(row[c] - total);
  }
  return { shares, logLikelihood: sum / joint.length };
}

/** Weights, means and covariances of samples that belong to components in shares. */
async function maximize(x: NdArray, shares: NdArray): Promise<Component[]> {
  await loadEngine();
  const [n, d] = x.shape;
  const k = shares.shape[1];
  const both = new NdArray(new Float32Array(n * (d + k)), [n, d + k]);
  for (let i = 0; i < n; i++) {
    both.row(i).set(x.row(i));
    both.row(i).set(shares.row(i), d);
  }
  const counts = new Float64Array(k);
  for (let i = 0; i < shares.data.length; i++) counts[i % k] += shares.data[i];
  const sumsOf = (product: (rows: tf.Tensor2D, parts: tf.Tensor2D) => tf.Tensor) =>
    sumBatches(both, (batch) => product(batch.slice([0, 0], [-1, d]), batch.slice([0, d], [-1, k])));

  const sums = await sumsOf((rows, parts) => parts.matMul(rows, true, false));
  const means = Array.from({ length: k }, (_, c) =>
    Float64Array.from({ length: d }, (_, j) => sums[c * d + j] / Math.max(counts[c], 1e-10)),
  );
  const squares = await sumsOf((rows, parts) =>
    tf.stack(
      means.map((mean, c) => {
        const shifted = rows.sub(tf.tensor1d(Float32Array.from(mean))) as tf.Tensor2D;
        return (shifted.mul(parts.slice([0, c], [-1, 1])) as tf.Tensor2D).matMul(shifted, true, false);
      }),
    ),
  );
  return means.map((mean, c) => {
    const covariance = Float64Array.from(
      { length: d * d },
      (_, i) => squares[c * d * d + i] / Math.max(counts[c], 1e-10),
    );
    for (let j = 0; j < d; j++) covariance[j * d + j] += floor;
    const lower = choleskyOf(covariance, d);
    let logDeterminant = 0;
    for (let j = 0; j < d; j++) logDeterminant += Math.log(lower[j * d + j]);
    return { weight: counts[c] / n, mean, lower, whitening: inverseOfLower(lower, d), logDeterminant };
  });
}

async function sumBatches(x: NdArray, map: (batch: tf.Tensor2D) => tf.Tensor): Promise<Float64Array> {
  let sums: Float64Array | undefined;
  await forBatches(
    x,
    (batch) => map(batch as tf.Tensor2D),
    (values) => {
      sums ??= new Float64Array(values.length);
      for (let i = 0; i < values.length; i++) sums[i] += values[i];
    },
  );
  return sums!;
}

function square(values: Float64Array, d: number): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from(values), [d, d]);
}

function logSumExp(row: Float32Array): number {
  const most = row.reduce((greatest, value) => Math.max(greatest, value), -Infinity);
  let sum = 0;
  for (const value of row) sum += Math.exp(value - most);
  return most + Math.log(sum);
}
