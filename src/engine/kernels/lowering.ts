/** Turns a program's kernels into operations, and joins operations on elements with what they follow. */
import type { Program, Value } from '../program/program.ts';
import type { RuleFor } from '../program/rules.ts';
import { volume } from '../training/types.ts';
import {
  type Elementwise,
  type Expression,
  type Geometry,
  type Learning,
  type Matrix,
  type Operation,
  ofStep,
  Place,
  placesOf,
  type Reduction,
  type Spread,
} from './operations.ts';

export type Rule = RuleFor<Lowering>;

export { named } from '../program/rules.ts';

/** A place seen as an array, row by row. */
export interface Tensor {
  readonly place: Place;
  readonly shape: readonly number[];
}

/** Where what a program starts from and what it gives are to lie. */
export interface Memory {
  readonly variables: readonly Float32Array[];
  readonly feeds: Readonly<Record<string, Float32Array>>;
  readonly randoms: Readonly<Record<number, Float32Array>>;
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** Floats of a filter that is laid out for convolutions, or for gradients of their input. */
  readonly preparedFilterSize: (geometry: Geometry, forGradient: boolean) => number;
  /** What learns from outputs that are gradients, by their names; these need not be written then. */
  readonly learning?: Readonly<Record<string, Learning>>;
}

/** As many registers as native/expression.h has, or fewer. */
const mostRegisters = 60;
/** Rows shorter than this are not worth a turn of their own. */
const shortRow = 64;
/** Elements that expressions work on at a time. */
const pieceSize = 512;
const copiedAxes = 6;

export class Lowering {
  readonly #program: Program;
  readonly #memory: Memory;
  readonly #tensors = new Map<number, Tensor>();
  /** What depends on variables and constants alone and can come first. */
  readonly #early: Operation[] = [];
  readonly #operations: Operation[] = [];
  /** Places to the operation that writes them last. Those that are there from the start are not in it. */
  readonly #writers = new Map<Place, number>();
  /** Expressions of elements that nothing has divided into rows yet. */
  readonly #undivided = new Set<Expression>();
  readonly #repeated = new Map<string, Place>();

  constructor(program: Program, memory: Memory) {
    this.#program = program;
    this.#memory = memory;
  }

  /** All operations, once the program's nodes were written. */
  finish(): Operation[] {
    const { outputs, learning = {} } = this.#memory;
    const places = new Map(Object.entries(this.#program.outputs).map(([name, id]) => [name, this.get(id).place]));
    const isShared = (place: Place) => [...places.values()].filter((other) => other === place).length > 1;
    const updates: Operation[] = [];
    const write = (name: string, place: Place) => {
      const gradients = this.#output(place, outputs[name]);
      if (learning[name]) updates.push({ kind: 'update', learning: learning[name], gradients });
    };
    // the others come first, so that whoever reads weights is known when these are to learn
    const isProduct = (place: Place) => this.#operations[this.#writers.get(place) ?? -1]?.kind === 'product';
    const [products, others] = [true, false].map((wanted) =>
      [...places].filter(([name, place]) => (name in learning && isProduct(place)) === wanted),
    );
    for (const [name, place] of others) write(name, place);
    for (const [name, place] of products) {
      const product = isShared(place) ? undefined : this.#learningProduct(place, learning[name]);
      if (product) this.#operations[this.#writers.get(place)!] = product;
      else write(name, place);
    }
    const operations = [...this.#early, ...this.#operations, ...updates];
    const readers = this.#readers(operations);
    return operations.map((operation) => inPlace(operation, readers));
  }

  /** The product that computes a gradient, if the weights can learn from it as soon as it is there. */
  #learningProduct(place: Place, learning: Learning): Operation | undefined {
    const writer = this.#writers.get(place) ?? -1;
    const operation = this.#operations[writer];
    if (operation?.kind !== 'product' || place.size !== operation.rows * operation.columns || place.memory)
      return undefined;
    const isAlone = operation.after.steps.length === 0 && !this.#readers(this.#operations).has(place);
    // what comes later must find the weights as they were
    const later = this.#operations.slice(writer).flatMap((other) => placesOf(other).reads);
    const isLast = later.every(({ memory }) => memory !== learning.weights.memory);
    return isAlone && isLast ? { ...operation, learning } : undefined;
  }

  /** How many operations read a place. */
  #readers(operations: readonly Operation[]): Map<Place, number> {
    const readers = new Map<Place, number>();
    for (const operation of operations) {
      for (const place of new Set(placesOf(operation).reads)) readers.set(place, (readers.get(place) ?? 0) + 1);
    }
    return readers;
  }

  /** Lets a place be written to where it is wanted, and gives what is written there. */
  #output(place: Place, memory: Float32Array): Place {
    if (this.#writers.has(place) && !place.memory) {
      place.memory = memory;
      this.#keep(place);
      return place;
    }
    const target = new Place(place.size, memory);
    this.copy(place, target, [place.size], [1], [1]);
    return target;
  }

