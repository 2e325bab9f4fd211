/** How the kernels of tfjs are lowered to ours. */
import * as tf from '@tensorflow/tfjs';
import type { Node, Program } from '../program/program.ts';
import { axesOf, convolution, pooling, strideInfo } from '../program/shapes.ts';
import { NotCompilable } from '../program/trace.ts';
import { volume } from '../training/types.ts';
import { Lowering, type Memory, stridesOf, type Tensor } from './lowering.ts';
import type { Elementwise, Matrix, Operation, poolings, Reduction } from './operations.ts';

type Rule = (lowering: Lowering, node: Node) => void;

/**
 * A program's operations, in their order.
 *
 * @throws NotCompilable if one of its nodes is not among what our kernels do
 */
export function lower(program: Program, memory: Memory): Operation[] {
  const lowering = new Lowering(program, memory);
  for (const node of program.nodes) {
    const rule = rules[node.kernel];
    if (!rule) throw new NotCompilable(`our own kernels do not know the operation ${node.kernel}`);
    try {
      rule(lowering, node);
    } catch (error) {
      throw new NotCompilable(`our own kernels can't do ${node.kernel} here: ${(error as Error).message}`);
    }
  }
  return lowering.finish();
}

const named = (node: Node) => node.inputs as Record<string, number>;

/** tfjs kernels of one input by what they do to each element. */
const unary: Record<string, Elementwise> = {
  Abs: 'absolute',
  Acos: 'acos',
  Acosh: 'acosh',
  Asin: 'asin',
  Asinh: 'asinh',
  Atan: 'atan',
  Atanh: 'atanh',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Elu: 'elu',
  Erf: 'erf',
  Exp: 'exponential',
  Expm1: 'expm1',
  Floor: 'floor',
  IsFinite: 'isFinite',
  IsInf: 'isInf',
  IsNan: 'isNan',
  Log: 'logarithm',
  Log1p: 'log1p',
  LogicalNot: 'logicalNot',
  Neg: 'negate',
  Reciprocal: 'reciprocal',
  Relu: 'relu',
  Relu6: 'relu6',
  Round: 'round',
  Rsqrt: 'reciprocalRoot',
  Selu: 'selu',
  Sigmoid: 'sigmoid',
  Sign: 'sign',
  Sin: 'sin',
  Sinh: 'sinh',
  Softplus: 'softplus',
  Sqrt: 'squareRoot',
  Square: 'square',
  Tan: 'tan',
  Tanh: 'tanh',
};

/** tfjs kernels of two inputs, a and b. */
const binary: Record<string, Elementwise> = {
  Add: 'add',
  Atan2: 'arcTangent2',
  Equal: 'equal',
  FloorDiv: 'floorDivide',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
  Less: 'less',
  LessEqual: 'lessEqual',
  LogicalAnd: 'logicalAnd',
  LogicalOr: 'logicalOr',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Mod: 'modulo',
  Multiply: 'multiply',
  NotEqual: 'notEqual',
  Pow: 'power',
  RealDiv: 'divide',
  SquaredDifference: 'squaredDifference',
  Sub: 'subtract',
};

const onEach =
  (operation: Elementwise, names: readonly string[], parameters: (node: Node) => number[] = () => []): Rule =>
  (lowering, node) => {
    const inputs = names.map((name) => lowering.get(named(node)[name]));
    const [output] = node.outputs;
    lowering.set(output, lowering.elementwise(operation, inputs, lowering.shape(output), parameters(node)));
  };

const select: Rule = (lowering, node) => {
  const { condition, t, e } = named(node);
  const [output] = node.outputs;
  const shape = lowering.shape(output);
  let chosen = lowering.get(condition);
  // a vector chooses whole rows
  if (chosen.shape.length === 1 && shape.length > 1) {
    chosen = lowering.reshaped(
      chosen,
      shape.map((size, axis) => (axis === 0 ? size : 1)),
    );
  }
  const inputs = [chosen, lowering.get(t), lowering.get(e)];
  lowering.set(output, lowering.elementwise('select', inputs, shape));
};

