/**
 * What the kernels compute: operations on places in memory, in the order in which they run, and how they are written for
 * native/plan.h to read.
 */

/** A run of floats: memory of somebody's, or a part of the plan's own that is found once it is known who else needs it. */
export class Place {
  readonly size: number;
  memory: Float32Array | undefined;

  constructor(size: number, memory?: Float32Array) {
    this.size = size;
    this.memory = memory;
  }
}

/** Operations on elements, numbered as in native/expression.h. */
export const elementwise = [
  ...['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum', 'squaredDifference', 'power', 'floorDivide'],
  ...['modulo', 'equal', 'notEqual', 'greater', 'greaterEqual', 'less', 'lessEqual', 'logicalAnd', 'logicalOr'],
  ...['eluGradient', 'prelu', 'arcTangent2', 'select', 'negate', 'absolute', 'square', 'squareRoot'],
  ...['reciprocalRoot', 'exponential', 'logarithm', 'sigmoid', 'tanh', 'relu', 'step', 'relu6', 'leakyRelu', 'elu'],
  ...['selu', 'softplus', 'log1p', 'expm1', 'reciprocal', 'sign', 'floor', 'ceil', 'round', 'clip', 'erf'],
  ...['logicalNot', 'isNan', 'isInf', 'isFinite', 'truncate', 'truth', 'identity', 'sin', 'cos', 'tan', 'asin'],
  ...['acos', 'atan', 'sinh', 'cosh', 'asinh', 'acosh', 'atanh'],
] as const;
export type Elementwise = (typeof elementwise)[number];

/** How an operand of an expression meets its rows and columns, numbered as in native/expression.h. */
export const spreads = ['whole', 'row', 'column', 'number'] as const;
export type Spread = (typeof spreads)[number];

/** How the result of an expression's step is meant where operands are meant by their place, from 0 up; its own inverse. */
export const ofStep = (step: number): number => -1 - step;

/** One operation of an expression. */
export interface Step {
  readonly operation: Elementwise;
  /** Operands, or results of earlier steps (`ofStep`). */
  readonly inputs: readonly number[];
  /** Numbers that belong to the operation: a slope, limits. */
  readonly parameters: readonly number[];
  readonly output: Place;
  /** Whether others than the expression read the output. */
  kept: boolean;
}

/** Operations on each element of [rows, columns]. */
export interface Expression {
  rows: number;
  columns: number;
  readonly operands: { readonly place: Place; readonly spread: Spread }[];
  readonly steps: Step[];
}

export const reductions = ['sum', 'product', 'maximum', 'minimum'] as const;
export type Reduction = (typeof reductions)[number];
export const optimizers = ['adam', 'sgd', 'momentum', 'rmsprop'] as const;

export interface Matrix {
  readonly place: Place;
  readonly offset: number;
  /** From a row to the next, and from a column to the next. */
  readonly strides: readonly [number, number];
}

export interface Geometry {
  readonly batchSize: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padInfo: { readonly top: number; readonly left: number };
}

/** Numbered as in native/operations.h. */
export const poolings = ['maximum', 'maximumGradient', 'average', 'averageGradient'] as const;

/** Weights that learn from a gradient. */
export interface Learning {
  readonly optimizer: (typeof optimizers)[number];
  readonly weights: Place;
  readonly slots: readonly Place[];
  /** Rate and epsilon. */
  readonly settings: Place;
}

