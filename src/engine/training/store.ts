/** Weights, gradients and the optimizer's averages in one WebAssembly memory, and the optimizers that work in it. */
import * as tf from '@tensorflow/tfjs';
import { type Block, blockBytes, SimdMemory } from '../simd/memory.ts';
import { adamSettings } from './adam.ts';
import type { Kept } from './kept.ts';
import { Mirror } from './mirror.ts';
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
  /** The optimizer's averages of what trains. */
  readonly slots: readonly (readonly Block[])[];
  readonly #mirror: Mirror;
  /** Memory of weights that were kept and are not needed any more: fresh memory costs more than to copy does. */
  readonly #spare: Float32Array[] = [];

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
    this.#mirror = new Mirror(all, () => this.#tensors(this.weights.map(({ values }) => values)));
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
  }

  #tensors(values: readonly Float32Array[]): tf.Tensor[] {
    // wasm copies what it is given; others keep it
    const copies = tf.getBackend() === 'wasm';
    return values.map((one, i) => tf.tensor(copies ? one : one.slice(), this.variables[i].shape));
  }

  /** The weights have moved on. */
  touch(): void {
    this.#mirror.moved();
  }

  /** Goes on from what the variables are, if somebody has set them: before weights are used. */
  adopt(): void {
    if (this.#mirror.takeChanges()) this.#read();
  }

  /** The weights as they are now. */
  keep(): Kept {
    this.adopt();
    const all = extentOf(this.weights);
    const values = this.#spare.pop() ?? new Float32Array(all.length);
    values.set(all);
    const parts = this.weights.map((block) => {
      const start = (block.address - this.weights[0].address) / 4;
      return values.subarray(start, start + block.values.length);
    });
    return {
      restore: () =>
        tf.tidy(() => {
          this.#tensors(parts).forEach((tensor, i) => {
            this.variables[i].assign(tensor);
          });
        }),
      areFinite: async () => parts.every(areFinite),
      dispose: () => void this.#spare.push(values),
    };
  }

  /** The variables are tf's alone again. */
  release(): void {
    this.#mirror.release();
  }

  /** All that trains, the gradients of it and the optimizer's averages, gaps between variables included. */
  get whole(): { weights: Float32Array; gradients: Float32Array; slots: Float32Array[] } {
    return {
      weights: extentOf(this.weights.slice(0, this.trained.length)),
      gradients: extentOf(this.gradients),
      slots: this.slots.map(extentOf),
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
    const n = extentOf(this.gradients).length;
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

/** The memory of blocks that were taken one after the other, gaps between them included. */
function extentOf(blocks: readonly Block[]): Float32Array {
  const [first] = blocks;
  if (!first) return new Float32Array(0);
  const last = blocks[blocks.length - 1];
  const bytes = last.address - first.address + blockBytes(last.values.length);
  return new Float32Array(first.values.buffer, first.address, bytes / 4);
}

function areFinite(values: Float32Array): boolean {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  // what is infinite or not a number has all bits of the exponent set
  const exponent = 0x7f800000;
  for (let i = 0; i < bits.length; i++) if ((bits[i] & exponent) === exponent) return false;
  return true;
}
