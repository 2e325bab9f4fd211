/** Convolutional encoders and decoders. */
import * as tf from '@tensorflow/tfjs';
import { LayerMaker } from './layers.ts';
import { volume } from './ndarray.ts';
import { codeLayers, completeNetworks, denseLayers, type NetworkOptions, type Networks } from './networks.ts';
import { checkOneOf, checkPositiveInteger, show } from './validate.ts';

export const poolings = ['max', 'average', 'stride'] as const;
export type Pooling = (typeof poolings)[number];

/** Options that shape convolutions. */
export interface ConvOptions {
  /** [height, width, channels] of a sample. */
  imageShape?: readonly [number, number, number];
  /** Filters of the encoder's convolutions, outermost first; each halves height and width. Default [16, 32]. */
  filters?: number[];
  /** Side of the filters; default 3. */
  kernelSize?: number;
  /**
   * How height and width are halved: pooling, undone by upsampling and a convolution; or 'stride', undone by transposed
   * convolutions.
   */
  pool?: Pooling;
}
export const convOptionNames = ['imageShape', 'filters', 'kernelSize', 'pool'] as const;

export interface ConvNetworkOptions extends Omit<NetworkOptions, 'width' | 'latentDim'>, Required<ConvOptions> {
  /** Null: the last feature map is the code. */
  latentDim: number | null;
}

export function checkConvOptions({ imageShape, filters, kernelSize, pool }: ConvOptions): void {
  if (!Array.isArray(imageShape) || imageShape.length !== 3) {
    throw new TypeError(`imageShape must be [height, width, channels], got ${show(imageShape)}`);
  }
  imageShape.forEach((size, i) => {
    checkPositiveInteger(`imageShape[${i}]`, size);
  });
  if (filters !== undefined) {
    if (!Array.isArray(filters) || filters.length === 0) {
      throw new TypeError(`filters must be a list of one or more numbers such as [16, 32], got ${show(filters)}`);
    }
    filters.forEach((count, i) => {
      checkPositiveInteger(`filters[${i}]`, count);
    });
    const halvings = Math.ceil(Math.log2(Math.max(imageShape[0], imageShape[1])));
    if (filters.length > Math.max(1, halvings)) {
      throw new RangeError(
        `filters must hold at most ${Math.max(1, halvings)} numbers for images of ${imageShape[0]} x ${imageShape[1]}, ` +
          `since each halves them, got ${filters.length}`,
      );
    }
  }
  if (kernelSize !== undefined) checkPositiveInteger('kernelSize', kernelSize);
  if (pool !== undefined) checkOneOf('pool', pool, poolings);
}

export function checkImageWidth(imageShape: readonly number[], width: number): void {
  if (volume(imageShape) !== width) {
    throw new RangeError(
      `x must have ${volume(imageShape)} values per sample, as imageShape [${imageShape.join(', ')}] says, got ${width}`,
    );
  }
}

/**
 * Image -> (convolution, half the size) for each of filters -> hidden dense layers -> code, and mirrored: dense layers
 * -> (convolution, double the size) -> a last convolution to the image's channels.
 *
 * Sizes that do not halve evenly are rounded up on the way in and cut on the way out.
 */
export function buildConvNetworks(options: ConvNetworkOptions): Networks {
  const { imageShape, filters, kernelSize, pool, hidden, latentDim, output, condition } = options;
  const [height, width, channels] = imageShape;

  const into = new LayerMaker('encoder', options, condition);
  const input = into.input(imageShape);
  const sizes = [[height, width]];
  let value = into.joinLabels(input);
  filters.forEach((count, i) => {
    const name = `conv${i + 1}`;
    value = into.finish(into.conv(value, count, kernelSize, pool === 'stride' ? 2 : 1, name), name);
    if (pool !== 'stride') {
      const settings = { poolSize: 2, strides: 2, padding: 'same', name: `encoder_${name}_pool` } as const;
      const layer = pool === 'max' ? tf.layers.maxPooling2d(settings) : tf.layers.averagePooling2d({ ...settings });
      value = layer.apply(value) as tf.SymbolicTensor;
    }
    sizes.push(value.shape.slice(1, 3) as number[]);
  });
  const map = value.shape.slice(1) as number[];
  const end =
    latentDim === null ? value : codeLayers(into, denseLayers(into, flatten(value), hidden), { ...options, latentDim });
  const encoder = into.model(input, end);

  const out = new LayerMaker('decoder', options, condition);
  const code = out.input(latentDim === null ? map : [latentDim]);
  value = out.joinLabels(code);
  if (latentDim !== null) {
    value = denseLayers(out, value, [...hidden].reverse());
    value = out.finish(out.dense(value, volume(map), 'map'), 'map');
    value = out.reshape(value, map, 'map_shape');
  }
  [...filters].reverse().forEach((count, i) => {
    const name = `conv${i + 1}`;
    if (pool === 'stride') {
      value = out.finish(out.convTranspose(value, count, kernelSize, name), name);
    } else {
      value = out.finish(out.conv(value, count, kernelSize, 1, name), name);
      const double = tf.layers.upSampling2d({ size: [2, 2], name: `decoder_${name}_double` });
      value = double.apply(value) as tf.SymbolicTensor;
    }
    value = cut(value, sizes[filters.length - 1 - i], `decoder_${name}_cut`);
  });
  const last = out.conv(value, channels, kernelSize, 1, 'output');
  return completeNetworks(encoder, out.model(code, out.activate(last, output, 'output')));
}

function flatten(value: tf.SymbolicTensor): tf.SymbolicTensor {
  return tf.layers.flatten({ name: 'encoder_flat' }).apply(value) as tf.SymbolicTensor;
}

/** Leaves the last row or column out, where doubling went one beyond `size`. */
function cut(value: tf.SymbolicTensor, size: readonly number[], name: string): tf.SymbolicTensor {
  const [bottom, right] = [0, 1].map((axis) => (value.shape[axis + 1] as number) - size[axis]);
  if (bottom === 0 && right === 0) return value;
  const cropping: [[number, number], [number, number]] = [
    [0, bottom],
    [0, right],
  ];
  return tf.layers.cropping2D({ cropping, name }).apply(value) as tf.SymbolicTensor;
}