export type Operation =
  | {
      readonly kind: 'product';
      readonly a: Matrix;
      readonly b: Matrix;
      /** [rows, columns] from `outputOffset` on */
      readonly output: Place;
      readonly outputOffset: number;
      readonly rows: number;
      readonly columns: number;
      readonly depth: number;
      readonly after: Expression;
      /** What learns from the result, which is written nowhere then. */
      readonly learning?: Learning;
    }
  | { readonly kind: 'elements'; readonly expression: Expression }
  | {
      readonly kind: 'reduce';
      readonly reduction: Reduction;
      /** [outer, size, inner] */
      readonly x: Place;
      readonly along: readonly [outer: number, size: number, inner: number];
      /** [outer, inner] */
      readonly output: Place;
      readonly scale: number;
    }
  | {
      readonly kind: 'copy';
      readonly x: Place;
      readonly output: Place;
      /** Six axes: sizes, and strides and first places of both. */
      readonly shape: readonly number[];
      readonly from: readonly number[];
      readonly to: readonly number[];
      readonly fromOffset: number;
      readonly toOffset: number;
    }
  | {
      readonly kind: 'prepareFilter';
      readonly geometry: Geometry;
      readonly forGradient: boolean;
      readonly filter: Place;
      readonly output: Place;
    }
  | {
      readonly kind: 'convolution';
      readonly geometry: Geometry;
      /** Whether it is the gradient of a convolution's input, from that of its result. */
      readonly isGradient: boolean;
      readonly x: Place;
      readonly filter: Place;
      readonly output: Place;
      readonly after: Expression;
    }
  | {
      readonly kind: 'filterGradient';
      readonly geometry: Geometry;
      readonly x: Place;
      readonly dy: Place;
      /** [parts, filter], each over some of the samples */
      readonly output: Place;
      readonly parts: number;
    }
  | {
      readonly kind: 'pool';
      readonly geometry: Geometry;
      readonly pooling: (typeof poolings)[number];
      readonly x?: Place;
      readonly y?: Place;
      readonly dy?: Place;
      readonly output: Place;
    }
  | {
      /** Places of images that are repeated, or sums over what became of them. */
      readonly kind: 'enlarge';
      readonly sizes: readonly [batch: number, height: number, width: number, channels: number];
      readonly factors: readonly [down: number, across: number];
      readonly isGradient: boolean;
      readonly x: Place;
      readonly output: Place;
    }
  | {
      /** Rows of data that is given at every run. */
      readonly kind: 'gather';
      readonly source: number;
      readonly output: Place;
      readonly rows: number;
      readonly columns: number;
    }
  | {
      readonly kind: 'update';
      readonly learning: Learning;
      readonly gradients: Place;
    };

const learned = ({ weights, slots }: Learning): Place[] => [weights, ...slots];

/** What an operation reads, and what it writes and others may read. */
export function placesOf(operation: Operation): { reads: Place[]; writes: Place[] } {
  const ofExpression = ({ operands, steps }: Expression) => ({
    reads: operands.map(({ place }) => place),
    writes: steps.filter(({ kept }) => kept).map(({ output }) => output),
  });
  switch (operation.kind) {
    case 'product': {
      const { reads, writes } = ofExpression(operation.after);
      return {
        reads: [operation.a.place, operation.b.place, ...reads],
        writes: operation.learning ? learned(operation.learning) : [operation.output, ...writes],
      };
    }
    case 'elements':
      return ofExpression(operation.expression);
    case 'convolution': {
      const { reads, writes } = ofExpression(operation.after);
      return { reads: [operation.x, operation.filter, ...reads], writes: [operation.output, ...writes] };
    }
    case 'prepareFilter':
      return { reads: [operation.filter], writes: [operation.output] };
    case 'filterGradient':
      return { reads: [operation.x, operation.dy], writes: [operation.output] };
    case 'pool': {
      const { x, y, dy, output } = operation;
      return { reads: [x, y, dy].filter((place) => place !== undefined), writes: [output] };
    }
    case 'enlarge':
    case 'reduce':
    case 'copy':
      return { reads: [operation.x], writes: [operation.output] };
    case 'gather':
      return { reads: [], writes: [operation.output] };
    case 'update':
      return { reads: [operation.gradients], writes: learned(operation.learning) };
  }
}

/** A plan in numbers: the operations, and the places that they name by index. */
export interface Encoded {
  readonly words: Int32Array;
  /** No two have the same memory. */
  readonly places: readonly Place[];
}

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

export function encode(operations: readonly Operation[]): Encoded {
  const writer = new Writer();
  for (const operation of operations) writer.operation(operation);
  return writer.encoded();
}

/** In the order of native/convolution.h. */
export function geometryWords(geometry: Geometry): number[] {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } = geometry;
  const images = [batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels];
  const windows = [filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth];
  return [...images, ...windows, padInfo.top, padInfo.left];
}

class Writer {
  readonly #words: number[] = [];
  readonly #places: Place[] = [];
  readonly #indices = new Map<Place | Float32Array, number>();

