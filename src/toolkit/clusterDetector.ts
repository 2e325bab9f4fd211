import { Autoencoder } from './autoencoder.ts';
import { type Dataset, isDataset } from './dataset.ts';
import type { FitOptions } from './fitOptions.ts';
import { KMeans } from './kmeans.ts';
import * as metrics from './metrics.ts';
import type { NdArray, Samples } from './ndarray.ts';
import { freshSeed } from './random.ts';
import { readRows } from './readSamples.ts';
import type { Run } from './run.ts';
import { MinMaxScaler, type Scaler, StandardScaler } from './scalers.ts';
import { checkKnownOptions, checkOneOf, checkPositiveInteger, checkSeed, show } from './validate.ts';

export interface ClusterDetectorOptions {
  /** Trained by fit. Default: d-128-32-128-d on standardised data. */
  model?: Autoencoder;
  /** Clusters; default: one for about every 20 samples, 10 to 200. */
  k?: number;
  /** Default 'standard'. */
  scaler?: Scaler | 'standard' | 'minmax' | 'none';
  seed?: number;
}

/**
 * For training data with both classes in it: an autoencoder learns from all samples without their labels, k-means groups
 * their codes, and the labels mark each cluster with its share of anomalies. New data scores the share around its code.
 *
 * A sample belongs to the clusters nearby in parts, p(c) ~ n_c exp(-|z - c|^2 / 2 s^2) with s^2 the mean squared distance
 * of codes to their own centroids, per dimension of the code; the score is the mean of the shares under p. A share counts
 * one more sample of the usual mixture, so that small clusters are not certain.
 *
 * Where labels of some anomalies are at hand, this finds more like them; AnomalyDetector finds what was never seen.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const isFour = (label: number) => Number(label === 4);
 * const some = train.slice(0, 1000);
 * const detector = new ClusterDetector({ k: 50, scaler: 'none', seed: 1 });
 * await detector.fit(some, { labels: Array.from(some.y!, isFour), epochs: 3 });
 * console.log(await detector.scores(test.slice(0, 10)));
 * ```
 */
export class ClusterDetector {
  readonly seed: number;
  readonly #options: Readonly<ClusterDetectorOptions>;
  #fitted: { model: Autoencoder; scaler: Scaler | undefined; width: number; clusters: Clusters } | undefined;

  constructor(options: ClusterDetectorOptions = {}) {
    checkKnownOptions('ClusterDetector', options, ['model', 'k', 'scaler', 'seed']);
    const { model, k, scaler, seed } = options;
    if (model !== undefined && !(model instanceof Autoencoder)) {
      throw new TypeError(`model must be an Autoencoder, got ${show(model)}`);
    }
    if (k !== undefined) checkPositiveInteger('k', k);
    if (typeof scaler === 'string') checkOneOf('scaler', scaler, ['standard', 'minmax', 'none']);
    this.#options = Object.freeze({ ...options });
    this.seed = seed === undefined ? freshSeed() : checkSeed(seed);
  }