const cast: Rule = (lowering, node) => {
  const { x } = named(node);
  const [output] = node.outputs;
  const [from, to] = [lowering.value(x).dtype, lowering.value(output).dtype];
  const input = lowering.get(x);
  if (to === 'bool' && from !== 'bool') lowering.set(output, lowering.elementwise('truth', [input], input.shape));
  else if (to === 'int32' && from === 'float32') {
    lowering.set(output, lowering.elementwise('truncate', [input], input.shape));
  } else lowering.set(output, input);
};

const addAll: Rule = (lowering, node) => {
  const [first, ...rest] = (node.inputs.list as number[]).map((id) => lowering.get(id));
  const sum = rest.reduce((total, next) => lowering.elementwise('add', [total, next], first.shape), first);
  lowering.set(node.outputs[0], sum);
};

const activations: Record<string, Elementwise> = {
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  elu: 'elu',
  tanh: 'tanh',
  leakyrelu: 'leakyRelu',
};

/** What a fused kernel does after its product or convolution. */
function finish(lowering: Lowering, node: Node, result: Tensor): void {
  const [output] = node.outputs;
  const shape = lowering.shape(output);
  const { bias, preluActivationWeights } = named(node);
  let x = lowering.reshaped(result, shape);
  if (bias !== undefined) x = lowering.elementwise('add', [x, lowering.get(bias)], shape);
  const activation = node.attributes.activation as string | undefined;
  if (activation === 'prelu') {
    x = lowering.elementwise('prelu', [x, lowering.get(preluActivationWeights)], shape);
  } else if (activation && activation !== 'linear') {
    const operation = activations[activation];
    if (!operation) throw new Error(`the activation ${activation}`);
    x = lowering.elementwise(operation, [x], shape, [Number(node.attributes.leakyreluAlpha ?? 0)]);
  }
  lowering.set(output, x);
}

/** More products than this of small matrices are better left to others. */
const mostProducts = 256;

const product: Rule = (lowering, node) => {
  const a = lowering.get(named(node).a);
  const b = lowering.get(named(node).b);
  const { transposeA, transposeB } = node.attributes;
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const columns = transposeB ? bRows : bColumns;
  const matrix = ({ place }: Tensor, width: number, turned: unknown, offset: number): Matrix => ({
    place,
    offset,
    strides: turned ? [1, width] : [width, 1],
  });
  const sizes = [rows, columns, depth] as const;
  const [left, right] = [a, b].map(({ shape }) => shape.slice(0, -2));
  if (volume(left) === 1 && volume(right) === 1) {
    const result = lowering.product(matrix(a, aColumns, transposeA, 0), matrix(b, bColumns, transposeB, 0), sizes);
    finish(lowering, node, result);
    return;
  }
  const count = Math.max(volume(left), volume(right));
  const alike = [left, right].every((batch) => volume(batch) === count || volume(batch) === 1);
  if (!alike || count > mostProducts) throw new Error(`${count} products of matrices`);
  const whole = lowering.fresh(lowering.shape(node.outputs[0]));
  for (let i = 0; i < count; i++) {
    const of = (x: Tensor, batch: readonly number[]) => (volume(batch) === 1 ? 0 : (i * x.place.size) / count);
    lowering.product(
      matrix(a, aColumns, transposeA, of(a, left)),
      matrix(b, bColumns, transposeB, of(b, right)),
      sizes,
      { place: whole.place, offset: i * rows * columns },
    );
  }
  finish(lowering, node, whole);
};

const reduction =
  (kind: Reduction, isMean = false): Rule =>
  (lowering, node) => {
    const x = lowering.get(named(node).x);
    const { axis, reductionIndices } = node.attributes;
    const axes = axesOf(reductionIndices ?? axis, x.shape.length);
    const [output] = node.outputs;
    const scale = isMean ? 1 / volume(axes.map((a) => x.shape[a])) : 1;
    lowering.set(output, axes.length === 0 ? x : lowering.reduce(kind, x, axes, scale));
  };