  encoded(): Encoded {
    return { words: Int32Array.from(this.#words), places: this.#places };
  }

  operation(operation: Operation): void {
    switch (operation.kind) {
      case 'product': {
        const { a, b, output, outputOffset, rows, columns, depth, after, learning } = operation;
        this.#whole(0);
        for (const { place, offset, strides } of [a, b]) {
          this.#place(place);
          this.#whole(offset, ...strides);
        }
        this.#place(learning?.weights ?? output);
        this.#whole(outputOffset, rows, columns, depth);
        this.#expression(after);
        this.#whole(Number(learning !== undefined));
        if (learning) this.#learning(learning);
        break;
      }
      case 'elements':
        this.#whole(1);
        this.#expression(operation.expression);
        break;
      case 'reduce':
        this.#whole(2, reductions.indexOf(operation.reduction), ...operation.along);
        this.#place(operation.x, operation.output);
        this.#real(operation.scale);
        break;
      case 'copy':
        this.#whole(3, ...operation.shape, ...operation.from, ...operation.to);
        this.#place(operation.x);
        this.#whole(operation.fromOffset);
        this.#place(operation.output);
        this.#whole(operation.toOffset);
        break;
      case 'gather':
        this.#whole(4, operation.source);
        this.#place(operation.output);
        this.#whole(operation.rows, operation.columns);
        break;
      case 'update': {
        this.#whole(5);
        this.#learning(operation.learning);
        this.#whole(operation.gradients.size);
        this.#place(operation.gradients);
        break;
      }
      case 'prepareFilter':
        this.#whole(6, ...geometryWords(operation.geometry), Number(operation.forGradient));
        this.#place(operation.filter, operation.output);
        break;
      case 'convolution':
        this.#whole(7, ...geometryWords(operation.geometry), Number(operation.isGradient));
        this.#place(operation.x, operation.filter, operation.output);
        this.#expression(operation.after);
        break;
      case 'filterGradient':
        this.#whole(8, ...geometryWords(operation.geometry), operation.parts);
        this.#place(operation.x, operation.dy, operation.output);
        break;
      case 'pool':
        this.#whole(9, ...geometryWords(operation.geometry), poolings.indexOf(operation.pooling));
        for (const place of [operation.x, operation.y, operation.dy]) {
          if (place) this.#place(place);
          else this.#whole(-1);
        }
        this.#place(operation.output);
        break;
      case 'enlarge':
        this.#whole(10, ...operation.sizes, ...operation.factors, Number(operation.isGradient));
        this.#place(operation.x, operation.output);
        break;
    }
  }

  #learning({ optimizer, weights, slots, settings }: Learning): void {
    this.#whole(optimizers.indexOf(optimizer));
    this.#place(weights, slots[0] ?? weights, slots[1] ?? weights, settings);
  }

  #whole(...words: readonly number[]): void {
    this.#words.push(...words);
  }

  #real(value: number): void {
    float[0] = value;
    this.#words.push(floatBits[0]);
  }

  #place(...places: readonly Place[]): void {
    for (const place of places) {
      const key = place.memory ?? place;
      let index = this.#indices.get(key);
      if (index === undefined) {
        index = this.#places.push(place) - 1;
        this.#indices.set(key, index);
      }
      this.#words.push(index);
    }
  }

  #expression({ rows, columns, operands, steps }: Expression): void {
    this.#whole(rows, columns, operands.length);
    for (const { place, spread } of operands) {
      this.#whole(spreads.indexOf(spread));
      this.#place(place);
    }
    const { slots, count } = slotsOf(steps);
    this.#whole(count, steps.length);
    // registers: first the operands, then the results of the steps
    const registerOf = (input: number) => (input < 0 ? operands.length + ofStep(input) : input);
    steps.forEach(({ operation, inputs, parameters, kept, output }, i) => {
      const [a, b = a, c = b] = inputs.map(registerOf);
      this.#whole(elementwise.indexOf(operation), a, b, c);
      this.#real(parameters[0] ?? 0);
      this.#real(parameters[1] ?? 0);
      this.#whole(slots[i]);
      if (kept) this.#place(output);
      else this.#whole(-1);
    });
  }
}

/** A piece of scratch memory for each step that is not kept, used again when nobody reads it any more. */
function slotsOf(steps: readonly Step[]): { slots: number[]; count: number } {
  const lastRead = new Map<number, number>();
  steps.forEach(({ inputs }, i) => {
    for (const input of inputs) if (input < 0) lastRead.set(ofStep(input), i);
  });
  const slots: number[] = [];
  const free: number[] = [];
  let count = 0;
  steps.forEach(({ inputs, kept }, i) => {
    slots.push(kept ? -1 : (free.pop() ?? count++));
    const done = new Set(inputs.filter((input) => input < 0).map(ofStep));
    if (!lastRead.has(i)) done.add(i);
    for (const step of done) if (slots[step] >= 0 && (lastRead.get(step) ?? i) === i) free.push(slots[step]);
  });
  return { slots, count };
}
