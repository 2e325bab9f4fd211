import * as tf from '@tensorflow/tfjs';

/** Weights of one moment, to go back to. */
export interface Kept {
  /** Sets the variables back. */
  restore(): void;
  /** Whether every weight is a finite number. */
  areFinite(): Promise<boolean>;
  dispose(): void;
}

/** Kept by tf. Cheap where it shares memory: a variable that is assigned to leaves its old values to the snapshot. */
export class Snapshot implements Kept {
  readonly #variables: readonly tf.Variable[];
  readonly #values: tf.Tensor[];

  constructor(variables: readonly tf.Variable[]) {
    this.#variables = variables;
    this.#values = tf.tidy(() => variables.map((variable) => tf.keep(variable.clone())));
  }

  restore(): void {
    this.#variables.forEach((variable, i) => {
      variable.assign(this.#values[i]);
    });
  }

  async areFinite(): Promise<boolean> {
    // a sum is finite only if all its parts are; a sum that overflows is no good either
    const total = tf.tidy(() => tf.addN(this.#values.map((values) => values.abs().sum())));
    const [value] = await total.data();
    total.dispose();
    return Number.isFinite(value);
  }

  dispose(): void {
    tf.dispose(this.#values);
  }
}
