import { convolution } from '../../program/shapes.ts';
import { type Emission, type EmitRule, named } from '../emission.ts';
import { activate, biasOf } from './products.ts';

type Geometry = ReturnType<typeof convolution>;

const kernelShape = ({ filterHeight, filterWidth }: Geometry) => [filterHeight, filterWidth];
const strides = ({ strideHeight, strideWidth }: Geometry) => [strideHeight, strideWidth];
const dilations = ({ dilationHeight, dilationWidth }: Geometry) => [dilationHeight, dilationWidth];
const pads = ({ padInfo: { top, left, bottom, right } }: Geometry) => [top, left, bottom, right];

/** What of the input the last window does not reach (negative: padding that it sees beyond the end). */
function rest(geometry: Geometry): [number, number] {
  const { strideHeight, strideWidth, outHeight, outWidth, inHeight, inWidth, padInfo } = geometry;
  const { effectiveFilterHeight, effectiveFilterWidth } = geometry;
  return [
    strideHeight * (outHeight - 1) + effectiveFilterHeight - padInfo.top - inHeight,
    strideWidth * (outWidth - 1) + effectiveFilterWidth - padInfo.left - inWidth,
  ];
}

function refuseDilation(geometry: Geometry): void {
  if (geometry.dilationHeight !== 1 || geometry.dilationWidth !== 1)
    throw new Error('the gradient of a dilated convolution');
}

const forward: EmitRule = (emission, node) => {
  const { x, filter } = named(node);
  const geometry = convolution(emission.shape(x), emission.shape(filter), node.attributes);
  const { bias, output } = biasOf(emission, node);
  const inputs = [emission.get(x, 'channelsFirst'), emission.transpose(emission.get(filter), [3, 2, 0, 1])];
  const result = emission.graph.add('Conv', [...inputs, ...(bias ? [bias] : [])], {
    kernel_shape: kernelShape(geometry),
    strides: strides(geometry),
    dilations: dilations(geometry),
    pads: pads(geometry),
  });
  emission.set(output, activate(emission, result, node.attributes), 'channelsFirst');
};

/** Also what a transposed convolution computes. */
const inputGradient: EmitRule = (emission, node) => {
  const { dy, filter } = named(node);
  const { graph } = emission;
  const geometry = convolution(node.attributes.inputShape as number[], emission.shape(filter), node.attributes);
  refuseDilation(geometry);
  const { bias, output } = biasOf(emission, node);
  const gradient = emission.get(dy, 'channelsFirst');
  const { filterHeight, filterWidth, padInfo } = geometry;
  const biases = bias ? [bias] : [];
  if (geometry.strideHeight === 1 && geometry.strideWidth === 1) {
    // a convolution with the filter turned round, which is quicker
    const ends = [graph.integers([-1, -1]), graph.integers([-(2 ** 31), -(2 ** 31)])];
    const turned = graph.add('Slice', [
      emission.transpose(emission.get(filter), [2, 3, 0, 1]),
      ...ends,
      graph.integers([2, 3]),
      graph.integers([-1, -1]),
    ]);
    const result = graph.add('Conv', [gradient, turned, ...biases], {
      kernel_shape: [filterHeight, filterWidth],
      strides: [1, 1],
      pads: [
        filterHeight - 1 - padInfo.top,
        filterWidth - 1 - padInfo.left,
        filterHeight - 1 - padInfo.bottom,
        filterWidth - 1 - padInfo.right,
      ],
    });
    emission.set(output, result, 'channelsFirst');
    return;
  }
  const [below, beside] = rest(geometry);
  const result = graph.add(
    'ConvTranspose',
    [gradient, emission.transpose(emission.get(filter), [3, 2, 0, 1]), ...biases],
    {
      kernel_shape: [filterHeight, filterWidth],
      strides: strides(geometry),
      pads: [padInfo.top, padInfo.left, Math.max(0, below), Math.max(0, beside)],
      output_padding: [Math.max(0, -below), Math.max(0, -beside)],
    },
  );
  emission.set(output, result, 'channelsFirst');
};

/**
 * The windows of x as columns, [batch, channels * taps, positions]: one grouped convolution whose filters each have a
 * single one. Quicker here than slices, and than a convolution with swapped axes.
 */
function columns(emission: Emission, x: number, geometry: Geometry): string {
  const { filterHeight, filterWidth, inChannels, batchSize, outHeight, outWidth } = geometry;
  const taps = filterHeight * filterWidth;
  const picks = new Float32Array(inChannels * taps * taps);
  for (let row = 0; row < inChannels * taps; row++) picks[row * taps + (row % taps)] = 1;
  const filter = emission.graph.constant('float32', [inChannels * taps, 1, filterHeight, filterWidth], picks);
  const windows = emission.graph.add('Conv', [emission.get(x, 'channelsFirst'), filter], {
    group: inChannels,
    kernel_shape: kernelShape(geometry),
    strides: strides(geometry),
    pads: pads(geometry),
  });
  return emission.reshape(windows, [batchSize, inChannels * taps, outHeight * outWidth]);
}

