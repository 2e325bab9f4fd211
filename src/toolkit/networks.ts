/** The encoder and the decoder as tf.LayersModel: built from options, or brought by the user. */
import * as tf from '@tensorflow/tfjs';
import { volume } from './ndarray.ts';
import { Random } from './random.ts';
import type { StepRandom } from './stepRandom.ts';
import { checkNumber, checkOneOf, show } from './validate.ts';

export const activations = ['relu', 'sigmoid', 'tanh', 'elu', 'selu', 'linear'] as const;
export type Activation = (typeof activations)[number];

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

export interface NetworkOptions {
  /** Values per sample. */
  width: number;
  hidden: readonly number[];
  latentDim: number;
  activation: Activation;
  latentActivation: Activation;
  output: 'sigmoid' | 'linear';
  batchNorm: boolean;
  dropout: number;
  l2: number;
  initializer: Initializer;
  seed: number;
}

export interface Networks {
  /** [batch, …] to [batch, k] */
  readonly encoder: tf.LayersModel;
  /** [batch, k] to [batch, …] */
  readonly decoder: tf.LayersModel;
  /** The decoder up to its last sigmoid, if it ends with one as a layer of its own. */
  readonly logits?: tf.LayersModel;
}

/** width -> hidden -> latentDim -> hidden, mirrored -> width, all dense. */
export function buildNetworks(options: NetworkOptions): Networks {
  const { width, hidden, latentDim, latentActivation, output } = options;
  const encoder = stack('encoder', width, hidden, options, (input, dense) => {
    const code = dense(input, latentDim, 'code');
    return latentActivation === 'linear' ? code : activate(code, latentActivation, 'code_activation');
  });
  const decoder = stack('decoder', latentDim, [...hidden].reverse(), options, (input, dense) => {
    const last = dense(input, width, 'output');
    return output === 'linear' ? last : activate(last, output, 'output_activation');
  });
  return completeNetworks(encoder, decoder);
}

type Dense = (input: tf.SymbolicTensor, units: number, name: string) => tf.SymbolicTensor;

function stack(
  part: 'encoder' | 'decoder',
  width: number,
  hidden: readonly number[],
  options: NetworkOptions,
  end: (input: tf.SymbolicTensor, dense: Dense) => tf.SymbolicTensor,
): tf.LayersModel {
  const { activation, batchNorm, dropout, l2, initializer, seed } = options;
  const dense: Dense = (input, units, name) =>
    tf.layers
      .dense({
        units,
        name: `${part}_${name}`,
        kernelInitializer: makeInitializer(initializer, seed, `${part}/${name}`),
        ...(l2 > 0 && { kernelRegularizer: tf.regularizers.l2({ l2 }) }),
      })
      .apply(input) as tf.SymbolicTensor;
  const input = tf.input({ shape: [width], name: `${part}_input` });
  let value = input;
  hidden.forEach((units, i) => {
    const name = `hidden${i + 1}`;
    value = dense(value, units, name);
    if (batchNorm) {
      const normalize = tf.layers.batchNormalization({ name: `${part}_${name}_norm` });
      value = normalize.apply(value) as tf.SymbolicTensor;
    }
    if (activation !== 'linear') value = activate(value, activation, `${part}_${name}_activation`);
    if (dropout > 0) {
      const drop = tf.layers.dropout({ rate: dropout, name: `${part}_${name}_dropout` });
      value = drop.apply(value) as tf.SymbolicTensor;
    }
  });
  return tf.model({ inputs: input, outputs: end(value, dense), name: part });
}

function activate(input: tf.SymbolicTensor, activation: Activation, name: string): tf.SymbolicTensor {
  return tf.layers.activation({ activation, name }).apply(input) as tf.SymbolicTensor;
}

/** Two networks as a pair whose dropout draws from the training step's randomness. */
export function completeNetworks(encoder: tf.LayersModel, decoder: tf.LayersModel): Networks {
  for (const layer of [...encoder.layers, ...decoder.layers]) seedDropout(layer);
  spareInputGradient(encoder);
  const last = decoder.layers.at(-1);
  const endsInSigmoid =
    last?.getClassName() === 'Activation' &&
    last.getConfig().activation === 'sigmoid' &&
    last.output === decoder.output;
  if (!endsInSigmoid) return { encoder, decoder };
  const logits = tf.model({ inputs: decoder.inputs, outputs: last.input as tf.SymbolicTensor, name: 'logits' });
  return { encoder, decoder, logits };
}

