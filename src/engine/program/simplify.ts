/**
 * Makes a Program smaller without changing what it computes: constants are computed once, operations that change nothing
 * are left out, and what is computed twice is computed once.
 */
import { type DataType, type Node, type Program, sameShape, type Value, withoutDeadCode } from './program.ts';

export function simplify(program: Program): Program {
  return withoutDeadCode(new Simplifier(program).run());
}

class Simplifier {
  readonly #program: Program;
  readonly #values: Value[];
  /** Value to the one that stands in for it. */
  readonly #instead = new Map<number, number>();
  readonly #nodes: Node[] = [];
  /** Nodes by what they compute. */
  readonly #seen = new Map<string, Node>();
  /** What is known of activations: the value before a ReLU to the one after it. */
  readonly #rectified = new Map<number, number>();
  /** Nodes by the value that they compute. */
  readonly #makers = new Map<number, Node>();
  /** Multiples of a value, and by how much. */
  readonly #scaled = new Map<number, { x: number; factor: number }>();
  /** Reshaped values to what they were before. */
  readonly #reshaped = new Map<number, number>();

  constructor(program: Program) {
    this.#program = program;
    this.#values = [...program.values];
  }

  run(): Program {
    this.#mergeConstants();
    for (const node of this.#program.nodes) {
      for (const part of this.#inTwoAxes(node)) {
        for (const step of this.#pooledFirst(this.#withStandIns(part))) this.#visit(step);
      }
    }
    const outputs = Object.fromEntries(
      Object.entries(this.#program.outputs).map(([name, id]) => [name, this.#standIn(id)]),
    );
    return { ...this.#program, values: this.#values, nodes: this.#nodes, outputs };
  }

  #standIn(id: number): number {
    let at = id;
    for (let next = this.#instead.get(at); next !== undefined; next = this.#instead.get(at)) at = next;
    return at;
  }

  #withStandIns(node: Node): Node {
    const inputs = Object.fromEntries(
      Object.entries(node.inputs).map(([name, ids]) => [
        name,
        typeof ids === 'number' ? this.#standIn(ids) : ids.map((id) => this.#standIn(id)),
      ]),
    );
    return { ...node, inputs };
  }

  /** Fills of one shape and value are one. */
  #mergeConstants(): void {
    const first = new Map<string, number>();
    this.#values.forEach((value, id) => {
      if (value.kind !== 'fill') return;
      const key = `${value.value}/${value.dtype}/${value.shape}`;
      const known = first.get(key);
      if (known === undefined) first.set(key, id);
      else this.#instead.set(id, known);
    });
  }

  #visit(node: Node): void {
    const [output] = node.outputs;
    if (node.outputs.length === 1) {
      const folded = this.#fold(node);
      if (folded !== undefined) {
        const { shape, dtype } = this.#values[output];
        this.#values[output] = { kind: 'fill', value: folded, shape, dtype };
        return;
      }
      const same = this.#unchanged(node);
      if (same !== undefined) {
        this.#instead.set(output, same);
        return;
      }
    }
    const rectified = this.#scaledOnce(this.#sumOfFewerAxes(this.#direct(this.#rectifiedStep(node))));
    // the shape stands for what attributes leave open
    const key = JSON.stringify([rectified.kernel, rectified.inputs, rectified.attributes, this.#values[output].shape]);
    const twin = this.#seen.get(key);
    if (twin) {
      node.outputs.forEach((id, i) => {
        this.#instead.set(id, twin.outputs[i]);
      });
      return;
    }
    this.#seen.set(key, rectified);
    this.#nodes.push(rectified);
    for (const id of rectified.outputs) this.#makers.set(id, rectified);
    if (node.kernel === 'Relu') this.#rectified.set(node.inputs.x as number, output);
    if (node.kernel === 'Reshape') this.#reshaped.set(output, rectified.inputs.x as number);
    const scaling = this.#scaling(rectified);
    if (scaling) this.#scaled.set(output, scaling);
  }

  /** A value times a number, where a node computes that. */
  #scaling({ kernel, inputs, outputs }: Node): { x: number; factor: number } | undefined {
    if (kernel !== 'Multiply' || this.#values[outputs[0]].dtype !== 'float32') return undefined;
    const { a, b } = inputs as { a: number; b: number };
    const [x, factor] = this.#fill(b) === undefined ? [b, this.#fill(a)] : [a, this.#fill(b)];
    const whole = sameShape(this.#values[x].shape, this.#values[outputs[0]].shape);
    return factor === undefined || !whole ? undefined : { x, factor };
  }

  /** A multiple of a multiple is one multiple. */
  #scaledOnce(node: Node): Node {
    const outer = this.#scaling(node);
    const inner = outer && this.#scaled.get(outer.x);
    if (!inner) return node;
    const factor = Math.fround(outer.factor * inner.factor);
    const fill = this.#values.push({ kind: 'fill', value: factor, shape: [], dtype: 'float32' }) - 1;
    return { ...node, inputs: { a: inner.x, b: fill } };
  }

  /** Axes of size 1 that a reshape put in front are summed over for nothing. */
  #sumOfFewerAxes(node: Node): Node {
    if (node.kernel !== 'Sum' || node.attributes.keepDims) return node;
    const from = this.#beforeReshapes(node.inputs.x as number);
    const axes = [node.attributes.axis].flat() as number[];
    const [shape, before] = [this.#values[node.inputs.x as number].shape, this.#values[from].shape];
    const added = shape.length - before.length;
    const isLeading = axes.every((axis, i) => axis === i) && axes.length > added;
    if (from === node.inputs.x || added < 1 || !isLeading) return node;
    if (shape.slice(0, added).some((size) => size !== 1) || !sameShape(shape.slice(added), before)) return node;
    return {
      ...node,
      inputs: { x: from },
      attributes: { ...node.attributes, axis: axes.slice(added).map((a) => a - added) },
    };
  }

  /** A reshape of a reshape is one reshape. */
  #direct(node: Node): Node {
    if (node.kernel !== 'Reshape') return node;
    const x = this.#beforeReshapes(node.inputs.x as number);
    return { ...node, inputs: { x }, attributes: { shape: [...this.#values[node.outputs[0]].shape] } };
  }

  #beforeReshapes(id: number): number {
    let at = id;
    for (let from = this.#reshaped.get(at); from !== undefined; from = this.#reshaped.get(at)) at = from;
    return at;
  }

  /** The gradient of a ReLU asks where its input was positive; its output says the same, and is there anyway. */
  #rectifiedStep(node: Node): Node {
    if (node.kernel !== 'Step') return node;
    const after = this.#rectified.get(node.inputs.x as number);
    return after === undefined ? node : { ...node, inputs: { x: after } };
  }

  /**
   * The gradient of a ReLU behind that of a maximum pooling: a window's maximum is positive where the pooled one is, so
   * the ReLU's comes as well before the pooling's, where there are fewer elements.
   */
  #pooledFirst(node: Node): Node[] {
    if (node.kernel !== 'Multiply') return [node];
    const { a, b } = node.inputs as { a: number; b: number };
    for (const [gradient, slope] of [
      [a, b],
      [b, a],
    ]) {
      const pooling = this.#makers.get(gradient);
      const step = this.#makers.get(slope);
      if (pooling?.kernel !== 'MaxPoolGrad' || step?.kernel !== 'Step' || step.attributes.alpha) continue;
      const { dy, input, output } = pooling.inputs as Record<string, number>;
      if (step.inputs.x !== input || this.#makers.get(input)?.kernel !== 'Relu') continue;
      const { shape, dtype } = this.#values[dy];
      const add = () => this.#values.push({ kind: 'result', shape, dtype }) - 1;
      const [positive, part] = [add(), add()];
      return [
        { ...step, inputs: { x: output }, outputs: [positive] },
        { ...node, inputs: { a: dy, b: positive }, outputs: [part] },
        { ...pooling, inputs: { ...pooling.inputs, dy: part }, outputs: node.outputs },
      ];
    }
    return [node];
  }

  /** tf.fused gives matrices a third axis of size 1: a product of those is one of matrices. */
  #inTwoAxes(node: Node): Node[] {
    if (node.kernel !== 'BatchMatMul' && node.kernel !== '_FusedMatMul') return [node];
    const { a, b } = node.inputs as { a: number; b: number };
    const [output] = node.outputs;
    const shapes = [a, b, output].map((id) => this.#values[id].shape);
    if (shapes.some((shape) => shape.length !== 3 || shape[0] !== 1)) return [node];
    const add = (shape: readonly number[]) =>
      this.#values.push({ kind: 'result', shape, dtype: this.#values[output].dtype }) - 1;
    const flat = shapes.map((shape) => add(shape.slice(1)));
    const reshape = (from: number, to: number): Node => ({
      kernel: 'Reshape',
      inputs: { x: from },
      attributes: { shape: [...this.#values[to].shape] },
      outputs: [to],
    });
    const inputs = { ...node.inputs, a: flat[0], b: flat[1] };
    return [
      reshape(a, flat[0]),
      reshape(b, flat[1]),
      { ...node, inputs, outputs: [flat[2]] },
      reshape(flat[2], output),
    ];
  }

  #fill(id: number | readonly number[] | undefined): number | undefined {
    if (typeof id !== 'number') return undefined;
    const value = this.#values[id];
    return value.kind === 'fill' ? value.value : undefined;
  }

  /** The one number that all elements of the result are, if it can be known. */
  #fold({ kernel, inputs, attributes, outputs }: Node): number | undefined {
    const { dtype } = this.#values[outputs[0]];
    if (kernel === 'Fill') return typeof attributes.value === 'number' ? attributes.value : undefined;
    if (kernel === 'ZerosLike') return 0;
    if (kernel === 'OnesLike') return 1;
    const binary = binaryFolds[kernel];
    if (binary) {
      const a = this.#fill(inputs.a);
      const b = this.#fill(inputs.b);
      return a === undefined || b === undefined ? undefined : rounded(binary(a, b), dtype);
    }
    const unary = unaryFolds[kernel];
    const x = this.#fill(inputs.x ?? inputs.input);
    return unary && x !== undefined ? rounded(unary(x), dtype) : undefined;
  }

  /** The input that the result equals, if there is one. */
  #unchanged({ kernel, inputs, attributes, outputs }: Node): number | undefined {
    const result = this.#values[outputs[0]];
    const equal = (id: number) =>
      sameShape(this.#values[id].shape, result.shape) && this.#values[id].dtype === result.dtype ? id : undefined;
    const { x, a, b } = inputs as { x: number; a: number; b: number };
    switch (kernel) {
      case 'Reshape':
        return equal(this.#beforeReshapes(x));
      case 'Cast':
      case 'BroadcastTo':
        return equal(x);
      case 'Tile':
        return (attributes.reps as number[]).every((times) => times === 1) ? equal(x) : undefined;
      case 'Transpose':
        return (attributes.perm as number[]).every((axis, i) => axis === i) ? equal(x) : undefined;
      case 'Add':
        return this.#fill(b) === 0 ? equal(a) : this.#fill(a) === 0 ? equal(b) : undefined;
      case 'Sub':
        return this.#fill(b) === 0 ? equal(a) : undefined;
      case 'Multiply':
        return this.#fill(b) === 1 ? equal(a) : this.#fill(a) === 1 ? equal(b) : undefined;
      case 'RealDiv':
        return this.#fill(b) === 1 ? equal(a) : undefined;
      case 'AddN':
        return (inputs.list as number[]).length === 1 ? equal((inputs.list as number[])[0]) : undefined;
      default:
        return undefined;
    }
  }
}

/** As the kernels would round it. */
function rounded(value: number, dtype: DataType): number | undefined {
  if (dtype === 'float32') return Math.fround(value);
  return Number.isInteger(value) ? value : undefined;
}

const binaryFolds: Partial<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Multiply: (a, b) => a * b,
  RealDiv: (a, b) => a / b,
  Maximum: Math.max,
  Minimum: Math.min,
};

const same = (x: number) => x;
const unaryFolds: Partial<Record<string, (x: number) => number>> = {
  Neg: (x) => -x,
  Square: (x) => x * x,
  Sqrt: Math.sqrt,
  Abs: Math.abs,
  Reshape: same,
  Cast: same,
  Tile: same,
  BroadcastTo: same,
  ExpandDims: same,
  Transpose: same,
  Slice: same,
};
