import { pooling, windowSizes } from '../../program/shapes.ts';
import { type Emission, type EmitRule, named } from '../emission.ts';

type Geometry = ReturnType<typeof pooling>;

const window = (geometry: Geometry) => ({
  kernel_shape: [geometry.filterHeight, geometry.filterWidth],
  strides: [geometry.strideHeight, geometry.strideWidth],
});
const pads = ({ padInfo: { top, left, bottom, right } }: Geometry) => [top, left, bottom, right];
const isPadded = (geometry: Geometry) => pads(geometry).some((size) => size !== 0);

const maxPool: EmitRule = (emission, node) => {
  const { x } = named(node);
  const [output] = node.outputs;
  const geometry = pooling(emission.shape(x), node.attributes);
  const attributes = { ...window(geometry), pads: pads(geometry) };
  const needsGradient = emission.users(x).some((user) => user.kernel === 'MaxPoolGrad');
  const [result, maxima] = emission.graph.addSeveral(
    'MaxPool',
    [emission.get(x, 'channelsFirst')],
    needsGradient ? 2 : 1,
    attributes,
  );
  emission.set(output, result, 'channelsFirst');
  if (needsGradient) emission.maximaOf.set(x, maxima);
};

const maxPoolGradient: EmitRule = (emission, node) => {
  const { dy, input } = named(node);
  const { graph } = emission;
  const [batch, height, width, channels] = emission.shape(input);
  const geometry = pooling([batch, height, width, channels], node.attributes);
  const maxima = emission.maximaOf.get(input);
  if (maxima === undefined) throw new Error('the gradient of a pooling that is not there');
  const gradient = emission.get(dy, 'channelsFirst');
  const shape = [batch, channels, height, width];
  const { filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth } = geometry;
  const apart =
    strideHeight >= filterHeight &&
    strideWidth >= filterWidth &&
    (outHeight - 1) * strideHeight + filterHeight <= height &&
    (outWidth - 1) * strideWidth + filterWidth <= width;
  if (apart) {
    const unpooled = graph.add('MaxUnpool', [gradient, maxima, graph.integers(shape)], window(geometry));
    emission.set(node.outputs[0], unpooled, 'channelsFirst');
    return;
  }
  const zeros = graph.add('Expand', [graph.scalar(0), graph.integers([batch * channels * height * width])]);
  const scattered = graph.add(
    'ScatterElements',
    [zeros, emission.reshape(maxima, [-1]), emission.reshape(gradient, [-1])],
    { axis: 0, reduction: 'add' },
  );
  emission.set(node.outputs[0], emission.reshape(scattered, shape), 'channelsFirst');
};

const averagePool: EmitRule = (emission, node) => {
  const { x } = named(node);
  const geometry = pooling(emission.shape(x), node.attributes);
  const attributes = { ...window(geometry), pads: pads(geometry), count_include_pad: 0 };
  const result = emission.graph.add('AveragePool', [emission.get(x, 'channelsFirst')], attributes);
  emission.set(node.outputs[0], result, 'channelsFirst');
};

const averagePoolGradient: EmitRule = (emission, node) => {
  const { dy, input } = named(node);
  const { graph } = emission;
  const [batch, height, width, channels] = emission.shape(input);
  const geometry = pooling([batch, height, width, channels], node.attributes);
  const { filterHeight, filterWidth, strideHeight, strideWidth, outHeight, outWidth } = geometry;
  let gradient = emission.get(dy, 'channelsFirst');
  if (isPadded(geometry)) {
    // a window at the edge shares among the fewer values that it saw
    const seen = windowSizes(geometry);
    gradient = graph.add('Div', [gradient, graph.constant('float32', [1, 1, outHeight, outWidth], seen)]);
  }
  const weight = isPadded(geometry) ? 1 : 1 / (filterHeight * filterWidth);
  const filter = new Float32Array(channels * filterHeight * filterWidth).fill(weight);
  const { top, left } = geometry.padInfo;
  const below = strideHeight * (outHeight - 1) + filterHeight - top - height;
  const beside = strideWidth * (outWidth - 1) + filterWidth - left - width;
  const spread = graph.add(
    'ConvTranspose',
    [gradient, graph.constant('float32', [channels, 1, filterHeight, filterWidth], filter)],
    {
      ...window(geometry),
      group: channels,
      pads: [top, left, Math.max(0, below), Math.max(0, beside)],
      output_padding: [Math.max(0, -below), Math.max(0, -beside)],
    },
  );
  emission.set(node.outputs[0], spread, 'channelsFirst');
};

