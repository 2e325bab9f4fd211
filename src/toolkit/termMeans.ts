import * as tf from '@tensorflow/tfjs';
import type { StepResult } from './step.ts';
import type { Means } from './train.ts';

/** Means of the loss and its terms over steps. Results stay with the engine until `read`, since reading waits for it. */
export class TermMeans {
  #names: readonly string[] = [];
  #pending: { values: tf.Tensor1D; weight: number }[] = [];
  #norms: tf.Tensor1D | undefined;
  #gradientNorms: number[] | undefined;
  #sums: number[] = [];
  #weight = 0;

  /** @param weight samples in the step's batch */
  add({ names, values, gradientNorms }: StepResult, weight: number): void {
    this.#names = names;
    this.#pending.push({ values, weight });
    if (gradientNorms) {
      this.#norms?.dispose();
      this.#norms = gradientNorms;
    }
  }

  /** Takes in the steps since the last call. Returns their losses. */
  async read(): Promise<number[]> {
    if (this.#pending.length === 0) return [];
    const pending = this.#pending;
    const all = tf.tidy(() => tf.concat1d(pending.map(({ values }) => values)));
    let values: Float32Array;
    try {
      if (this.#norms) this.#gradientNorms = Array.from(await this.#norms.data());
      values = await all.data<'float32'>();
    } finally {
      all.dispose();
      this.dispose();
    }
    const terms = this.#names.length;
    return pending.map(({ weight }, i) => {
      const step = values.subarray(i * terms, (i + 1) * terms);
      step.forEach((value, t) => {
        this.#sums[t] = (this.#sums[t] ?? 0) + weight * value;
      });
      this.#weight += weight;
      return step.reduce((sum, value) => sum + value, 0);
    });
  }

  result(): Means {
    const means = this.#sums.map((sum) => sum / this.#weight);
    return {
      loss: means.reduce((sum, mean) => sum + mean, 0),
      terms: Object.fromEntries(this.#names.map((name, i) => [name, means[i]])),
      ...(this.#gradientNorms && { gradientNorms: this.#gradientNorms }),
    };
  }

  dispose(): void {
    tf.dispose(this.#pending.map(({ values }) => values));
    this.#pending = [];
    this.#norms?.dispose();
    this.#norms = undefined;
  }
}
