/**
 * Shape and type of what each kernel of tfjs-core gives, from shapes and types alone. A kernel that has no rule here
 * can't be compiled.
 */
import * as tf from '@tensorflow/tfjs';
import { type DataType, volume } from './program.ts';

export interface Type {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}
export type Attributes = Readonly<Record<string, unknown>>;
/** Inputs by name; those of kernels that take a list have it under `list`. */
type Inputs = Readonly<Record<string, Type>> & { readonly list: readonly Type[] };
type Rule = (inputs: Inputs, attributes: Attributes) => Type | Type[];

const rules = new Map<string, Rule>();

function rule(kernels: string, make: Rule): void {
  for (const kernel of kernels.split(' ')) rules.set(kernel, make);
}

/** The rule of a kernel, if there is one. */
export function shapeRule(kernel: string): Rule | undefined {
  return rules.get(kernel);
}
/** All kernels that can be traced. */
export function knownKernels(): string[] {
  return [...rules.keys()];
}

const float = (shape: readonly number[]): Type => ({ shape, dtype: 'float32' });
const bool = (shape: readonly number[]): Type => ({ shape, dtype: 'bool' });
/** Axes from 0 up; all of them where none is named. */
export function axesOf(axis: unknown, rank: number): number[] {
  const axes = axis === null || axis === undefined ? [...Array(rank).keys()] : [axis].flat();
  return axes.map((a) => (Number(a) < 0 ? Number(a) + rank : Number(a)));
}

const same: Rule = ({ x }) => x;
rule('Abs Neg Sign Ceil Floor Round Square ClipByValue Cumsum Cumprod Reverse Relu Relu6 ZerosLike OnesLike', same);
rule(
  'Acos Acosh Asin Asinh Atan Atanh Cos Cosh Elu Erf Exp Expm1 LeakyRelu Log Log1p Reciprocal Rsqrt Selu Sigmoid Sin ' +
    'Sinh Softplus Sqrt Step Tan Tanh',
  ({ x }) => float(x.shape),
);
rule('IsFinite IsInf IsNan LogicalNot', ({ x }) => bool(x.shape));
rule('Softmax LogSoftmax', ({ logits }) => logits);
rule('Cast', ({ x }, { dtype }) => ({ shape: x.shape, dtype: dtype as DataType }));
rule('EluGrad', ({ y }) => y);

const broadcast = (a: Type, b: Type): number[] =>
  tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]);
rule('Add Sub Multiply Maximum Minimum Pow FloorDiv Mod SquaredDifference', ({ a, b }) => ({
  shape: broadcast(a, b),
  dtype: tf.upcastType(a.dtype, b.dtype) as DataType,
}));
rule('RealDiv Atan2', ({ a, b }) => float(broadcast(a, b)));
rule('Prelu', ({ x, alpha }) => float(broadcast(x, alpha)));
rule('Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr', ({ a, b }) => bool(broadcast(a, b)));
rule('Select', ({ t, e }) => ({ shape: t.shape, dtype: tf.upcastType(t.dtype, e.dtype) as DataType }));

function reduced({ shape }: Type, axis: unknown, keepDims: unknown): number[] {
  const axes = axesOf(axis, shape.length);
  return shape.flatMap((size, a) => (!axes.includes(a) ? [size] : keepDims ? [1] : []));
}
rule('Max Min', ({ x }, { reductionIndices, axis, keepDims }) => ({
  shape: reduced(x, reductionIndices ?? axis, keepDims),
  dtype: x.dtype,
}));
rule('Sum Prod', ({ x }, { axis, keepDims }) => ({
  shape: reduced(x, axis, keepDims),
  dtype: x.dtype === 'bool' ? 'int32' : x.dtype,
}));
rule('Mean', ({ x }, { axis, keepDims }) => float(reduced(x, axis, keepDims)));
rule('All Any', ({ x }, { axis, keepDims }) => bool(reduced(x, axis, keepDims)));
rule('ArgMax ArgMin', ({ x }, { axis }) => ({ shape: reduced(x, axis, false), dtype: 'int32' }));