const nearest: EmitRule = (emission, node) => {
  const { images } = named(node);
  const [output] = node.outputs;
  const [batch, height, width, channels] = emission.shape(images);
  const [, tall, wide] = emission.shape(output);
  const x = emission.get(images, 'channelsFirst');
  if (node.attributes.alignCorners || node.attributes.halfPixelCenters) throw new Error('resizing in another mode');
  const modes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  if (tall % height === 0 && wide % width === 0) {
    const factors = emission.graph.constant('float32', [4], Float32Array.of(1, 1, tall / height, wide / width));
    emission.set(output, emission.graph.add('Resize', [x, '', factors], modes), 'channelsFirst');
    return;
  }
  const sizes = emission.graph.integers([batch, channels, tall, wide]);
  emission.set(output, emission.graph.add('Resize', [x, '', '', sizes], modes), 'channelsFirst');
};

const nearestGradient: EmitRule = (emission, node) => {
  const { images, dy } = named(node);
  const { graph } = emission;
  const [, height, width] = emission.shape(images);
  const [, tall, wide] = emission.shape(dy);
  if (tall % height !== 0 || wide % width !== 0) throw new Error('the gradient of resizing by a fraction');
  const size = [tall / height, wide / width];
  const mean = graph.add('AveragePool', [emission.get(dy, 'channelsFirst')], { kernel_shape: size, strides: size });
  emission.set(node.outputs[0], graph.add('Mul', [mean, graph.scalar(size[0] * size[1])]), 'channelsFirst');
};

/** Resizing is linear in every axis: Y = A X B, with these matrices [to, from]. */
function weights(from: number, to: number, alignCorners: boolean, halfPixelCenters: boolean): Float32Array {
  const matrix = new Float32Array(to * from);
  const scale = alignCorners && to > 1 ? (from - 1) / (to - 1) : from / to;
  for (let i = 0; i < to; i++) {
    const place = halfPixelCenters ? scale * (i + 0.5) - 0.5 : scale * i;
    const low = Math.max(0, Math.floor(place));
    const high = Math.min(from - 1, Math.ceil(place));
    const part = place - low;
    matrix[i * from + low] += 1 - part;
    matrix[i * from + high] += part;
  }
  return matrix;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]);
}

function bilinear(emission: Emission, node: Parameters<EmitRule>[1], backwards: boolean): void {
  const { images, dy } = named(node);
  const { graph } = emission;
  const [output] = node.outputs;
  const [, height, width] = emission.shape(images);
  const [, tall, wide] = emission.shape(backwards ? dy : output);
  const { alignCorners, halfPixelCenters } = node.attributes as Record<string, boolean>;
  const rows = weights(height, tall, alignCorners, halfPixelCenters);
  const columns = weights(width, wide, alignCorners, halfPixelCenters);
  const x = emission.get(backwards ? dy : images, 'channelsFirst');
  const left = backwards
    ? graph.constant('float32', [height, tall], transposed(rows, tall, height))
    : graph.constant('float32', [tall, height], rows);
  const right = backwards
    ? graph.constant('float32', [wide, width], columns)
    : graph.constant('float32', [width, wide], transposed(columns, wide, width));
  emission.set(output, graph.add('MatMul', [graph.add('MatMul', [left, x]), right]), 'channelsFirst');
}

const batchNormalization: EmitRule = (emission, node) => {
  const { x, mean, variance, scale, offset } = named(node);
  const { graph } = emission;
  const [output] = node.outputs;
  const layout = emission.layoutFor(output, [x]);
  const per = (id: number) => emission.operand(id, layout);
  const epsilon = graph.scalar(Number(node.attributes.varianceEpsilon));
  const inverse = graph.add('Reciprocal', [graph.add('Sqrt', [graph.add('Add', [per(variance), epsilon])])]);
  const factor = scale === undefined ? inverse : graph.add('Mul', [inverse, per(scale)]);
  const centred = graph.add('Sub', [emission.operand(x, layout), per(mean)]);
  const scaled = graph.add('Mul', [centred, factor]);
  emission.set(output, offset === undefined ? scaled : graph.add('Add', [scaled, per(offset)]), layout);
};

export const images: Record<string, EmitRule> = {
  MaxPool: maxPool,
  MaxPoolGrad: maxPoolGradient,
  AvgPool: averagePool,
  AvgPoolGrad: averagePoolGradient,
  ResizeNearestNeighbor: nearest,
  ResizeNearestNeighborGrad: nearestGradient,
  ResizeBilinear: (emission, node) => bilinear(emission, node, false),
  ResizeBilinearGrad: (emission, node) => bilinear(emission, node, true),
  FusedBatchNorm: batchNormalization,
};
