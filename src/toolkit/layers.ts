/** Layers made from options, for dense and convolutional networks alike. */
import * as tf from '@tensorflow/tfjs';
import type { Activation } from './networks.ts';
import { Random } from './random.ts';
import { checkNumber, checkOneOf } from './validate.ts';

const seededInitializers = [
  'randomNormal',
  'randomUniform',
  'glorotUniform',
  'glorotNormal',
  'heNormal',
  'heUniform',
  'leCunNormal',
  'leCunUniform',
  'truncatedNormal',
  'orthogonal',
] as const;
type InitializerName = (typeof seededInitializers)[number];
export type Initializer = InitializerName | { name: InitializerName; stddev?: number };

export interface LayerOptions {
  activation: Activation;
  batchNorm: boolean;
  dropout: number;
  l2: number;
  initializer: Initializer;
  seed: number;
}

/** Labels as a second input, and how they enter the layers. */
export interface Condition {
  readonly classes: number;
  readonly kind: 'concat' | 'add';
}

/**
 * Makes the layers of one network. Each layer draws its weights from a random stream of its own, so that a layer more
 * or less leaves the others as they are.
 *
 * Labels y are concatenated with the network's input, h = f(W [x, y] + b), or added to every layer after a learned
 * projection, h = f(W x + U y + b).
 */
export class LayerMaker {
  /** [classes], one-hot; the network's second input where it has labels. */
  readonly labels: tf.SymbolicTensor | undefined;
  readonly #part: 'encoder' | 'decoder';
  readonly #options: LayerOptions;
  readonly #condition: Condition | undefined;

  constructor(part: 'encoder' | 'decoder', options: LayerOptions, condition?: Condition) {
    this.#part = part;
    this.#options = options;
    this.#condition = condition;
    this.labels = condition && tf.input({ shape: [condition.classes], name: `${part}_labels` });
  }

  input(shape: readonly number[]): tf.SymbolicTensor {
    return tf.input({ shape: [...shape], name: `${this.#part}_input` });
  }

