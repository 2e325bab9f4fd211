import * as tf from '@tensorflow/tfjs';
import { forBatches } from './batches.ts';
import type { Dataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import { NdArray, type Samples } from './ndarray.ts';
import { centred, featureMeans, readRows } from './readSamples.ts';
import { checkKnownOptions, checkPositiveInteger } from './validate.ts';

/** Distances of so many pairs are in memory at once, about. */
const pairsAtOnce = 2 ** 21;

/**
 * A baseline for detectors: how far a sample is from its k nearest neighbours among normal ones. It learns nothing, keeps
 * all data, and is hard to beat in tables of a few thousand rows. Scale the features first.
 *
 * Brute force on the engine. Cost: n m d for n samples and m that are kept. Source: Ramaswamy, Rastogi & Shim 2000.
 */
export class NearestNeighbors {
  readonly k: number;
  #fitted: { rows: NdArray; means: Float64Array } | undefined;

  /** @param options.k default 5 */
  constructor(options: { k?: number } = {}) {
    checkKnownOptions('NearestNeighbors', options, ['k']);
    this.k = checkPositiveInteger('k', options.k ?? 5);
  }

  /** Keeps the samples. @param normal [m, …], at least k */
  async fit(normal: Samples | Dataset): Promise<this> {
    const rows = await readRows('normal', normal);
    if (rows.length < this.k) {
      throw new RangeError(`k must be at most the number of samples, ${rows.length}, got ${this.k}`);
    }
    const means = featureMeans(rows);
    this.#fitted = { rows: centred(rows, means), means };
    return this;
  }

  /** Mean Euclidean distance to the k nearest of the kept samples. @returns [n] */
  async scores(x: Samples | Dataset): Promise<Float32Array> {
    const distances = await this.#nearest(x);
    return Float32Array.from({ length: distances.length }, (_, i) => {
      return distances.row(i).reduce((sum, value) => sum + value, 0) / this.k;
    });
  }

  /** What is kept, for files. @internal */
  get state(): { rows: NdArray; means: Float64Array } {
    return this.#assertFitted();
  }

  /** @internal */
  restore(state: NearestNeighbors['state']): this {
    this.#fitted = state;
    return this;
  }

  #assertFitted() {
    if (!this.#fitted) throw new Error('this NearestNeighbors has no samples yet: call fit first');
    return this.#fitted;
  }

  /** Distances to the k nearest, nearest first. [n, k] */
  async #nearest(x: Samples | Dataset): Promise<NdArray> {
    const { rows, means } = this.#assertFitted();
    const samples = centred(await readRows('x', x, means.length), means);
    await loadEngine();
    const out = new NdArray(new Float32Array(samples.length * this.k), [samples.length, this.k]);
    const kept = tf.tensor2d(rows.data.slice(), rows.shape as [number, number]);
    const squares = tf.tidy(() => kept.square().sum(1));
    const some = Math.max(1, Math.floor(pairsAtOnce / rows.length));
    try {
      for (let from = 0; from < samples.length; from += some) {
        await forBatches(
          samples.slice(from, from + some),
          (batch) => {
            // |x|^2 + |r|^2 - 2 x.r
            const products = (batch as tf.Tensor2D).matMul(kept, false, true);
            const distances = batch.square().sum(1, true).add(squares).sub(products.mul(2));
            return tf.topk(distances.neg(), this.k).values.neg().maximum(0).sqrt();
          },
          (values, _, start) => out.data.set(values, (from + start) * this.k),
        );
      }
    } finally {
      tf.dispose([kept, squares]);
    }
    return out;
  }
}
