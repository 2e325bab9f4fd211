/** Weights, gradients and the optimizer's averages in one WebAssembly memory, and the optimizers that work in it. */
import * as tf from '@tensorflow/tfjs';
import { type Block, blockBytes, SimdMemory } from '../simd/memory.ts';
import { adamSettings } from './adam.ts';
import { orderedVariables } from './programs.ts';
import type { OptimizerName, TrainerSpec } from './types.ts';

const slotCount = { adam: 2, momentum: 1, rmsprop: 1, sgd: 0 };

/** What the steps of a training share: the variables, their gradients and the optimizer's averages. */
export class Store {
  readonly variables: readonly tf.Variable[];
  /** The first of them. */
  readonly trained: readonly tf.Variable[];
  /** Views of the variables, and of the gradients of those that train. */
  readonly weights: readonly Block[];
  readonly gradients: readonly Block[];
  readonly #optimizer: OptimizerName;
  readonly #memory: SimdMemory;
  /** Floats of everything that trains, gaps between variables included. */
  readonly #extent: number;
  /** The optimizer's averages of what trains. */
  readonly slots: readonly (readonly Block[])[];
  /** The tensors' data that the variables had when they were last equal to the weights here. */
  #published: object[] = [];
  #stale = false;

  constructor(spec: Pick<TrainerSpec, 'layers' | 'weights' | 'optimizer' | 'state'>) {
    const { all, trained } = orderedVariables(spec);
    this.variables = all;
    this.trained = trained;
    this.#optimizer = spec.optimizer;
    const slots = slotCount[spec.optimizer];
    const bytes = (variables: readonly tf.Variable[]) =>
      variables.reduce((sum, variable) => sum + blockBytes(variable.size), 0);
    this.#memory = new SimdMemory(bytes(all) + (1 + slots) * bytes(trained));
    const take = (variables: readonly tf.Variable[]) => variables.map((variable) => this.#memory.take(variable.size));
    this.weights = take(all);
    this.gradients = take(trained);
    this.slots = Array.from({ length: slots }, () => take(trained));
    this.#extent = bytes(trained) / 4;
    this.#read();
    spec.state?.slots.forEach((values, slot) => {
      let next = 0;
      for (const block of this.slots[slot]) {
        block.values.set(values.subarray(next, next + block.values.length));
        next += block.values.length;
      }
    });
  }

  #read(): void {
    this.variables.forEach((variable, i) => {
      this.weights[i].values.set(variable.dataSync());
    });
    this.#published = this.variables.map(({ dataId }) => dataId);
  }

  /** The weights have moved on. */
  touch(): void {
    this.#stale = true;
  }

  publish(): void {
    if (!this.#stale) return;
    // wasm copies what it is given; others keep it
    const copies = tf.getBackend() === 'wasm';
    this.variables.forEach((variable, i) => {
      const { values } = this.weights[i];
      tf.tidy(() => {
        variable.assign(tf.tensor(copies ? values : values.slice(), variable.shape));
      });
    });
    this.#published = this.variables.map(({ dataId }) => dataId);
    this.#stale = false;
  }

  adopt(): void {
    if (this.variables.some(({ dataId }, i) => dataId !== this.#published[i])) this.#read();
  }

  /** All that trains, the gradients of it and the optimizer's averages, gaps between variables included. */
  get whole(): { weights: Float32Array; gradients: Float32Array; slots: Float32Array[] } {
    const from = (block: Block | undefined) =>
      new Float32Array(block?.values.buffer ?? new ArrayBuffer(0), block?.address ?? 0, block ? this.#extent : 0);
    return {
      weights: from(this.weights[0]),
      gradients: from(this.gradients[0]),
      slots: this.slots.map(([block]) => from(block)),
    };
  }

  get optimizer(): OptimizerName {
    return this.#optimizer;
  }

  /** Step `step` of the optimizer, from 1, over all that trains, in place. */
  update(learningRate: number, step: number): void {
    const [w] = this.weights;
    const [g] = this.gradients;
    if (!g) return;
    const [first, second] = this.slots.map(([block]) => block.address);
    const { routines } = this.#memory;
    const n = this.#extent;
    switch (this.#optimizer) {
      case 'adam': {
        const { rate, epsilon } = adamSettings(learningRate, step);
        routines.adam(w.address, first, second, g.address, n, rate, epsilon);
        break;
      }
      case 'sgd':
        routines.sgd(w.address, g.address, n, learningRate);
        break;
      case 'momentum':
        routines.momentum(w.address, first, g.address, n, learningRate);
        break;
      case 'rmsprop':
        routines.rmsprop(w.address, first, g.address, n, learningRate);
        break;
    }
    this.touch();
  }

  norms(layers: TrainerSpec['layers']): number[] {
    return layers.map(({ variables }) => {
      const squares = variables.map((variable) => {
        const { address, values } = this.gradients[this.trained.indexOf(variable)];
        return this.#memory.routines.sumOfSquares(address, Math.ceil(values.length / 4) * 4);
      });
      return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
    });
  }

  /** The optimizer's averages, as vectors over all variables that train. */
  slotValues(): Float32Array[] {
    return this.slots.map((blocks) => {
      const whole = new Float32Array(blocks.reduce((sum, { values }) => sum + values.length, 0));
      let next = 0;
      for (const { values } of blocks) {
        whole.set(values, next);
        next += values.length;
      }
      return whole;
    });
  }
}