const softmax =
  (logarithmic: boolean): Rule =>
  (lowering, node) => {
    const x = lowering.get(named(node).logits);
    const { shape } = x;
    const last = shape.length - 1;
    const perRow = shape.with(last, 1);
    const largest = lowering.reshaped(lowering.reduce('maximum', x, [last]), perRow);
    const centred = lowering.elementwise('subtract', [x, largest], shape);
    const powers = lowering.elementwise('exponential', [centred], shape);
    const sum = lowering.reshaped(lowering.reduce('sum', powers, [last]), perRow);
    const result = logarithmic
      ? lowering.elementwise('subtract', [centred, lowering.elementwise('logarithm', [sum], perRow)], shape)
      : lowering.elementwise('divide', [powers, sum], shape);
    lowering.set(node.outputs[0], result);
  };

/** A part of x: where it begins, and its shape. */
function sliced(lowering: Lowering, x: Tensor, begin: readonly number[], shape: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  const offset = begin.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  const output = lowering.fresh(shape);
  lowering.copy(x.place, output.place, shape, strides, stridesOf(shape), offset);
  return output;
}

/** Writes x into a part of a larger place. */
function placed(lowering: Lowering, x: Tensor, target: Tensor, begin: readonly number[]): void {
  const strides = stridesOf(target.shape);
  const offset = begin.reduce((sum, start, axis) => sum + start * strides[axis], 0);
  lowering.copy(x.place, target.place, x.shape, stridesOf(x.shape), strides, 0, offset);
}

const slice: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const { begin, size } = node.attributes as { begin: number[]; size: number[] };
  const [start, shape] = tf.slice_util.parseSliceParams(
    { shape: [...x.shape], rank: x.shape.length } as tf.Tensor,
    begin,
    size,
  );
  lowering.set(node.outputs[0], sliced(lowering, x, start, shape));
};

const stridedSlice: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const info = strideInfo(x.shape, node.attributes);
  const own = stridesOf(x.shape);
  const offset = info.begin.reduce((sum, start, axis) => sum + start * own[axis], 0);
  const output = lowering.fresh(info.finalShapeSparse);
  const from = own.map((stride, axis) => stride * info.strides[axis]);
  lowering.copy(x.place, output.place, output.shape, from, stridesOf(output.shape), offset);
  lowering.set(node.outputs[0], output);
};

const reverse: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const axes = axesOf(node.attributes.dims, x.shape.length);
  const strides = stridesOf(x.shape);
  const from = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
  const offset = axes.reduce((sum, axis) => sum + strides[axis] * (x.shape[axis] - 1), 0);
  const output = lowering.fresh(x.shape);
  lowering.copy(x.place, output.place, x.shape, from, strides, offset);
  lowering.set(node.outputs[0], output);
};

const split: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const [axis] = axesOf(node.attributes.axis, x.shape.length);
  let start = 0;
  for (const output of node.outputs) {
    const shape = lowering.shape(output);
    lowering.set(
      output,
      sliced(
        lowering,
        x,
        x.shape.map((_, a) => (a === axis ? start : 0)),
        shape,
      ),
    );
    start += shape[axis];
  }
};

const unpack: Rule = (lowering, node) => {
  const x = lowering.get(named(node).value);
  const [axis] = axesOf(node.attributes.axis, x.shape.length);
  node.outputs.forEach((output, i) => {
    const begin = x.shape.map((_, a) => (a === axis ? i : 0));
    lowering.set(output, sliced(lowering, x, begin, x.shape.with(axis, 1)));
  });
};

const concatenate: Rule = (lowering, node) => {
  const [output] = node.outputs;
  const whole = lowering.fresh(lowering.shape(output));
  const list = (node.inputs.list as number[]).map((id) => lowering.get(id));
  const [axis] = axesOf(node.attributes.axis, whole.shape.length);
  let start = 0;
  for (const part of list) {
    placed(
      lowering,
      part,
      whole,
      whole.shape.map((_, a) => (a === axis ? start : 0)),
    );
    start += part.shape[axis];
  }
  lowering.set(output, whole);
};

const pack: Rule = (lowering, node) => {
  const [output] = node.outputs;
  const whole = lowering.fresh(lowering.shape(output));
  const [axis] = axesOf(node.attributes.axis, whole.shape.length);
  (node.inputs.list as number[]).forEach((id, i) => {
    const part = lowering.reshaped(lowering.get(id), whole.shape.with(axis, 1));
    placed(
      lowering,
      part,
      whole,
      whole.shape.map((_, a) => (a === axis ? i : 0)),
    );
  });
  lowering.set(output, whole);
};

