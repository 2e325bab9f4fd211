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
    const turned = turnedRound(emission, emission.transpose(emission.get(filter), [2, 3, 0, 1]));
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
  // files for other runtimes keep the plain operation
  if (!emission.hasFreeBatch && hasWholeBlocks(geometry)) {
    emission.set(output, inBlocks(emission, gradient, filter, bias, geometry), 'channelsFirst');
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

/** Whether every value of dy stands for one block of strides x strides places, without any cut off. */
function hasWholeBlocks({ strideHeight, strideWidth, inHeight, inWidth, outHeight, outWidth, padInfo }: Geometry) {
  return (
    strideHeight === strideWidth &&
    inHeight === strideHeight * outHeight &&
    inWidth === strideWidth * outWidth &&
    padInfo.top === 0 &&
    padInfo.left === 0
  );
}

/**
 * A transposed convolution as one that computes all places of a block as channels, which are then laid out (Shi et al.
 * 2016): ONNX Runtime computes it in two thirds of the time. At the places s m + r of the filter are the taps m of the place r in
 * a block.
 */
function inBlocks(emission: Emission, dy: string, filter: number, bias: string | undefined, geometry: Geometry) {
  const { graph } = emission;
  const { strideHeight: s, filterHeight, filterWidth, inChannels, outChannels } = geometry;
  const [tall, wide] = [Math.ceil(filterHeight / s), Math.ceil(filterWidth / s)];
  // [filterHeight, filterWidth, inChannels, outChannels] to [inChannels, outChannels, s tall, s wide]
  const missing = graph.integers([0, 0, 0, 0, 0, 0, s * tall - filterHeight, s * wide - filterWidth]);
  const padded = graph.add('Pad', [emission.transpose(emission.get(filter), [2, 3, 0, 1]), missing]);
  const taps = emission.reshape(padded, [inChannels, outChannels, tall, s, wide, s]);
  const places = emission.reshape(emission.transpose(taps, [0, 3, 5, 1, 2, 4]), [
    inChannels * s * s,
    outChannels,
    tall,
    wide,
  ]);
  const turned = turnedRound(emission, places);
  const biases = bias
    ? [
        emission.reshape(emission.expand(emission.reshape(bias, [inChannels, 1]), [inChannels, s * s]), [
          inChannels * s * s,
        ]),
      ]
    : [];
  const blocks = graph.add('Conv', [dy, turned, ...biases], {
    kernel_shape: [tall, wide],
    pads: [tall - 1, wide - 1, 0, 0],
  });
  return laidOut(emission, blocks, geometry);
}

/**
 * Channels to blocks of places, [batch, channels s s, height, width] to [batch, channels, s height, s width]. Rows move as
 * they are; a product puts the numbers of a row in their order, in a third of the time that DepthToSpace takes.
 */
function laidOut(emission: Emission, blocks: string, geometry: Geometry): string {
  const { strideHeight: s, batchSize, inChannels, inHeight, inWidth, outHeight, outWidth } = geometry;
  const parts = emission.reshape(blocks, [batchSize * inChannels, s * s, outHeight, outWidth]);
  const rows = emission.reshape(emission.transpose(parts, [0, 2, 1, 3]), [
    batchSize * inChannels * outHeight * s,
    inWidth,
  ]);
  const order = new Float32Array(inWidth * inWidth);
  for (let from = 0; from < inWidth; from++) {
    const [place, column] = [Math.floor(from / outWidth), from % outWidth];
    order[from * inWidth + column * s + place] = 1;
  }
  const ordered = emission.graph.add('MatMul', [rows, emission.graph.constant('float32', [inWidth, inWidth], order)]);
  return emission.reshape(ordered, [batchSize, inChannels, inHeight, inWidth]);
}

/** The last two axes from their ends to their beginnings. */
function turnedRound({ graph }: Emission, filter: string): string {
  const from = graph.integers([-1, -1]);
  const to = graph.integers([-(2 ** 31), -(2 ** 31)]);
  return graph.add('Slice', [filter, from, to, graph.integers([2, 3]), graph.integers([-1, -1])]);
}

/** Windows that slide over an image. */
interface Windows {
  readonly channels: number;
  /** Of a window. */
  readonly height: number;
  readonly width: number;
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  /** Taps from the last to the first. */
  readonly turned?: boolean;
}

/**
 * The windows of an image as columns, [batch, channels * taps, …positions]: one grouped convolution whose filters each
 * have a single one. Quicker here than slices, and than a convolution with swapped axes.
 */
function columns(emission: Emission, image: string, { channels, height, width, turned, ...rest }: Windows): string {
  const taps = height * width;
  const picks = new Float32Array(channels * taps * taps);
  for (let row = 0; row < channels * taps; row++) {
    const tap = row % taps;
    picks[row * taps + (turned ? taps - 1 - tap : tap)] = 1;
  }
  const filter = emission.graph.constant('float32', [channels * taps, 1, height, width], picks);
  return emission.graph.add('Conv', [image, filter], { group: channels, kernel_shape: [height, width], ...rest });
}

function windowsOfInput(geometry: Geometry): Windows {
  const { inChannels, filterHeight, filterWidth } = geometry;
  return {
    channels: inChannels,
    height: filterHeight,
    width: filterWidth,
    strides: strides(geometry),
    pads: pads(geometry),
  };
}

/** For every place of the input, what its taps had to do with: for a convolution without strides. */
function windowsOfOutput(geometry: Geometry): Windows {
  const { outChannels, filterHeight, filterWidth } = geometry;
  return {
    channels: outChannels,
    height: filterHeight,
    width: filterWidth,
    strides: [1, 1],
    pads: pads(geometry).map((pad, i) => (i % 2 === 0 ? filterHeight : filterWidth) - 1 - pad),
    turned: true,
  };
}

/** Sum over samples of a product over places: [batch, …, a, places] and [batch, …, b, places] to […, a, b]. */
function productOverPlaces(emission: Emission, a: string, b: string): string {
  const perSample = emission.graph.add('FusedMatMul', [a, b], { transA: 0, transB: 1 }, 'com.microsoft');
  return emission.graph.add('ReduceSum', [perSample, emission.graph.integers([0])], { keepdims: 0 });
}

const filterGradient: EmitRule = (emission, node) => {
  const { x, dy } = named(node);
  const geometry = convolution(emission.shape(x), node.attributes.filterShape as number[], node.attributes);
  refuseDilation(geometry);
  const { filterHeight, filterWidth, inChannels, outChannels, batchSize } = geometry;
  const { inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth } = geometry;
  const taps = filterHeight * filterWidth;
  const image = emission.get(x, 'channelsFirst');
  const gradient = emission.get(dy, 'channelsFirst');
  // the windows of whichever has fewer channels are fewer numbers
  const overOutput = outChannels < inChannels && strideHeight === 1 && strideWidth === 1;
  const windows = overOutput ? windowsOfOutput(geometry) : windowsOfInput(geometry);
  const [seen, other] = overOutput ? [gradient, image] : [image, gradient];
  const [channels, places] = overOutput ? [inChannels, inHeight * inWidth] : [outChannels, outHeight * outWidth];
  const product = productOverPlaces(
    emission,
    emission.reshape(columns(emission, seen, windows), [batchSize, windows.channels * taps, places]),
    emission.reshape(other, [batchSize, channels, places]),
  );
  const byTaps = emission.reshape(product, [windows.channels, taps, channels]);
  const filter = emission.transpose(byTaps, overOutput ? [1, 2, 0] : [1, 0, 2]);
  emission.set(node.outputs[0], emission.reshape(filter, [filterHeight, filterWidth, inChannels, outChannels]));
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
  const [height, width, channels, multiplier] = node.attributes.filterShape as number[];
  const geometry = convolution(emission.shape(x), [height, width, channels, multiplier], node.attributes, true);
  refuseDilation(geometry);
  const { batchSize, outHeight, outWidth } = geometry;
  const positions = outHeight * outWidth;
  const image = emission.get(x, 'channelsFirst');
  const windows = emission.reshape(columns(emission, image, windowsOfInput(geometry)), [
    batchSize,
    channels,
    height * width,
    positions,
  ]);
  const gradient = emission.reshape(emission.get(dy, 'channelsFirst'), [batchSize, channels, multiplier, positions]);
  const sum = productOverPlaces(emission, windows, gradient);
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
