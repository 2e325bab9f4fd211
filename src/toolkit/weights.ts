import * as tf from '@tensorflow/tfjs';

/** The values of variables at one moment. Cheap: a variable that is assigned to leaves its old memory to the snapshot. */
export class Snapshot {
  readonly #variables: readonly tf.Variable[];
  readonly #values: tf.Tensor[];

  constructor(variables: readonly tf.Variable[]) {
    this.#variables = variables;
    this.#values = tf.tidy(() => variables.map((variable) => tf.keep(variable.clone())));
  }

  /** Sets the variables back. */
  restore(): void {
    this.#variables.forEach((variable, i) => {
      variable.assign(this.#values[i]);
    });
  }

  dispose(): void {
    tf.dispose(this.#values);
  }
}

/** Whether every weight is a finite number. */
export async function areFinite(variables: readonly tf.Variable[]): Promise<boolean> {
  // a sum is finite only if all its parts are; a sum that overflows is no good either
  const total = tf.tidy(() => tf.addN(variables.map((variable) => variable.abs().sum())));
  const [value] = await total.data();
  total.dispose();
  return Number.isFinite(value);
}
