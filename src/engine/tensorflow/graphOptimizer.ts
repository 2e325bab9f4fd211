import type * as tf from '@tensorflow/tfjs';
import { adamSettings } from '../training/adam.ts';
import type { TrainerSpec } from '../training/types.ts';
import { ownTensor } from './binding.ts';
import { after, float, node, one, storage } from './nodes.ts';
import type { GraphNode } from './savedModel.ts';
import type { GraphSession } from './session.ts';

/** TensorFlow's own operations for the optimizers, with their averages as variables of the graph. */
export class GraphOptimizer {
  readonly #name: TrainerSpec['optimizer'];
  readonly #trained: readonly tf.Variable[];
  readonly #slots: number;

  constructor(name: TrainerSpec['optimizer'], trained: readonly tf.Variable[]) {
    this.#name = name;
    this.#trained = trained;
    this.#slots = { adam: 2, momentum: 1, rmsprop: 1, sgd: 0 }[name];
  }

  nodes(): GraphNode[] {
    const names = Array.from({ length: this.#slots }, (_, slot) => slot);
    const stores = names.flatMap((slot) =>
      this.#trained.map(({ shape }, i) => {
        const at = `${slot}_${i}`;
        return storage(
          { handle: `slot${at}`, read: `slotread${at}`, value: `slotvalue${at}`, assign: `slotassign${at}` },
          shape,
        );
      }),
    );
    const scalars = ['rate', 'epsilon'].map((name) =>
      node(name, 'Placeholder', [], { dtype: float, shape: { shape: [] } }),
    );
    const numbers = Object.entries({ zero: 0, decay1: 0.9, decay2: 0.999, tiny: 1e-7 }).map(([name, value]) =>
      node(name, 'Const', [], {
        dtype: float,
        value: { tensor: { type: 1, shape: [], data: Float32Array.of(value) } },
      }),
    );
    // RMSProp's operation has a momentum of its own, which stays zero
    const still = this.#name === 'rmsprop' ? this.#trained.map(({ shape }, i) => this.#zeroVariable(i, shape)) : [];
    return [
      ...stores.flat(),
      ...still.flat(),
      ...scalars,
      ...numbers,
      one('slotsassigned', after(stores.map((store) => store[3]))),
      node('initialized', 'NoOp', after(still.map((nodes) => nodes.at(-1)!))),
    ];
  }

  #zeroVariable(i: number, shape: readonly number[]): GraphNode[] {
    const dims = { tensor: { type: 3, shape: [shape.length], data: Int32Array.from(shape) } };
    return [
      node(`still${i}`, 'VarHandleOp', [], {
        dtype: float,
        shape: { shape },
        shared_name: { text: `still${i}` },
        container: { text: '' },
      }),
      node(`stilldims${i}`, 'Const', [], { dtype: { type: 3 }, value: dims }),
      node(`stillzero${i}`, 'Fill', [`stilldims${i}`, 'zero'], { T: float, index_type: { type: 3 } }),
      node(`stillassign${i}`, 'AssignVariableOp', [`still${i}`, `stillzero${i}`], { dtype: float }),
    ];
  }

  /** The update of variable i by a gradient, when some other nodes have run. */
  apply(prefix: string, i: number, gradient: string, others: readonly GraphNode[]): GraphNode {
    const update = this.#update(prefix, i, gradient);
    return { ...update, inputs: [...update.inputs, ...after(others)] };
  }

  #update(prefix: string, i: number, gradient: string): GraphNode {
    const name = `${prefix}/apply${i}`;
    const common = { T: float, use_locking: { flag: false } };
    const variable = `variable${i}`;
    switch (this.#name) {
      case 'adam': {
        // the corrections of the bias are in the rate, so the powers of the decays are told to be zero
        const inputs = [
          variable,
          `slot0_${i}`,
          `slot1_${i}`,
          'zero',
          'zero',
          'rate',
          'decay1',
          'decay2',
          'epsilon',
          gradient,
        ];
        return node(name, 'ResourceApplyAdam', inputs, { ...common, use_nesterov: { flag: false } });
      }
      case 'sgd':
        return node(name, 'ResourceApplyGradientDescent', [variable, 'rate', gradient], common);
      case 'momentum': {
        const inputs = [variable, `slot0_${i}`, 'rate', gradient, 'decay1'];
        return node(name, 'ResourceApplyMomentum', inputs, { ...common, use_nesterov: { flag: false } });
      }
      case 'rmsprop': {
        const inputs = [variable, `slot0_${i}`, `still${i}`, 'rate', 'decay1', 'zero', 'tiny', gradient];
        return node(name, 'ResourceApplyRMSProp', inputs, common);
      }
    }
  }

  /** What the operations are fed with in step `step`, from 1. */
  settings(learningRate: number, step: number): Map<string, number> {
    if (this.#name !== 'adam') return new Map([['rate:0', learningRate]]);
    const { rate, epsilon } = adamSettings(learningRate, step);
    return new Map([
      ['rate:0', rate],
      ['epsilon:0', epsilon],
    ]);
  }

  zeros(): Float32Array[] {
    const size = this.#trained.reduce((sum, variable) => sum + variable.size, 0);
    return Array.from({ length: this.#slots }, () => new Float32Array(size));
  }

  read(session: GraphSession): Float32Array[] {
    return this.zeros().map((whole, slot) => {
      let next = 0;
      for (const part of session.read(
        new Map(),
        this.#trained.map((_, i) => `slotread${slot}_${i}:0`),
      )) {
        whole.set(part, next);
        next += part.length;
      }
      return whole;
    });
  }

  assign(session: GraphSession, slots: readonly Float32Array[]): void {
    if (this.#slots === 0 || this.#trained.length === 0) return;
    const feeds = slots.flatMap((whole, slot) => {
      let next = 0;
      return this.#trained.map(({ size, shape }, i) => {
        const part = whole.subarray(next, next + size);
        next += size;
        return [`slotvalue${slot}_${i}:0`, ownTensor(shape, part)] as const;
      });
    });
    session.runAndFree(feeds, 'slotsassigned:0');
  }
}