  value(id: number): Value {
    return this.#program.values[id];
  }

  shape(id: number): readonly number[] {
    return this.value(id).shape;
  }

  set(id: number, { place }: Tensor): void {
    this.#tensors.set(id, { place, shape: this.shape(id) });
  }

  get(id: number): Tensor {
    const known = this.#tensors.get(id);
    if (known) return known;
    const value = this.value(id);
    const tensor = { place: this.#given(value), shape: value.shape };
    this.#tensors.set(id, tensor);
    return tensor;
  }

  #given(value: Value): Place {
    const size = volume(value.shape);
    switch (value.kind) {
      case 'variable':
        return new Place(size, this.#memory.variables[value.index]);
      case 'feed':
        return new Place(size, this.#memory.feeds[value.name]);
      case 'random':
        return new Place(size, this.#memory.randoms[value.index]);
      case 'constant':
        return new Place(size, Float32Array.from(value.values));
      case 'fill':
        return new Place(size, new Float32Array(size).fill(value.value));
      case 'result':
        throw new Error('a value that is used before it is computed');
    }
  }

  /** A number that goes with any shape. */
  number(value: number): Tensor {
    return { place: new Place(1, Float32Array.of(value)), shape: [] };
  }

  constant(values: Float32Array, shape: readonly number[]): Tensor {
    return { place: new Place(values.length, values), shape };
  }

  /** A place of its own. */
  fresh(shape: readonly number[]): Tensor {
    return { place: new Place(volume(shape)), shape };
  }

  reshaped({ place }: Tensor, shape: readonly number[]): Tensor {
    return { place, shape };
  }

  /** Adds an operation whose result is `output`. */
  add(operation: Operation, output: Place, reads: readonly Place[]): void {
    for (const place of reads) this.#keep(place);
    if (reads.every((place) => !this.#writers.has(place)) && !this.#writers.has(output)) {
      this.#early.push(operation);
      return;
    }
    this.#writers.set(output, this.#operations.push(operation) - 1);
  }

  /** Somebody reads the place from memory. */
  #keep(place: Place): void {
    const writer = this.#writers.get(place);
    if (writer === undefined) return;
    const step = expressionOf(this.#operations[writer])?.steps.find(({ output }) => output === place);
    if (step) step.kept = true;
  }

  /** An operation on elements, which are broadcast to `shape`. */
  elementwise(
    operation: Elementwise,
    inputs: readonly Tensor[],
    shape: readonly number[],
    parameters: readonly number[] = [],
  ): Tensor {
    const size = volume(shape);
    let columns: number | undefined;
    const operands = inputs.map((input) => {
      const spread = this.#spread(input, shape, columns);
      columns ??= spread.columns;
      return spread;
    });
    const expression = this.#expressionFor(
      operands.map(({ place }) => place),
      size,
      columns,
    );
    const registers = operands.map(({ place, spread }) => this.#register(expression, place, spread));
    const output = new Place(size);
    expression.steps.push({ operation, inputs: registers, parameters, output, kept: false });
    this.#writers.set(output, this.#indexOf(expression));
    return { place: output, shape };
  }

  readonly #owners = new Map<Expression, number>();

  #indexOf(expression: Expression): number {
    return this.#owners.get(expression)!;
  }

  /** The expression that computes what is ready last of the inputs, if the operation can join it; else a new one. */
  #expressionFor(inputs: readonly Place[], size: number, columns: number | undefined): Expression {
    const last = Math.max(...inputs.map((place) => this.#writers.get(place) ?? -1));
    const expression = last < 0 ? undefined : expressionOf(this.#operations[last]);
    if (expression && expression.rows * expression.columns === size) {
      const room = expression.operands.length + expression.steps.length + inputs.length < mostRegisters;
      if (room && (columns === undefined || expression.columns === columns)) return expression;
      if (room && isWholeRows(this.#operations[last], columns!) && this.#undivided.delete(expression)) {
        expression.rows = size / columns!;
        expression.columns = columns!;
        return expression;
      }
    }
    const made: Expression = { rows: size / (columns ?? size), columns: columns ?? size, operands: [], steps: [] };
    if (columns === undefined) this.#undivided.add(made);
    this.#owners.set(made, this.#operations.push({ kind: 'elements', expression: made }) - 1);
    return made;
  }

  #register({ operands, steps, rows, columns }: Expression, place: Place, spread: Spread): number {
    const step = steps.findIndex(({ output }) => output === place);
    if (step >= 0) return ofStep(step);
    this.#keep(place);
    const known = operands.findIndex((operand) => operand.place === place && operand.spread === spread);
    if (known >= 0) return known;
    if (place.size > rows * columns) throw new Error('an operand that is larger than the result');
    return operands.push({ place, spread }) - 1;
  }

  /** How a tensor meets elements of `shape`; what can't be met in a simple way is written out first. */
  #spread(tensor: Tensor, shape: readonly number[], wanted: number | undefined): Operand {
    const size = volume(shape);
    const { place } = tensor;
    if (place.size === size) return { place, spread: 'whole' };
    if (place.size === 1) return { place, spread: 'number' };
    const padded = [...Array(shape.length - Math.min(shape.length, tensor.shape.length)).fill(1), ...tensor.shape];
    // axes from the first to the last that the tensor itself has
    const own = padded.flatMap((length, axis) => (length === 1 ? [] : [axis]));
    const [first, last] = [own[0], own[own.length - 1]];
    const filled = padded.slice(first, last + 1).every((length, i) => length === shape[first + i]);
    const before = volume(shape.slice(0, first));
    const after = volume(shape.slice(last + 1));
    if (filled && after === 1) {
      // so many that a sample is some whole rows, too
      const rows = shape.length > 2 ? before / shape[0] : before;
      const repeats = place.size < shortRow && !this.#isProduct(size, place.size) ? repeatsOf(rows, place.size) : 1;
      const columns = place.size * repeats;
      if (wanted === undefined || wanted === columns) {
        return { place: this.#repeat(place, repeats), spread: 'row', columns };
      }
    }
    if (filled && before === 1 && (after >= shortRow || place.size <= shortRow)) {
      if (wanted === undefined || wanted === after) return { place, spread: 'column', columns: after };
    }
    return { place: this.broadcast(tensor, shape).place, spread: 'whole' };
  }

  /** Whether the result would be that of a product, whose rows are worked off one by one anyway. */
  #isProduct(size: number, columns: number): boolean {
    const last = this.#operations.at(-1);
    return last?.kind === 'product' && last.columns === columns && last.rows * columns === size;
  }

  /** A row several times in a row. */
  #repeat(place: Place, times: number): Place {
    if (times === 1) return place;
    const key = `${this.#idOf(place)}/${times}`;
    const known = this.#repeated.get(key);
    if (known) return known;
    const output = new Place(place.size * times);
    this.copy(place, output, [times, place.size], [0, 1], [place.size, 1]);
    this.#repeated.set(key, output);
    return output;
  }

  readonly #ids = new Map<Place, number>();

  #idOf(place: Place): number {
    const known = this.#ids.get(place) ?? this.#ids.size;
    this.#ids.set(place, known);
    return known;
  }

  broadcast(tensor: Tensor, shape: readonly number[]): Tensor {
    const padded = [...Array(shape.length - tensor.shape.length).fill(1), ...tensor.shape];
    const strides = stridesOf(padded).map((stride, axis) => (padded[axis] === 1 ? 0 : stride));
    const output = new Place(volume(shape));
    this.copy(tensor.place, output, shape, strides, stridesOf(shape));
    return { place: output, shape };
  }

  /** Elements of `shape` from places with strides to places with strides. */
  copy(
    x: Place,
    output: Place,
    shape: readonly number[],
    from: readonly number[],
    to: readonly number[],
    fromOffset = 0,
    toOffset = 0,
  ): void {
    if (volume(shape) === 0) return;
    const axes = joinedAxes(shape, from, to);
    if (axes.length > copiedAxes) throw new Error(`an array of ${shape.length} axes`);
    while (axes.length < copiedAxes) axes.unshift({ size: 1, from: 0, to: 0 });
    // pieces are those of the first axis
    const parallel = axes.findIndex(({ size }) => size > 1);
    if (parallel > 0 && parallel < copiedAxes - 1) axes.unshift(...axes.splice(parallel, 1));
    const operation: Operation = {
      kind: 'copy',
      x,
      output,
      shape: axes.map(({ size }) => size),
      from: axes.map((axis) => axis.from),
      to: axes.map((axis) => axis.to),
      fromOffset,
      toOffset,
    };
    this.add(operation, output, [x]);
  }

  /**
   * [rows, depth] times [depth, columns]
   *
   * @param target where it is to be written; else it gets a place of its own, and operations on elements may follow in it
   */
  product(
    a: Matrix,
    b: Matrix,
    [rows, columns, depth]: readonly [number, number, number],
    target?: { place: Place; offset: number },
  ): Tensor {
    const output = target?.place ?? new Place(rows * columns);
    const after: Expression = { rows, columns, operands: [], steps: [] };
    for (const { place } of [a, b]) this.#keep(place);
    const outputOffset = target?.offset ?? 0;
    const operation: Operation = { kind: 'product', a, b, output, outputOffset, rows, columns, depth, after };
    const index = this.#operations.push(operation) - 1;
    this.#owners.set(after, index);
    this.#writers.set(output, index);
    return { place: output, shape: [rows, columns] };
  }

  /** A convolution, or the gradient of its input (`isGradient`), from a filter as the program has it. */
  convolution(geometry: Geometry, isGradient: boolean, x: Place, filter: Place, shape: readonly number[]): Tensor {
    const prepared = new Place(this.#memory.preparedFilterSize(geometry, isGradient));
    this.add({ kind: 'prepareFilter', geometry, forGradient: isGradient, filter, output: prepared }, prepared, [
      filter,
    ]);
    const output = new Place(volume(shape));
    const after: Expression = { rows: 1, columns: output.size, operands: [], steps: [] };
    this.#keep(x);
    const index =
      this.#operations.push({ kind: 'convolution', geometry, isGradient, x, filter: prepared, output, after }) - 1;
    this.#owners.set(after, index);
    this.#undivided.add(after);
    this.#writers.set(output, index);
    return { place: output, shape };
  }

  /** Along axes, which are left out of the result's shape. */
  reduce(reduction: Reduction, x: Tensor, axes: readonly number[], scale = 1): Tensor {
    const kept = x.shape.filter((_, axis) => !axes.includes(axis));
    const count = volume(axes.map((axis) => x.shape[axis]));
    const first = Math.min(...axes);
    const isRun = axes.length === Math.max(...axes) - first + 1;
    const inner = isRun ? volume(x.shape.slice(first + axes.length)) : 1;
    const ordered = isRun
      ? x
      : this.transpose(
          x,
          [...x.shape.keys()].sort((p, q) => Number(axes.includes(p)) - Number(axes.includes(q)) || p - q),
        );
    const outer = x.place.size / count / inner;
    // few results of many elements: parts of them first, in pieces that threads can share
    const parts = outer * inner < 256 && count >= 4096 && outer === 1 ? divisorOf(count, 64) : 1;
    if (parts > 1) {
      const partial = this.#reduced(reduction, ordered.place, [parts, count / parts, inner], 1);
      return { place: this.#reduced(reduction, partial, [1, parts, inner], scale), shape: kept };
    }
    return { place: this.#reduced(reduction, ordered.place, [outer, count, inner], scale), shape: kept };
  }

  #reduced(reduction: Reduction, x: Place, along: readonly [number, number, number], scale: number): Place {
    const output = new Place(along[0] * along[2]);
    this.add({ kind: 'reduce', reduction, x, along, output, scale }, output, [x]);
    return output;
  }

  transpose({ place, shape }: Tensor, order: readonly number[]): Tensor {
    const strides = stridesOf(shape);
    const turned = order.map((axis) => shape[axis]);
    const output = new Place(place.size);
    this.copy(
      place,
      output,
      turned,
      order.map((axis) => strides[axis]),
      stridesOf(turned),
    );
    return { place: output, shape: turned };
  }
}

interface Operand {
  readonly place: Place;
  readonly spread: Spread;
  readonly columns?: number;
}

/** Whether every sample of a convolution's result is some whole rows. */
function isWholeRows(operation: Operation, columns: number): boolean {
  return operation.kind !== 'convolution' || (operation.output.size / operation.geometry.batchSize) % columns === 0;
}

/** The expression that operations on elements of the same shape can join. */
function expressionOf(operation: Operation): Expression | undefined {
  if (operation.kind === 'elements') return operation.expression;
  if (operation.kind === 'convolution') return operation.after;
  // what is only a part of its place is not whole before the last part is there
  const isWhole = operation.kind === 'product' && operation.output.size === operation.rows * operation.columns;
  return isWhole ? operation.after : undefined;
}

/** How often a short row is to be written beside itself, so that rows are long and still divide the whole. */
function repeatsOf(rows: number, columns: number): number {
  let best = 1;
  for (let times = 2; times * columns <= pieceSize && times <= rows; times++) if (rows % times === 0) best = times;
  return best;
}

/** The largest divisor up to `most`. */
function divisorOf(n: number, most: number): number {
  for (let divisor = most; divisor > 1; divisor--) if (n % divisor === 0) return divisor;
  return 1;
}

export function stridesOf(shape: readonly number[]): number[] {
  const strides = Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Axes that lie one behind the other in both places are one. */
function joinedAxes(shape: readonly number[], from: readonly number[], to: readonly number[]) {
  const axes: { size: number; from: number; to: number }[] = [];
  shape.forEach((size, i) => {
    if (size === 1) return;
    const before = axes.at(-1);
    if (before && before.from === from[i] * size && before.to === to[i] * size) {
      axes[axes.length - 1] = { size: before.size * size, from: from[i], to: to[i] };
    } else {
      axes.push({ size, from: from[i], to: to[i] });
    }
  });
  return axes;
}

/**
 * A product or convolution that only its own expression reads is written where one of the expression's results goes: one
 * piece of memory instead of two.
 */
function inPlace(operation: Operation, readers: ReadonlyMap<Place, number>): Operation {
  if (operation.kind !== 'product' && operation.kind !== 'convolution') return operation;
  const { output, after } = operation;
  const register = after.operands.findIndex(({ place }) => place === output);
  if (output.memory || register < 0 || readers.get(output) !== 1) return operation;
  const lastRead = after.steps.findLastIndex(({ inputs }) => inputs.includes(register));
  const instead = after.steps.find(({ kept }, i) => kept && i >= lastRead)?.output;
  if (!instead) return operation;
  const operands = after.operands.with(register, { place: instead, spread: 'whole' });
  return { ...operation, output: instead, after: { ...after, operands } };
}
