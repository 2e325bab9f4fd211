import * as tf from '@tensorflow/tfjs';
import { evaluationBatch, mapBatches } from './batches.ts';
import type { Dataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import { host } from './host.ts';
import { NdArray, type Samples } from './ndarray.ts';
import { Pacer } from './pause.ts';
import { freshSeed, Random } from './random.ts';
import { centred, featureMeans, readRows } from './readSamples.ts';
import { checkKnownOptions, checkPositiveInteger, checkSeed } from './validate.ts';

const mostIterations = 300;
/** Centroids that move less than this, squared, relative to the features' mean variance, have arrived. */
const tolerance = 1e-4;

/**
 * Clusters around k centroids: Lloyd's iterations from k-means++ starts, the best of several.
 *
 * Cost: n d k per iteration, on the engine. Sources: Lloyd 1982; Arthur & Vassilvitskii 2007 (k-means++, greedy).
 */
export class KMeans {
  readonly k: number;
  readonly seed: number;
  readonly restarts: number;
  #fitted: { centroids: NdArray; means: Float64Array; shifted: NdArray; inertia: number } | undefined;

  /** @param options.restarts default 10 */
  constructor(options: { k: number; seed?: number; restarts?: number }) {
    checkKnownOptions('KMeans', options ?? {}, ['k', 'seed', 'restarts']);
    this.k = checkPositiveInteger('k', options?.k);
    this.seed = options.seed === undefined ? freshSeed() : checkSeed(options.seed);
    this.restarts = checkPositiveInteger('restarts', options.restarts ?? 10);
  }

  /** [k, d] */
  get centroids(): NdArray {
    return this.#assertFitted().centroids;
  }

  /** Squared distances of the fitted data to their centroids, summed. */
  get inertia(): number {
    return this.#assertFitted().inertia;
  }

  /** @param x [n, …], at least k different samples */
  async fit(x: Samples | Dataset): Promise<this> {
    const rows = await readRows('x', x);
    if (rows.length < this.k) {
      throw new RangeError(`k must be at most the number of samples, ${rows.length}, got ${this.k}`);
    }
    await loadEngine();
    const means = featureMeans(rows);
    const search = new Search(centred(rows, means), this.k);
    let best: { centroids: NdArray; inertia: number } | undefined;
    try {
      for (let restart = 0; restart < this.restarts; restart++) {
        const found = await search.run(new Random(this.seed, 'kmeans', restart));
        if (!best || found.inertia < best.inertia) best = found;
      }
    } finally {
      search.dispose();
    }
    const { centroids: shifted, inertia } = best!;
    const centroids = new NdArray(
      shifted.data.map((value, i) => value + means[i % means.length]),
      shifted.shape,
    );
    this.#fitted = { centroids, means, shifted, inertia };
    return this;
  }

  /** The nearest centroid of every sample. @returns [n] */
  async predict(x: Samples | Dataset): Promise<Int32Array> {
    const distances = await this.distances(x);
    return Int32Array.from({ length: distances.length }, (_, i) => {
      const row = distances.row(i);
      return row.indexOf(row.reduce((least, value) => Math.min(least, value)));
    });
  }

  /** Euclidean distance to every centroid. @returns [n, k] */
  async distances(x: Samples | Dataset): Promise<NdArray> {
    const { means, shifted } = this.#assertFitted();
    const rows = await readRows('x', x, means.length);
    await loadEngine();
    return mapBatches(centred(rows, means), (batch) => {
      const centroids = tf.tensor2d(shifted.data.slice(), shifted.shape as [number, number]);
      const squares = batch
        .square()
        .sum(1, true)
        .add(squaresAside(batch as tf.Tensor2D, centroids));
      return squares.maximum(0).sqrt();
    });
  }

  /** Every sample's centroid in its place, so that errors can be compared with those of models. @returns as x */
  async reconstruct(x: Samples | Dataset): Promise<NdArray> {
    const { centroids, means } = this.#assertFitted();
    const rows = await readRows('x', x, means.length);
    return centroids.gather(await this.predict(rows));
  }

  #assertFitted() {
    if (!this.#fitted) throw new Error('this KMeans has no centroids yet: call fit first');
    return this.#fitted;
  }
}

/** |c|^2 - 2 x.c: what the squared distances have beside |x|^2. [n, k] */
function squaresAside(x: tf.Tensor2D, centroids: tf.Tensor2D): tf.Tensor2D {
  return centroids
    .square()
    .sum(1)
    .sub(x.matMul(centroids, false, true).mul(2));
}

/** The data on the engine, searched from several starts. */
class Search {
  readonly #x: NdArray;
  readonly #k: number;
  readonly #batches: tf.Tensor2D[] = [];
  readonly #pacer = new Pacer();
  /** Of the features, over the centred data. */
  readonly #meanVariance: number;

  constructor(x: NdArray, k: number) {
    this.#x = x;
    this.#k = k;
    const size = evaluationBatch(x.data.length / x.length);
    for (let start = 0; start < x.length; start += size) {
      const part = x.slice(start, start + size);
      this.#batches.push(tf.tensor2d(part.data.slice(), part.shape as [number, number]));
    }
    this.#meanVariance = x.data.reduce((sum, value) => sum + value * value, 0) / x.data.length;
  }

  dispose(): void {
    tf.dispose(this.#batches);
  }

  async run(random: Random): Promise<{ centroids: NdArray; inertia: number }> {
    let centroids = await this.#start(random);
    for (let iteration = 0; ; iteration++) {
      const { sums, counts, inertia } = await this.#assign(centroids);
      const d = sums.length / this.#k;
      const moved = Float32Array.from(sums, (sum, i) => sum / counts[Math.floor(i / d)]);
      await this.#fillEmpty(moved, counts, centroids);
      let shift = 0;
      for (let i = 0; i < moved.length; i++) shift += (moved[i] - centroids.data[i]) ** 2;
      if (shift <= tolerance * this.#meanVariance || iteration === mostIterations) return { centroids, inertia };
      centroids = new NdArray(moved, centroids.shape);
    }
  }

  /** k-means++: each next centroid is a sample, likely one far from those there are; the best of a few tries. */
  async #start(random: Random): Promise<NdArray> {
    const n = this.#x.length;
    const tries = 2 + Math.floor(Math.log(this.#k));
    const chosen = [random.integer(n)];
    let nearest = (await this.#distancesTo(chosen))[0];
    while (chosen.length < this.#k) {
      const candidates = Array.from({ length: tries }, () => draw(nearest, random));
      const distances = await this.#distancesTo(candidates);
      const nexts = distances.map((list) => list.map((value, i) => Math.min(value, nearest[i])));
      const totals = nexts.map((list) => list.reduce((sum, value) => sum + value, 0));
      const best = totals.indexOf(Math.min(...totals));
      chosen.push(candidates[best]);
      nearest = nexts[best];
    }
    return this.#x.gather(chosen);
  }

  /** Squared distances of all samples to some of them: [chosen][n] */
  async #distancesTo(chosen: readonly number[]): Promise<Float64Array[]> {
    const centroids = this.#x.gather(chosen);
    const distances = chosen.map(() => new Float64Array(this.#x.length));
    await this.#forBatches(centroids, async (batch, c, start) => {
      const squares = tf.tidy(() => batch.square().sum(1, true).add(squaresAside(batch, c)).maximum(0));
      const values = await squares.data();
      squares.dispose();
      values.forEach((value, i) => {
        distances[i % chosen.length][start + Math.floor(i / chosen.length)] = value;
      });
    });
    return distances;
  }

  /** One pass: every sample to its nearest centroid. */
  async #assign(centroids: NdArray): Promise<{ sums: Float64Array; counts: Float64Array; inertia: number }> {
    const sums = new Float64Array(centroids.data.length);
    const counts = new Float64Array(this.#k);
    let inertia = 0;
    await this.#forBatches(centroids, async (batch, c) => {
      const results = tf.tidy(() => {
        const aside = squaresAside(batch, c);
        // one-hot rows, also for a single cluster
        const members = aside
          .argMin(1)
          .expandDims(1)
          .equal(tf.range(0, this.#k, 1, 'int32'))
          .toFloat() as tf.Tensor2D;
        return [members.matMul(batch, true, false), members.sum(0), batch.square().sum().add(aside.min(1).sum())];
      });
      const [partSums, partCounts, partInertia] = await Promise.all(results.map((result) => result.data()));
      tf.dispose(results);
      partSums.forEach((value, i) => {
        sums[i] += value;
      });
      partCounts.forEach((value, i) => {
        counts[i] += value;
      });
      inertia += partInertia[0];
    });
    return { sums, counts, inertia: Math.max(0, inertia) };
  }

  /** A cluster that lost all its samples starts again at the one that is farthest from its centroid. */
  async #fillEmpty(moved: Float32Array, counts: Float64Array, before: NdArray): Promise<void> {
    if (counts.every((count) => count > 0)) return;
    const d = moved.length / this.#k;
    const nearest = new Float64Array(this.#x.length);
    await this.#forBatches(before, async (batch, c, start) => {
      const squares = tf.tidy(() => batch.square().sum(1).add(squaresAside(batch, c).min(1)));
      nearest.set(await squares.data(), start);
      squares.dispose();
    });
    for (let cluster = 0; cluster < this.#k; cluster++) {
      if (counts[cluster] > 0) continue;
      const farthest = nearest.indexOf(nearest.reduce((most, value) => Math.max(most, value)));
      moved.set(this.#x.row(farthest), cluster * d);
      nearest[farthest] = -1;
    }
  }

  async #forBatches(
    centroids: NdArray,
    use: (batch: tf.Tensor2D, centroids: tf.Tensor2D, start: number) => Promise<void>,
  ): Promise<void> {
    const tensor = tf.tensor2d(centroids.data.slice(), centroids.shape as [number, number]);
    try {
      let start = 0;
      for (const batch of this.#batches) {
        await use(batch, tensor, start);
        start += batch.shape[0];
        if (this.#pacer.due()) {
          await this.#pacer.pause();
          host()?.signal?.throwIfAborted();
        }
      }
    } finally {
      tensor.dispose();
    }
  }
}

/** An index, with a chance in proportion to its weight. */
function draw(weights: Float64Array, random: Random): number {
  const total = weights.reduce((sum, value) => sum + value, 0);
  let rest = random.uniform() * total;
  for (let i = 0; i < weights.length; i++) {
    rest -= weights[i];
    if (rest < 0) return i;
  }
  // all weights are 0: every sample is a centroid already
  return random.integer(weights.length);
}
