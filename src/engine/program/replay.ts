/** Runs a Program kernel by kernel on tf's current backend: what compiled programs are checked against. */
import * as tf from '@tensorflow/tfjs';
import type { Distribution, Program, Value } from './program.ts';

export interface ReplayInputs {
  /** In the order of the program's variables. */
  readonly variables: readonly tf.Tensor[];
  readonly feeds: Readonly<Record<string, tf.Tensor>>;
  /** A tensor of its own for every draw, which replay frees. */
  readonly random?: (index: number, shape: readonly number[], distribution: Distribution) => tf.Tensor;
}

/** The outputs by name; the caller disposes them. */
export function replay(program: Program, inputs: ReplayInputs): Record<string, tf.Tensor> {
  return tf.tidy(() => {
    const tensors = program.values.map((value) => tensorOf(value, inputs));
    for (const { kernel, inputs: named, attributes, outputs } of program.nodes) {
      const read = (ids: number | readonly number[]) =>
        typeof ids === 'number' ? tensors[ids]! : ids.map((id) => tensors[id]!);
      const given = Array.isArray(named.list)
        ? read(named.list)
        : Object.fromEntries(Object.entries(named).map(([name, ids]) => [name, read(ids)]));
      const made = tf.engine().runKernel(kernel, given as tf.NamedTensorMap, attributes as tf.NamedAttrMap);
      [made].flat().forEach((tensor, i) => {
        tensors[outputs[i]] = tensor as tf.Tensor;
      });
    }
    return Object.fromEntries(Object.entries(program.outputs).map(([name, id]) => [name, tensors[id]!.clone()]));
  });
}

function tensorOf(value: Value, { variables, feeds, random }: ReplayInputs): tf.Tensor | undefined {
  const { shape, dtype } = value;
  switch (value.kind) {
    case 'variable':
      return variables[value.index];
    case 'feed':
      return feeds[value.name];
    case 'random':
      if (!random) throw new Error('the program draws random numbers, but none are given');
      return random(value.index, shape, value.distribution);
    case 'constant':
      return tf.tensor(value.values.slice(), [...shape], dtype);
    case 'fill':
      return tf.fill([...shape], value.value, dtype as 'float32');
    case 'result':
      return undefined;
  }
}