  model(input: tf.SymbolicTensor, outputs: tf.SymbolicTensor | tf.SymbolicTensor[]): tf.LayersModel {
    return tf.model({ inputs: this.labels ? [input, this.labels] : input, outputs, name: this.#part });
  }

  /** The network's input with the labels beside it, where they are concatenated: as features, or as channels. */
  joinLabels(input: tf.SymbolicTensor): tf.SymbolicTensor {
    if (!this.labels || this.#condition?.kind !== 'concat') return input;
    const [height, width] = input.shape.slice(1) as number[];
    const beside =
      input.rank === 2
        ? this.labels
        : this.reshape(
            tf.layers.repeatVector({ n: height * width, name: `${this.#part}_labels_repeated` }).apply(this.labels),
            [height, width, this.#condition.classes],
            'labels_map',
          );
    return tf.layers.concatenate({ name: `${this.#part}_joined` }).apply([input, beside]) as tf.SymbolicTensor;
  }

  dense(input: tf.SymbolicTensor, units: number, name: string): tf.SymbolicTensor {
    const layer = tf.layers.dense({ units, ...this.#weights(name) });
    return this.#addLabels(layer.apply(input) as tf.SymbolicTensor, name);
  }

  conv(input: tf.SymbolicTensor, filters: number, kernelSize: number, strides: number, name: string) {
    const layer = tf.layers.conv2d({ filters, kernelSize, strides, padding: 'same', ...this.#weights(name) });
    return this.#addLabels(layer.apply(input) as tf.SymbolicTensor, name);
  }

  /** Doubles height and width. */
  convTranspose(input: tf.SymbolicTensor, filters: number, kernelSize: number, name: string): tf.SymbolicTensor {
    const layer = tf.layers.conv2dTranspose({
      filters,
      kernelSize,
      strides: 2,
      padding: 'same',
      ...this.#weights(name),
    });
    return this.#addLabels(layer.apply(input) as tf.SymbolicTensor, name);
  }

  /** What follows every hidden layer: normalization, activation, dropout, as far as the options want them. */
  finish(value: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    const { activation, batchNorm, dropout } = this.#options;
    let out = value;
    if (batchNorm) {
      const normalize = tf.layers.batchNormalization({ name: `${this.#part}_${name}_norm` });
      out = normalize.apply(out) as tf.SymbolicTensor;
    }
    out = this.activate(out, activation, name);
    if (dropout > 0) {
      const drop = tf.layers.dropout({ rate: dropout, name: `${this.#part}_${name}_dropout` });
      out = drop.apply(out) as tf.SymbolicTensor;
    }
    return out;
  }

  activate(value: tf.SymbolicTensor, activation: Activation, name: string): tf.SymbolicTensor {
    if (activation === 'linear') return value;
    const layer = tf.layers.activation({ activation, name: `${this.#part}_${name}_activation` });
    return layer.apply(value) as tf.SymbolicTensor;
  }

  reshape(value: unknown, targetShape: number[], name: string): tf.SymbolicTensor {
    const layer = tf.layers.reshape({ targetShape, name: `${this.#part}_${name}` });
    return layer.apply(value as tf.SymbolicTensor) as tf.SymbolicTensor;
  }

  #weights(name: string) {
    const { l2, initializer, seed } = this.#options;
    return {
      name: `${this.#part}_${name}`,
      kernelInitializer: makeInitializer(initializer, seed, `${this.#part}/${name}`),
      ...(l2 > 0 && { kernelRegularizer: tf.regularizers.l2({ l2 }) }),
    };
  }

  /** + U y, where labels are added; over a feature map the same at every place. */
  #addLabels(value: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    if (!this.labels || this.#condition?.kind !== 'add') return value;
    const units = value.shape.at(-1) as number;
    const projection = tf.layers.dense({ units, useBias: false, ...this.#weights(`${name}_label`) });
    let projected = projection.apply(this.labels) as tf.SymbolicTensor;
    if (value.rank === 4) projected = this.reshape(projected, [1, 1, units], `${name}_label_map`);
    return tf.layers.add({ name: `${this.#part}_${name}_sum` }).apply([value, projected]) as tf.SymbolicTensor;
  }
}

export function checkInitializer(initializer: unknown): Initializer {
  const name = typeof initializer === 'string' ? initializer : (initializer as { name?: unknown } | null)?.name;
  checkOneOf('initializer', name, seededInitializers);
  const stddev = typeof initializer === 'object' ? (initializer as { stddev?: unknown }).stddev : undefined;
  if (stddev !== undefined) {
    checkNumber('initializer.stddev', stddev, { above: 0 });
    if (name !== 'randomNormal' && name !== 'truncatedNormal' && name !== 'randomUniform') {
      throw new RangeError(
        `initializer.stddev goes with randomNormal, truncatedNormal and randomUniform, not '${name}'`,
      );
    }
  }
  return initializer as Initializer;
}

export function makeInitializer(
  initializer: Initializer,
  seed: number,
  layer: string,
): ReturnType<typeof tf.initializers.zeros> {
  const { name, stddev = 0.05 } = typeof initializer === 'string' ? { name: initializer } : initializer;
  // every layer draws from a stream of its own
  const layerSeed = new Random(seed, layer).word();
  switch (name) {
    case 'randomNormal':
    case 'truncatedNormal':
      return tf.initializers[name]({ stddev, seed: layerSeed });
    case 'randomUniform': {
      // a uniform distribution on [-a, a] has the standard deviation a / sqrt(3)
      const limit = stddev * Math.sqrt(3);
      return tf.initializers.randomUniform({ minval: -limit, maxval: limit, seed: layerSeed });
    }
    default:
      return tf.initializers[name]({ seed: layerSeed });
  }
}
