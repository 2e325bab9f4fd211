/** What the rules share while a Program is written as an ONNX graph. */
import { inputsOf, type Node, type Program, sameShape, type Value, volume } from '../program/program.ts';
import type { RuleFor } from '../program/rules.ts';
import { type Attribute, type Dimensions, type Element, OnnxGraph } from './graph.ts';

/**
 * tfjs keeps the channels of images last, ONNX Runtime computes with channels first. A value of rank 4 is had in either
 * layout, or both: whatever a rule makes it in, and by a transposition that is made once, when another asks for it.
 */
export type Layout = 'native' | 'channelsFirst';

interface Places {
  native?: string;
  channelsFirst?: string;
}

const toChannelsFirst = [0, 3, 1, 2];
const toNative = [0, 2, 3, 1];

export class Emission {
  readonly graph = new OnnxGraph();
  readonly program: Program;
  readonly #places: Places[];
  readonly #users: Node[][];
  readonly #outputs: ReadonlySet<number>;
  /** Nodes that another rule has written along with its own. */
  readonly #done = new Set<Node>();
  /** Positions of the maxima that a pooling found, for its gradient. */
  readonly maximaOf = new Map<number, string>();

  readonly #freeBatch: number | undefined;

  /** @param freeBatch a size of the first axis that stands for any number of samples */
  constructor(program: Program, freeBatch?: number) {
    this.program = program;
    this.#freeBatch = freeBatch;
    this.#places = program.values.map(() => ({}));
    this.#outputs = new Set(Object.values(program.outputs));
    this.#users = program.values.map(() => []);
    for (const node of program.nodes) for (const id of inputsOf(node)) this.#users[id].push(node);
  }

  /** Whether the number of samples is left open. */
  get hasFreeBatch(): boolean {
    return this.#freeBatch !== undefined;
  }

  value(id: number): Value {
    return this.program.values[id];
  }

  shape(id: number): readonly number[] {
    return this.program.values[id].shape;
  }

  dtype(id: number): Element {
    return this.program.values[id].dtype;
  }

  /** The number that all elements of a value are, if it is such a constant. */
  fill(id: number): number | undefined {
    const value = this.value(id);
    return value.kind === 'fill' ? value.value : undefined;
  }

  users(id: number): readonly Node[] {
    return this.#users[id];
  }

  set(id: number, name: string, layout: Layout = 'native'): void {
    this.#places[id][layout] = name;
  }

  /** One value under the name of another. */
  alias(id: number, other: number): void {
    this.get(other);
    this.#places[id] = this.#places[other];
  }

  get(id: number, layout: Layout = 'native'): string {
    const places = this.#places[id];
    const there = places[layout];
    if (there !== undefined) return there;
    const other = layout === 'native' ? places.channelsFirst : places.native;
    if (other === undefined) {
      places.native = this.#constant(id);
      return this.get(id, layout);
    }
    const name = this.transpose(other, layout === 'native' ? toNative : toChannelsFirst);
    places[layout] = name;
    return name;
  }

  /** Whether a value is there in this layout, without any work. */
  has(id: number, layout: Layout): boolean {
    return this.#places[id][layout] !== undefined;
  }

