import { convolution, pooling } from '../../program/shapes.ts';
import { volume } from '../../training/types.ts';
import { named, type Rule } from '../lowering.ts';
import type { poolings } from '../operations.ts';
import { finish } from './elementwise.ts';

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

export const images: Record<string, Rule> = {
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