/** Refuses networks that do not fit together. */
export function checkOwnNetworks(encoder: unknown, decoder: unknown): asserts encoder is tf.LayersModel {
  for (const [name, model] of Object.entries({ encoder, decoder })) {
    if (!(model instanceof tf.LayersModel)) {
      throw new TypeError(
        `encoder and decoder must both be tf.LayersModel where one is given, ${name} is ${show(model)}`,
      );
    }
    if (model.inputs.length !== 1 || model.outputs.length !== 1) {
      throw new RangeError(
        `${name} must have one input and one output, it has ${model.inputs.length} and ${model.outputs.length}`,
      );
    }
  }
  const { input, output } = shapes(encoder as tf.LayersModel);
  const back = shapes(decoder as tf.LayersModel);
  if (String(back.input) !== String(output)) {
    throw new RangeError(`decoder must take what the encoder gives, [${output}] per sample, it takes [${back.input}]`);
  }
  if (volume(back.output) !== volume(input)) {
    throw new RangeError(`decoder must give what the encoder takes, [${input}] per sample, it gives [${back.output}]`);
  }
}

/** Shapes per sample, without the batch axis. */
export function shapes(model: tf.LayersModel): { input: number[]; output: number[] } {
  const perSample = (shape: tf.Shape, end: string) => {
    const rest = shape.slice(1);
    if (rest.some((size) => size === null)) {
      throw new RangeError(`${model.name} must have a fixed ${end} shape per sample, it has [${rest}]`);
    }
    return rest as number[];
  };
  return {
    input: perSample(model.inputs[0].shape, 'input'),
    output: perSample(model.outputs[0].shape, 'output'),
  };
}

/** All weights: those that train, and the averages of batch normalization. */
export function allWeights({ encoder, decoder }: Networks): tf.Variable[] {
  return [...encoder.weights, ...decoder.weights].map((weight) => weight.read() as tf.Variable);
}

/** The layers that train, input side first, each with its variables. */
export function trainableLayers({ encoder, decoder }: Networks): { name: string; variables: tf.Variable[] }[] {
  return [...encoder.layers, ...decoder.layers]
    .map((layer) => ({
      name: layer.name,
      variables: layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
    }))
    .filter(({ variables }) => variables.length > 0);
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

function makeInitializer(
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

let current: StepRandom | undefined;

/** Runs a step's loss; dropout layers called meanwhile draw from `random`. */
export function withStepRandom<T>(random: StepRandom, run: () => T): T {
  const outer = current;
  current = random;
  try {
    return run();
  } finally {
    current = outer;
  }
}

const seeded = new WeakSet<tf.layers.Layer>();

/** tfjs's dropout draws from Math.random, or the same mask for ever. The layer stays one that plain tfjs can load. */
function seedDropout(layer: tf.layers.Layer): void {
  if (layer.getClassName() !== 'Dropout' || seeded.has(layer)) return;
  seeded.add(layer);
  const { rate } = layer.getConfig() as { rate: number };
  const stock = layer.call.bind(layer);
  layer.call = (inputs, kwargs) => {
    if (!kwargs?.training || !current || rate === 0) return stock(inputs, kwargs);
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    // what stays is scaled up, so that the sum keeps its size
    return input.mul(current.bernoulli(input.shape, 1 - rate)).div(1 - rate);
  };
}

/**
 * tfjs's fused dense layer computes the gradient of its input too, which nobody asks for in the first layer: a sixth of
 * all products in a shallow net. Unfused, with the same result, it leaves that out.
 */
function spareInputGradient(encoder: tf.LayersModel): void {
  const first = encoder.layers.find((layer) => layer.getClassName() !== 'InputLayer');
  if (first?.getClassName() !== 'Dense' || first.getConfig().activation !== 'linear') return;
  const stock = first.call.bind(first);
  first.call = (inputs, kwargs) => {
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    if (!kwargs?.training || input.rank !== 2) return stock(inputs, kwargs);
    const [kernel, bias] = first.weights.map((weight) => weight.read());
    const product = (input as tf.Tensor2D).matMul(kernel as tf.Tensor2D);
    return bias ? product.add(bias) : product;
  };
}
