/** Writes down what tfjs-node asks of TensorFlow while code runs: the same operations, as nodes of a graph. */
import type * as tf from '@tensorflow/tfjs';
import { type Binding, handleOf, nodeBackend, type OperatorAttribute } from './binding.ts';
import type { Attribute, GraphNode } from './savedModel.ts';

/**
 * Runs `code` and records it.
 *
 * @param known tensors that stand for outputs of nodes that are there already
 * @param prefix of the names of new nodes
 * @returns the nodes, and the node's output for each tensor that the code gave
 */
export function record(
  known: readonly (readonly [tf.Tensor, string])[],
  prefix: string,
  code: () => Record<string, tf.Tensor>,
): { nodes: GraphNode[]; outputs: Record<string, string> } {
  const backend = nodeBackend();
  const recorder = new Recorder(
    backend.binding,
    prefix,
    known.map(([tensor, output]) => ({ id: handleOf(tensor), output, rank: tensor.rank })),
  );
  const outer = backend.binding;
  backend.binding = recorder.binding;
  try {
    const results = code();
    const outputs = Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, recorder.outputOf(handleOf(tensor))]),
    );
    for (const tensor of Object.values(results)) tensor.dispose();
    return { nodes: recorder.nodes, outputs };
  } finally {
    backend.binding = outer;
  }
}

interface Known {
  readonly output: string;
  readonly rank: number;
}

class Recorder {
  readonly nodes: GraphNode[] = [];
  /** The addon, with an ear at the door. */
  readonly binding: Binding;
  readonly #addon: Binding;
  readonly #prefix: string;
  readonly #known = new Map<number, Known>();
  /** Tensors made of values: constants, if an operation uses them. */
  readonly #made = new Map<number, { shape: readonly number[]; dtype: number; values: ArrayBufferView }>();

  constructor(addon: Binding, prefix: string, known: readonly (Known & { id: number })[]) {
    this.#addon = addon;
    this.#prefix = prefix;
    for (const { id, ...rest } of known) this.#known.set(id, rest);
    // (over an empty object, since the addon's own properties can't be given other values)
    this.binding = new Proxy({} as Binding, {
      get: (_, name) => {
        if (name === 'createTensor') return this.#createTensor;
        if (name === 'executeOp') return this.#executeOp;
        return Reflect.get(addon, name);
      },
    });
  }

  outputOf(id: number): string {
    return this.#lookUp(id).output;
  }

  readonly #createTensor: Binding['createTensor'] = (shape, dtype, values) => {
    const id = this.#addon.createTensor(shape, dtype, values);
    this.#made.set(id, { shape: [...shape], dtype, values });
    return id;
  };

  readonly #executeOp: Binding['executeOp'] = (operator, attributes, inputs, count) => {
    const sources = inputs.map((id) => this.#lookUp(id));
    const results = this.#addon.executeOp(operator, attributes, inputs, count);
    const node = this.#add(
      asProduct(operator, attributes, sources, this.#addon),
      sources.map(({ output }) => output),
    );
    results.forEach(({ id, shape }, i) => {
      this.#known.set(id, { output: `${node}:${i}`, rank: shape.length });
    });
    return results;
  };

  #add({ operator, attributes }: Pick<GraphNode, 'operator' | 'attributes'>, inputs: readonly string[]): string {
    const name = `${this.#prefix}/${operator}_${this.nodes.length}`;
    this.nodes.push({ name, operator, inputs, attributes });
    return name;
  }

  #lookUp(id: number): Known {
    const known = this.#known.get(id);
    if (known) return known;
    const made = this.#made.get(id);
    if (!made) throw new Error('a tensor that is neither computed nor fed');
    const { shape, dtype, values } = made;
    const tensor = { type: dtype, shape, data: values };
    const constant = { operator: 'Const', attributes: { dtype: { type: dtype }, value: { tensor } } };
    const place = { output: `${this.#add(constant, [])}:0`, rank: shape.length };
    this.#known.set(id, place);
    return place;
  }
}

/** A batch of one product is a plain one, for which TensorFlow has more ways to be quick. */
function asProduct(
  operator: string,
  attributes: readonly OperatorAttribute[],
  inputs: readonly Known[],
  addon: Binding,
): Pick<GraphNode, 'operator' | 'attributes'> {
  const given = Object.fromEntries(attributes.map((attribute) => [attribute.name, attributeOf(attribute, addon)]));
  if (!operator.startsWith('BatchMatMul') || inputs.some(({ rank }) => rank !== 2)) {
    return { operator, attributes: given };
  }
  const { T, adj_x, adj_y } = given;
  const no = { flag: false };
  return { operator: 'MatMul', attributes: { T, transpose_a: adj_x ?? no, transpose_b: adj_y ?? no } };
}

function attributeOf({ name, type, value }: OperatorAttribute, addon: Binding): Attribute {
  const several = Array.isArray(value);
  switch (type) {
    case addon.TF_ATTR_STRING:
      return { text: String(value) };
    case addon.TF_ATTR_INT:
      return several ? { integers: value as number[] } : { integer: Number(value) };
    case addon.TF_ATTR_FLOAT:
      return several ? { reals: value as number[] } : { real: Number(value) };
    case addon.TF_ATTR_BOOL:
      return { flag: Boolean(value) };
    case addon.TF_ATTR_TYPE:
      return several ? { types: value as number[] } : { type: Number(value) };
    case addon.TF_ATTR_SHAPE:
      return { shape: value as number[] };
    default:
      throw new Error(`the attribute ${name} of an unknown kind`);
  }
}
