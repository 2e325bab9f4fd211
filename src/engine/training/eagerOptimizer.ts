/**
 * The optimizers, as plain formulas. All variables are updated as one long vector: a handful of operations a step
 * instead of a dozen per variable.
 */
import * as tf from '@tensorflow/tfjs';
import type { OptimizerName, OptimizerState } from './types.ts';

interface Rule {
  slots: number;
  /** New slots and the vector to be subtracted from the variables. */
  update(
    gradient: tf.Tensor1D,
    slots: tf.Tensor1D[],
    learningRate: number,
    step: number,
  ): [tf.Tensor1D, ...tf.Tensor1D[]];
}

/** avg + (1 - decay) (value - avg) */
function average(avg: tf.Tensor1D, value: tf.Tensor1D, decay: number): tf.Tensor1D {
  return avg.add(value.sub(avg).mul(1 - decay));
}

const rules: Record<OptimizerName, Rule> = {
  /** w - lr g */
  sgd: { slots: 0, update: (gradient, _, learningRate) => [gradient.mul(learningRate)] },
  /** v' = 0.9 v + g; w - lr v'. Source: Polyak 1964, in the form of tfjs and PyTorch. */
  momentum: {
    slots: 1,
    update(gradient, [velocity], learningRate) {
      const next = velocity.mul<tf.Tensor1D>(0.9).add<tf.Tensor1D>(gradient);
      return [next.mul(learningRate), next];
    },
  },
  /** s' = 0.9 s + 0.1 g^2; w - lr g / sqrt(s' + e). Source: Hinton's lecture 6e, 2012. */
  rmsprop: {
    slots: 1,
    update(gradient, [square], learningRate) {
      const next = average(square, gradient.square(), 0.9);
      return [gradient.mul<tf.Tensor1D>(learningRate).div(next.add(1e-7).sqrt()), next];
    },
  },
  /** Kingma & Ba 2015, algorithm 1, with the usual 0.9 and 0.999 and Keras's epsilon of 1e-7. */
  adam: {
    slots: 2,
    update(gradient, [first, second], learningRate, step) {
      const mean = average(first, gradient, 0.9);
      const square = average(second, gradient.square(), 0.999);
      // lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e), the constants drawn together
      const root = Math.sqrt(1 - 0.999 ** step);
      const rate = (learningRate * root) / (1 - 0.9 ** step);
      return [mean.mul<tf.Tensor1D>(rate).div(square.sqrt().add(1e-7 * root)), mean, square];
    },
  },
};

export class Optimizer {
  readonly name: OptimizerName;
  readonly #rule: Rule;
  #slots: tf.Tensor1D[];
  #steps: number;

  /**
   * @param size number of weights in all variables together
   * @param state to go on from
   */
  constructor(name: OptimizerName, size: number, state?: OptimizerState) {
    this.name = name;
    this.#rule = rules[name];
    this.#steps = state?.steps ?? 0;
    this.#slots = Array.from({ length: this.#rule.slots }, (_, i) =>
      tf.keep(state ? tf.tensor1d(state.slots[i].slice()) : tf.zeros<tf.Rank.R1>([size])),
    );
  }

  get steps(): number {
    return this.#steps;
  }

  /** Moves the variables one step against their gradients, which stay the caller's. */
  apply(variables: readonly tf.Variable[], gradients: readonly tf.Tensor[], learningRate: number): void {
    const step = this.#steps + 1;
    const updated = tf.tidy(() => {
      const flat = gradients.map((gradient) => gradient.as1D());
      const whole = flat.length === 1 ? flat[0] : tf.concat1d(flat);
      const [change, ...slots] = this.#rule.update(whole, this.#slots, learningRate, step);
      let offset = 0;
      const values = variables.map((variable) => {
        const part = change.slice(offset, variable.size).reshape(variable.shape);
        offset += variable.size;
        return variable.sub(part);
      });
      return { values, slots };
    });
    // from here on nothing can fail half-way
    variables.forEach((variable, i) => {
      variable.assign(updated.values[i]);
    });
    tf.dispose([updated.values, this.#slots]);
    this.#slots = updated.slots.map((slot) => tf.keep(slot));
    this.#steps = step;
  }

  async state(): Promise<OptimizerState> {
    const slots = await Promise.all(this.#slots.map(async (slot) => Float32Array.from(await slot.data())));
    return { name: this.name, steps: this.#steps, slots };
  }

  dispose(): void {
    tf.dispose(this.#slots);
    this.#slots = [];
  }
}