const product: Rule = ({ a, b }, { transposeA, transposeB }) => {
  const batch = broadcast(float(a.shape.slice(0, -2)), float(b.shape.slice(0, -2)));
  const rows = a.shape.at(transposeA ? -1 : -2)!;
  const columns = b.shape.at(transposeB ? -2 : -1)!;
  return float([...batch, rows, columns]);
};
rule('BatchMatMul _FusedMatMul', product);

rule('Reshape', ({ x }, { shape }) => ({
  shape: tf.util.inferFromImplicitShape(shape as number[], volume(x.shape)),
  dtype: x.dtype,
}));
rule('ExpandDims', ({ input }, { dim }) => {
  const shape = [...input.shape];
  const at = dim as number;
  shape.splice(at < 0 ? shape.length + at + 1 : at, 0, 1);
  return { shape, dtype: input.dtype };
});
rule('Transpose', ({ x }, { perm }) => ({ shape: (perm as number[]).map((a) => x.shape[a]), dtype: x.dtype }));
rule('Tile', ({ x }, { reps }) => ({ shape: x.shape.map((size, a) => size * (reps as number[])[a]), dtype: x.dtype }));
rule('BroadcastTo', ({ x }, { shape }) => ({ shape: shape as number[], dtype: x.dtype }));
rule('Slice', ({ x }, { begin, size }) => {
  const [, shape] = tf.slice_util.parseSliceParams(tensorLike(x), begin as number[], size as number[]);
  return { shape, dtype: x.dtype };
});
/** What a StridedSlice of an array takes. */
export function strideInfo(shape: readonly number[], attributes: Attributes) {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attributes as Record<
    string,
    never
  >;
  return tf.slice_util.sliceInfo(
    [...shape],
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
}
rule('StridedSlice', ({ x }, attributes) => ({
  shape: strideInfo(x.shape, attributes).finalShape,
  dtype: x.dtype,
}));
rule('PadV2 MirrorPad', ({ x }, { paddings }) => ({
  shape: x.shape.map((size, a) => size + (paddings as number[][])[a][0] + (paddings as number[][])[a][1]),
  dtype: x.dtype,
}));
rule('AddN', ({ list }) => list[0]);
rule('Concat', ({ list }, { axis }) => {
  const [along] = axesOf(axis, list[0].shape.length);
  const total = list.reduce((sum, { shape }) => sum + shape[along], 0);
  return { shape: list[0].shape.with(along, total), dtype: list[0].dtype };
});
rule('Pack', ({ list }, { axis }) => {
  const { shape, dtype } = list[0];
  const [along] = axesOf(axis, shape.length + 1);
  return { shape: shape.toSpliced(along, 0, list.length), dtype };
});
rule('Unpack', ({ value }, { axis }) => {
  const [along] = axesOf(axis, value.shape.length);
  const shape = value.shape.toSpliced(along, 1);
  return Array.from({ length: value.shape[along] }, () => ({ shape, dtype: value.dtype }));
});
rule('SplitV', ({ x }, { numOrSizeSplits, axis }) => {
  const [along] = axesOf(axis, x.shape.length);
  const sizes = tf.backend_util.prepareSplitSize(tensorLike(x), numOrSizeSplits as number[], along);
  return sizes.map((size) => ({ shape: x.shape.with(along, size), dtype: x.dtype }));
});
rule('GatherV2', ({ x, indices }, { axis, batchDims }) => {
  const [along] = axesOf(axis, x.shape.length);
  const { outputShape } = tf.backend_util.segment_util.collectGatherOpShapeInfo(
    tensorLike(x),
    tensorLike(indices),
    along,
    (batchDims as number | undefined) ?? 0,
  );
  // the shape as the caller sees it: what is gathered lies where the axis was
  const shape = [
    ...x.shape.slice(0, along),
    ...indices.shape.slice((batchDims as number) ?? 0),
    ...x.shape.slice(along + 1),
  ];
  if (volume(shape) !== volume(outputShape)) throw new Error('GatherV2 of an unknown form');
  return { shape, dtype: x.dtype };
});
rule('UnsortedSegmentSum', ({ x, segmentIds }, { numSegments }) => ({
  shape: [numSegments as number, ...x.shape.slice(segmentIds.shape.length)],
  dtype: x.dtype,
}));
rule('OneHot', ({ indices }, { depth, dtype }) => ({
  shape: [...indices.shape, depth as number],
  dtype: (dtype as DataType | undefined) ?? 'float32',
}));
rule('Fill', (_, { shape, value, dtype }) => ({
  shape: shape as number[],
  dtype: ((dtype as DataType | null) ?? tf.util.inferDtype(value as number)) as DataType,
}));
rule('Range', (_, { start, stop, step, dtype }) => ({
  shape: [Math.max(0, Math.ceil(((stop as number) - (start as number)) / (step as number)))],
  dtype: (dtype as DataType | undefined) ?? 'float32',
}));

interface ConvolutionAttributes {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number;
  dilations?: [number, number] | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
  dataFormat?: string;
}
type Shape4 = [number, number, number, number];

/** Geometry of a convolution, from the shapes of its input and filter. */
export function convolution(
  input: readonly number[],
  filter: readonly number[],
  attributes: Attributes,
  depthwise = false,
) {
  const { strides, pad, dilations, dimRoundingMode, dataFormat } = attributes as unknown as ConvolutionAttributes;
  if (dataFormat && dataFormat !== 'NHWC') throw new Error(`convolution in the format ${dataFormat}`);
  return tf.backend_util.computeConv2DInfo(
    input as Shape4,
    filter as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
}
/** Geometry of a pooling. */
export function pooling(input: readonly number[], attributes: Attributes) {
  const { strides, pad, dimRoundingMode } = attributes as unknown as ConvolutionAttributes;
  const { filterSize } = attributes as { filterSize: [number, number] | number };
  return tf.backend_util.computePool2DInfo(input as Shape4, filterSize, strides, 1, pad, dimRoundingMode);
}

/** How many values inside the image each window of a pooling sees, [outHeight, outWidth]. */
export function windowSizes(geometry: ReturnType<typeof pooling>): Float32Array {
  const { filterHeight, filterWidth, strideHeight, strideWidth, inHeight, inWidth, outHeight, outWidth } = geometry;
  const { top, left } = geometry.padInfo;
  const along = (i: number, stride: number, pad: number, size: number, limit: number) =>
    Math.min(i * stride - pad + size, limit) - Math.max(i * stride - pad, 0);
  return Float32Array.from({ length: outHeight * outWidth }, (_, i) => {
    const rows = along(Math.floor(i / outWidth), strideHeight, top, filterHeight, inHeight);
    return rows * along(i % outWidth, strideWidth, left, filterWidth, inWidth);
  });
}

rule('Conv2D FusedConv2D', ({ x, filter }, attributes) =>
  float(convolution(x.shape, filter.shape, attributes).outShape),
);
rule('DepthwiseConv2dNative FusedDepthwiseConv2D', ({ x, filter }, attributes) =>
  float(convolution(x.shape, filter.shape, attributes, true).outShape),
);
rule('Conv2DBackpropInput DepthwiseConv2dNativeBackpropInput', (_, { inputShape }) => float(inputShape as number[]));
rule('Conv2DBackpropFilter DepthwiseConv2dNativeBackpropFilter', (_, { filterShape }) =>
  float(filterShape as number[]),
);
rule('MaxPool AvgPool', ({ x }, attributes) => float(pooling(x.shape, attributes).outShape));
rule('MaxPoolGrad AvgPoolGrad', ({ input }) => float(input.shape));
rule('ResizeNearestNeighbor ResizeBilinear', ({ images }, { size }) => {
  const [batch, , , channels] = images.shape;
  return float([batch, ...(size as [number, number]), channels]);
});
rule('ResizeNearestNeighborGrad ResizeBilinearGrad', ({ images }) => float(images.shape));
rule('FusedBatchNorm', ({ x }) => x);

/** For helpers of tfjs that want a tensor but read its shape only. */
function tensorLike({ shape, dtype }: Type): tf.Tensor {
  return { shape: [...shape], dtype, rank: shape.length, size: volume(shape) } as unknown as tf.Tensor;
}