const pad: Rule = (lowering, node) => {
  const [output] = node.outputs;
  const { paddings, constantValue } = node.attributes as { paddings: [number, number][]; constantValue: number };
  const whole = lowering.broadcast(lowering.number(constantValue ?? 0), lowering.shape(output));
  placed(
    lowering,
    lowering.get(named(node).x),
    whole,
    paddings.map(([before]) => before),
  );
  lowering.set(output, whole);
};

const tile: Rule = (lowering, node) => {
  const x = lowering.get(named(node).x);
  const [output] = node.outputs;
  const reps = node.attributes.reps as number[];
  const strides = stridesOf(x.shape);
  const shape = x.shape.flatMap((size, axis) => [reps[axis], size]);
  const whole = lowering.fresh(lowering.shape(output));
  const from = strides.flatMap((stride) => [0, stride]);
  lowering.copy(x.place, whole.place, shape, from, stridesOf(shape));
  lowering.set(output, whole);
};

const normalize: Rule = (lowering, node) => {
  const { x, mean, variance, scale, offset } = named(node);
  const input = lowering.get(x);
  const { shape } = input;
  const per = (operation: Elementwise, a: Tensor, b: Tensor) => lowering.elementwise(operation, [a, b], a.shape);
  const epsilon = lowering.number(Number(node.attributes.varianceEpsilon));
  const spread = per('add', lowering.get(variance), epsilon);
  let factor = lowering.elementwise('reciprocalRoot', [spread], spread.shape);
  if (scale !== undefined) factor = per('multiply', factor, lowering.get(scale));
  const centred = lowering.elementwise('subtract', [input, lowering.get(mean)], shape);
  let result = lowering.elementwise('multiply', [centred, factor], shape);
  if (offset !== undefined) result = lowering.elementwise('add', [result, lowering.get(offset)], shape);
  lowering.set(node.outputs[0], result);
};

const same =
  (name: string): Rule =>
  (lowering, node) =>
    lowering.set(node.outputs[0], lowering.get(named(node)[name]));

const convolve: Rule = (lowering, node) => {
  const [x, filter] = [lowering.get(named(node).x), lowering.get(named(node).filter)];
  const geometry = convolution(x.shape, filter.shape, node.attributes);
  const shape = lowering.shape(node.outputs[0]);
  finish(lowering, node, lowering.convolution(geometry, false, x.place, filter.place, shape));
};

/** Also what a transposed convolution computes. */
const inputGradient: Rule = (lowering, node) => {
  const [dy, filter] = [lowering.get(named(node).dy), lowering.get(named(node).filter)];
  const shape = node.attributes.inputShape as number[];
  const geometry = convolution(shape, filter.shape, node.attributes);
  lowering.set(node.outputs[0], lowering.convolution(geometry, true, dy.place, filter.place, shape));
};

/** Parts of the samples that a filter's gradient is summed over in; each needs memory of the filter's size. */
const filterParts = (batch: number, size: number) => Math.min(batch, size > 16384 ? 4 : 16);

const filterGradient: Rule = (lowering, node) => {
  const [x, dy] = [lowering.get(named(node).x), lowering.get(named(node).dy)];
  const shape = node.attributes.filterShape as number[];
  const geometry = convolution(x.shape, shape, node.attributes);
  const parts = filterParts(geometry.batchSize, volume(shape));
  const partial = lowering.fresh([parts, ...shape]);
  const output = partial.place;
  lowering.add({ kind: 'filterGradient', geometry, x: x.place, dy: dy.place, output, parts }, output, [
    x.place,
    dy.place,
  ]);
  const sum = parts === 1 ? partial : lowering.reduce('sum', partial, [0]);
  lowering.set(node.outputs[0], sum);
};