  #constant(id: number): string {
    const value = this.value(id);
    const { shape } = value;
    if (value.kind === 'fill') {
      const one = this.literal(value.value, value.dtype);
      return shape.length === 0 ? one : this.expand(one, shape);
    }
    if (value.kind !== 'constant') throw new Error(`value ${id} (${value.kind}) is used before it is there`);
    const { values, dtype } = value;
    return this.graph.constant(dtype, shape, dtype === 'bool' ? Uint8Array.from(values) : values);
  }

  /** A scalar constant. */
  literal(value: number, element: Element): string {
    const data = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;
    if (element === 'int64') return this.graph.constant('int64', [], BigInt64Array.of(BigInt(value)));
    return this.graph.constant(element, [], data[element].of(value));
  }

  transpose(name: string, order: readonly number[]): string {
    return this.graph.add('Transpose', [name], { perm: order });
  }

  reshape(name: string, shape: readonly number[]): string {
    return this.graph.add('Reshape', [name, this.graph.integers(this.#withFree(shape, -1))]);
  }

  /** Repeats along the axes where the shape is wider. */
  expand(name: string, shape: readonly number[]): string {
    return this.graph.add('Expand', [name, this.graph.integers(this.#withFree(shape, 1))]);
  }

  /** A shape as the graph's inputs and outputs have it. */
  port(shape: readonly number[]): Dimensions {
    return this.#withFree(shape, 'batch');
  }

  /** A shape with something else in place of the axis that counts samples whose number is free. */
  #withFree<T>(shape: readonly number[], instead: T): (number | T)[] {
    const free = this.#freeBatch;
    const axis = free === undefined ? -1 : shape.findIndex((size) => size > 0 && size % free === 0);
    return shape.map((size, i) => (i === axis ? instead : size));
  }

  cast(name: string, element: Element): string {
    const codes = { float32: 1, int32: 6, int64: 7, bool: 9 };
    return this.graph.add('Cast', [name], { to: codes[element] });
  }

  /** The layout in which an elementwise result costs no transposition. */
  layoutFor(output: number, inputs: readonly number[]): Layout {
    const first = inputs.some(
      (id) => this.shape(id).length === 4 && this.has(id, 'channelsFirst') && !this.has(id, 'native'),
    );
    return first && this.shape(output).length === 4 ? 'channelsFirst' : 'native';
  }

  /** An operand of an elementwise operation whose result is in `layout`: ready to be broadcast. */
  operand(id: number, layout: Layout): string {
    const shape = this.shape(id);
    if (layout === 'native' || volume(shape) === 1) {
      return volume(shape) === 1 && shape.length > 0 && layout !== 'native'
        ? this.reshape(this.get(id), [])
        : this.get(id);
    }
    if (shape.length === 4) return this.get(id, layout);
    const padded = [...Array(4 - shape.length).fill(1), ...shape];
    return this.transpose(this.reshape(this.get(id), padded), toChannelsFirst);
  }

  /**
   * Operands of an elementwise operation. A constant of equal elements is a scalar, where broadcasting the others gives
   * the result's shape all the same.
   */
  operands(output: number, inputs: readonly number[], layout: Layout): string[] {
    const shape = this.shape(output);
    return inputs.map((id, i) => {
      const fill = this.fill(id);
      const spare =
        fill !== undefined &&
        inputs.some((other, j) => j !== i && this.fill(other) === undefined && sameShape(this.shape(other), shape));
      return spare ? this.literal(fill, this.dtype(id)) : this.operand(id, layout);
    });
  }

  /**
   * A vector that the only user of a product adds to it: then both can be one operation. The addition counts as written.
   *
   * @returns the vector's name and the value that the sum is
   */
  takeBias(product: number): { bias: string; output: number } | undefined {
    const users = this.#users[product];
    if (users.length !== 1 || this.#outputs.has(product) || users[0].kernel !== 'Add') return undefined;
    const [add] = users;
    const { a, b } = add.inputs as { a: number; b: number };
    const vector = a === product ? b : a;
    const shape = this.shape(vector);
    if (shape.length !== 1 || shape[0] !== this.shape(product).at(-1)) return undefined;
    if (!sameShape(this.shape(add.outputs[0]), this.shape(product)) || !this.#isThere(vector)) return undefined;
    this.#done.add(add);
    return { bias: this.get(vector), output: add.outputs[0] };
  }

  #isThere(id: number): boolean {
    return this.has(id, 'native') || this.value(id).kind === 'constant' || this.value(id).kind === 'fill';
  }

  isDone(node: Node): boolean {
    return this.#done.has(node);
  }
}

/** How one kernel is written. */
export type EmitRule = RuleFor<Emission>;

export { named } from '../program/rules.ts';
export type { Attribute };