const filterGradient: EmitRule = (emission, node) => {
  const { x, dy } = named(node);
  const { graph } = emission;
  const geometry = convolution(emission.shape(x), node.attributes.filterShape as number[], node.attributes);
  refuseDilation(geometry);
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize, outHeight, outWidth } = geometry;
  const gradient = emission.reshape(emission.get(dy, 'channelsFirst'), [batchSize, outChannels, outHeight * outWidth]);
  const perSample = graph.add(
    'FusedMatMul',
    [columns(emission, x, geometry), gradient],
    { transA: 0, transB: 1 },
    'com.microsoft',
  );
  const sum = graph.add('ReduceSum', [perSample, graph.integers([0])], { keepdims: 0 });
  const taps = emission.reshape(sum, [inChannels, filterHeight * filterWidth, outChannels]);
  emission.set(
    node.outputs[0],
    emission.reshape(emission.transpose(taps, [1, 0, 2]), [filterHeight, filterWidth, inChannels, outChannels]),
  );
};

/** A filter [height, width, channels, multiplier] as ONNX wants one of a grouped convolution. */
function groupedFilter(emission: Emission, filter: number): string {
  const [height, width, channels, multiplier] = emission.shape(filter);
  return emission.reshape(emission.transpose(emission.get(filter), [2, 3, 0, 1]), [
    channels * multiplier,
    1,
    height,
    width,
  ]);
}

const depthwiseForward: EmitRule = (emission, node) => {
  const { x, filter } = named(node);
  const geometry = convolution(emission.shape(x), emission.shape(filter), node.attributes, true);
  const { bias, output } = biasOf(emission, node);
  const inputs = [emission.get(x, 'channelsFirst'), groupedFilter(emission, filter), ...(bias ? [bias] : [])];
  const result = emission.graph.add('Conv', inputs, {
    group: geometry.inChannels,
    kernel_shape: kernelShape(geometry),
    strides: strides(geometry),
    dilations: dilations(geometry),
    pads: pads(geometry),
  });
  emission.set(output, activate(emission, result, node.attributes), 'channelsFirst');
};

const depthwiseInputGradient: EmitRule = (emission, node) => {
  const { dy, filter } = named(node);
  const geometry = convolution(node.attributes.inputShape as number[], emission.shape(filter), node.attributes, true);
  refuseDilation(geometry);
  const [below, beside] = rest(geometry);
  const { padInfo } = geometry;
  const result = emission.graph.add(
    'ConvTranspose',
    [emission.get(dy, 'channelsFirst'), groupedFilter(emission, filter)],
    {
      group: geometry.inChannels,
      kernel_shape: kernelShape(geometry),
      strides: strides(geometry),
      pads: [padInfo.top, padInfo.left, Math.max(0, below), Math.max(0, beside)],
      output_padding: [Math.max(0, -below), Math.max(0, -beside)],
    },
  );
  emission.set(node.outputs[0], result, 'channelsFirst');
};

const depthwiseFilterGradient: EmitRule = (emission, node) => {
  const { x, dy } = named(node);
  const { graph } = emission;
  const [height, width, channels, multiplier] = node.attributes.filterShape as number[];
  const geometry = convolution(emission.shape(x), [height, width, channels, multiplier], node.attributes, true);
  refuseDilation(geometry);
  const { batchSize, outHeight, outWidth } = geometry;
  const positions = outHeight * outWidth;
  const windows = emission.reshape(columns(emission, x, geometry), [batchSize, channels, height * width, positions]);
  const gradient = emission.reshape(emission.get(dy, 'channelsFirst'), [batchSize, channels, multiplier, positions]);
  const perSample = graph.add('FusedMatMul', [windows, gradient], { transA: 0, transB: 1 }, 'com.microsoft');
  const sum = graph.add('ReduceSum', [perSample, graph.integers([0])], { keepdims: 0 });
  emission.set(
    node.outputs[0],
    emission.reshape(emission.transpose(sum, [1, 0, 2]), [height, width, channels, multiplier]),
  );
};

export const convolutions: Record<string, EmitRule> = {
  Conv2D: forward,
  FusedConv2D: forward,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
  DepthwiseConv2dNative: depthwiseForward,
  FusedDepthwiseConv2D: depthwiseForward,
  DepthwiseConv2dNativeBackpropInput: depthwiseInputGradient,
  DepthwiseConv2dNativeBackpropFilter: depthwiseFilterGradient,
};