const pool =
  (kind: (typeof poolings)[number]): Rule =>
  (lowering, node) => {
    const { x, input, output: result, dy } = named(node);
    const place = (id: number | undefined) => (id === undefined ? undefined : lowering.get(id).place);
    const geometry = pooling(lowering.shape(x ?? input), node.attributes);
    const given = { x: place(x ?? input), y: place(result), dy: place(dy) };
    const output = lowering.fresh(lowering.shape(node.outputs[0]));
    const reads = Object.values(given).filter((one) => one !== undefined);
    lowering.add({ kind: 'pool', geometry, pooling: kind, ...given, output: output.place }, output.place, reads);
    lowering.set(node.outputs[0], output);
  };

const enlarge =
  (isGradient: boolean): Rule =>
  (lowering, node) => {
    const { images, dy } = named(node);
    if (node.attributes.alignCorners || node.attributes.halfPixelCenters) throw new Error('resizing in another mode');
    const [batch, height, width, channels] = lowering.shape(images);
    const [, tall, wide] = lowering.shape(isGradient ? dy : node.outputs[0]);
    if (tall % height !== 0 || wide % width !== 0) throw new Error('resizing by a fraction');
    const x = lowering.get(isGradient ? dy : images).place;
    const output = lowering.fresh(lowering.shape(node.outputs[0]));
    const sizes = [batch, height, width, channels] as const;
    const factors = [tall / height, wide / width] as const;
    lowering.add({ kind: 'enlarge', sizes, factors, isGradient, x, output: output.place }, output.place, [x]);
    lowering.set(node.outputs[0], output);
  };

const range: Rule = (lowering, node) => {
  const [output] = node.outputs;
  const shape = lowering.shape(output);
  const { start, step } = node.attributes as { start: number; step: number };
  lowering.set(
    output,
    lowering.constant(
      Float32Array.from({ length: volume(shape) }, (_, i) => start + i * step),
      shape,
    ),
  );
};

const rules: Record<string, Rule> = {
  Range: range,
  ...Object.fromEntries(Object.entries(unary).map(([kernel, operation]) => [kernel, onEach(operation, ['x'])])),
  ...Object.fromEntries(Object.entries(binary).map(([kernel, operation]) => [kernel, onEach(operation, ['a', 'b'])])),
  Step: onEach('step', ['x'], ({ attributes }) => [Number(attributes.alpha ?? 0)]),
  LeakyRelu: onEach('leakyRelu', ['x'], ({ attributes }) => [Number(attributes.alpha ?? 0.2)]),
  ClipByValue: onEach('clip', ['x'], ({ attributes: { clipValueMin, clipValueMax } }) => [
    Number(clipValueMin),
    Number(clipValueMax),
  ]),
  Prelu: onEach('prelu', ['x', 'alpha']),
  EluGrad: onEach('eluGradient', ['dy', 'y']),
  Select: select,
  Cast: cast,
  AddN: addAll,
  BatchMatMul: product,
  _FusedMatMul: product,
  Sum: reduction('sum'),
  Mean: reduction('sum', true),
  Max: reduction('maximum'),
  Min: reduction('minimum'),
  Prod: reduction('product'),
  All: reduction('minimum'),
  Any: reduction('maximum'),
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
  Reshape: same('x'),
  ExpandDims: same('input'),
  Transpose: (lowering, node) =>
    lowering.set(node.outputs[0], lowering.transpose(lowering.get(named(node).x), node.attributes.perm as number[])),
  BroadcastTo: (lowering, node) =>
    lowering.set(node.outputs[0], lowering.broadcast(lowering.get(named(node).x), lowering.shape(node.outputs[0]))),
  Slice: slice,
  StridedSlice: stridedSlice,
  Reverse: reverse,
  SplitV: split,
  Unpack: unpack,
  Concat: concatenate,
  Pack: pack,
  PadV2: pad,
  Tile: tile,
  FusedBatchNorm: normalize,
  Conv2D: convolve,
  FusedConv2D: convolve,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
  MaxPool: pool('maximum'),
  MaxPoolGrad: pool('maximumGradient'),
  AvgPool: pool('average'),
  AvgPoolGrad: pool('averageGradient'),
  ResizeNearestNeighbor: enlarge(false),
  ResizeNearestNeighborGrad: enlarge(true),
};