  /** Share of anomalies in each cluster. [k] */
  get shares(): Float32Array {
    return Float32Array.from(this.#assertFitted().clusters.shares);
  }

  /** The threshold that had the best F1 on the training data. */
  get threshold(): number {
    return this.#assertFitted().clusters.threshold;
  }

  /**
   * @param x [n, …]
   * @param options.labels [n], 0 and 1 = anomaly, both in it; may be left out where x is a data set that has them
   */
  async fit(x: Samples | Dataset, options: FitOptions & { labels?: ArrayLike<number> } = {}): Promise<Run> {
    const { labels = isDataset(x) ? x.y : undefined, ...fitOptions } = options;
    const rows = await readRows('x', x);
    const [n, width] = rows.shape;
    if (!labels) throw new TypeError('fit needs labels: the option labels, or a data set that has them');
    if (labels.length !== n) throw new RangeError(`labels must be ${n}, one per sample, got ${labels.length}`);
    const anomalies = Array.from(labels).filter((label) => label === 1).length;
    if (anomalies === 0 || anomalies === n) {
      throw new RangeError(`labels must hold 0 (normal) and 1 (anomaly), got ${anomalies} anomalies of ${n} samples`);
    }
    const { scaler: named = 'standard' } = this.#options;
    const scaler = typeof named === 'string' ? makeScaler(named) : named;
    const scaled = scaler ? scaler.fit(rows).transform(rows) : rows;
    const model = this.#options.model ?? this.#usualModel();
    const epochs = Math.max(5, Math.min(50, Math.floor((20_000 * 64) / n)));
    const run = await model.fit(scaled, { epochs, batchSize: 64, ...fitOptions });
    const codes = await model.encode(scaled);
    const k = Math.min(n, this.#options.k ?? Math.max(10, Math.min(200, Math.round(n / 20))));
    const kmeans = await new KMeans({ k, seed: this.seed, restarts: 3 }).fit(codes);
    this.#fitted = { model, scaler, width, clusters: await markClusters(kmeans, codes, labels) };
    return run;
  }

  /** Share of anomalies around each sample, from 0 to 1. @returns [n] */
  async scores(x: Samples | Dataset): Promise<Float32Array> {
    const { model, scaler, width, clusters } = this.#assertFitted();
    const rows = await readRows('x', x, width);
    return scoresOf(clusters, await model.encode(scaler ? scaler.transform(rows) : rows));
  }

  /** 1 where the score is above the threshold. @returns [n] */
  async predict(x: Samples | Dataset): Promise<Uint8Array> {
    const { threshold } = this;
    return Uint8Array.from(await this.scores(x), (score) => Number(score > threshold));
  }

  /** Frees the model's weights. */
  dispose(): void {
    this.#fitted?.model.dispose();
  }

  #usualModel(): Autoencoder {
    return new Autoencoder({ hidden: [128], latentDim: 32, output: 'linear', seed: this.seed });
  }

  #assertFitted() {
    if (!this.#fitted) throw new Error('this ClusterDetector knows no clusters yet: call fit first');
    return this.#fitted;
  }
}

interface Clusters {
  readonly kmeans: KMeans;
  /** Samples in each. [k] */
  readonly sizes: Float64Array;
  /** Of anomalies in each. [k] */
  readonly shares: Float64Array;
  /** s^2, of a code around its centroid, per dimension. */
  readonly spread: number;
  readonly threshold: number;
}

async function markClusters(kmeans: KMeans, codes: NdArray, labels: ArrayLike<number>): Promise<Clusters> {
  const found = await kmeans.predict(codes);
  const sizes = new Float64Array(kmeans.k);
  const anomalies = new Float64Array(kmeans.k);
  let total = 0;
  found.forEach((cluster, i) => {
    sizes[cluster]++;
    anomalies[cluster] += labels[i];
    total += labels[i];
  });
  const usual = total / codes.length;
  const shares = anomalies.map((count, cluster) => (count + usual) / (sizes[cluster] + 1));
  const spread = kmeans.inertia / codes.data.length || 1;
  const clusters = { kmeans, sizes, shares, spread };
  const { threshold } = metrics.bestF1Threshold(await scoresOf(clusters, codes), labels);
  return { ...clusters, threshold };
}

async function scoresOf(clusters: Omit<Clusters, 'threshold'>, codes: NdArray): Promise<Float32Array> {
  const { kmeans, sizes, shares, spread } = clusters;
  const distances = await kmeans.distances(codes);
  return Float32Array.from({ length: codes.length }, (_, i) => {
    const row = distances.row(i);
    const nearest = row.reduce((least, value) => Math.min(least, value));
    let sum = 0;
    let weights = 0;
    for (let c = 0; c < row.length; c++) {
      const weight = sizes[c] * Math.exp((nearest ** 2 - row[c] ** 2) / (2 * spread));
      weights += weight;
      sum += weight * shares[c];
    }
    return sum / weights;
  });
}

function makeScaler(name: 'standard' | 'minmax' | 'none'): Scaler | undefined {
  if (name === 'none') return undefined;
  return name === 'standard' ? new StandardScaler() : new MinMaxScaler();
}
