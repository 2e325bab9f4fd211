/** The encoder and the decoder as tf.LayersModel: built from options, or brought by the user. */
import * as tf from '@tensorflow/tfjs';
import type { StepRandom } from '../engine/index.ts';
import { type Condition, LayerMaker, type LayerOptions } from './layers.ts';
import { volume } from './ndarray.ts';
import { show } from './validate.ts';

export const activations = ['relu', 'sigmoid', 'tanh', 'elu', 'selu', 'linear'] as const;
export type Activation = (typeof activations)[number];

export interface NetworkOptions extends LayerOptions {
  /** Values per sample. */
  width: number;
  hidden: readonly number[];
  latentDim: number;
  latentActivation: Activation;
  /** Of the last layer. */
  output: Activation;
  /** The encoder gives a mean and a log variance instead of one code. */
  variational?: boolean;
  condition?: Condition;
}

export interface Networks {
  /** [batch, …] to [batch, k]; with labels, the second input is [batch, classes]. */
  readonly encoder: tf.LayersModel;
  /** [batch, k] to [batch, …]; with labels as the encoder. */
  readonly decoder: tf.LayersModel;
  /** The decoder up to its last sigmoid, if it ends with one as a layer of its own. */
  readonly logits?: tf.LayersModel;
  /** The whole encoder of a variational model, [mean, log variance], whose first half `encoder` is. */
  readonly posterior?: tf.LayersModel;
}

/** width -> hidden -> latentDim -> hidden, mirrored -> width, all dense. */
export function buildNetworks(options: NetworkOptions): Networks {
  const { width, hidden, latentDim, output, condition } = options;
  const into = new LayerMaker('encoder', options, condition);
  const input = into.input([width]);
  const encoder = into.model(input, codeLayers(into, denseLayers(into, into.joinLabels(input), hidden), options));
  const out = new LayerMaker('decoder', options, condition);
  const code = out.input([latentDim]);
  const last = out.dense(denseLayers(out, out.joinLabels(code), [...hidden].reverse()), width, 'output');
  return completeNetworks(encoder, out.model(code, out.activate(last, output, 'output')));
}

export function denseLayers(maker: LayerMaker, input: tf.SymbolicTensor, hidden: readonly number[]): tf.SymbolicTensor {
  return hidden.reduce(
    (value, units, i) => maker.finish(maker.dense(value, units, `hidden${i + 1}`), `hidden${i + 1}`),
    input,
  );
}

/** The encoder's end: a code, or the mean and the log variance of one. */
export function codeLayers(
  maker: LayerMaker,
  value: tf.SymbolicTensor,
  options: Pick<NetworkOptions, 'latentDim' | 'latentActivation' | 'variational'>,
): tf.SymbolicTensor | tf.SymbolicTensor[] {
  const { latentDim, latentActivation, variational } = options;
  const code = maker.activate(maker.dense(value, latentDim, 'code'), latentActivation, 'code');
  return variational ? [code, maker.dense(value, latentDim, 'log_variance')] : code;
}

/** Two networks as a pair whose dropout draws from the training step's randomness. */
export function completeNetworks(fullEncoder: tf.LayersModel, decoder: tf.LayersModel): Networks {
  seedDropout(fullEncoder);
  seedDropout(decoder);
  spareInputGradient(fullEncoder);
  const variational = fullEncoder.outputs.length === 2;
  const encoder = variational
    ? tf.model({ inputs: fullEncoder.inputs, outputs: fullEncoder.outputs[0], name: 'encoder_mean' })
    : fullEncoder;
  const last = decoder.layers.at(-1);
  const endsInSigmoid =
    last?.getClassName() === 'Activation' &&
    last.getConfig().activation === 'sigmoid' &&
    last.output === decoder.output;
  return {
    encoder,
    decoder,
    ...(endsInSigmoid && {
      logits: tf.model({ inputs: decoder.inputs, outputs: last.input as tf.SymbolicTensor, name: 'logits' }),
    }),
    ...(variational && { posterior: fullEncoder }),
  };
}

/** What a model asks of networks that users bring. */
export interface NetworkShape {
  /** Two where labels come in beside samples and codes. */
  readonly inputs: 1 | 2;
  /** Of the encoder: two where it gives a mean and a log variance. */
  readonly outputs: 1 | 2;
}

/** Refuses networks that do not fit together. */
export function checkOwnNetworks(encoder: unknown, decoder: unknown, shape: NetworkShape): void {
  for (const [name, model] of Object.entries({ encoder, decoder })) {
    if (!(model instanceof tf.LayersModel)) {
      throw new TypeError(
        `encoder and decoder must both be tf.LayersModel where one is given, ${name} is ${show(model)}`,
      );
    }
    const outputs = name === 'encoder' ? shape.outputs : 1;
    if (model.inputs.length !== shape.inputs || model.outputs.length !== outputs) {
      throw new RangeError(
        `${name} must have ${shape.inputs === 1 ? 'one input' : 'two inputs (the second for labels)'} and ` +
          `${outputs === 1 ? 'one output' : 'two outputs (mean and log variance)'}, ` +
          `it has ${model.inputs.length} and ${model.outputs.length}`,
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

/** One or two inputs through a network. @param y labels, one-hot */
export function apply<T = tf.Tensor>(
  model: tf.LayersModel,
  x: tf.Tensor,
  y: tf.Tensor | undefined,
  training = false,
): T {
  return model.apply(y ? [x, y] : x, { training }) as T;
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
export function allWeights(...models: readonly tf.LayersModel[]): tf.Variable[] {
  return models.flatMap((model) => model.weights.map((weight) => weight.read() as tf.Variable));
}

/** The layers that train, input side first, each with its variables. */
export function trainableLayers(...models: readonly tf.LayersModel[]): { name: string; variables: tf.Variable[] }[] {
  return models
    .flatMap(({ layers }) => layers)
    .map((layer) => ({
      name: layer.name,
      variables: layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
    }))
    .filter(({ variables }) => variables.length > 0);
}

/** The networks that hold all weights between them. */
export function wholeNetworks({ encoder, decoder, posterior }: Networks): [tf.LayersModel, tf.LayersModel] {
  return [posterior ?? encoder, decoder];
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

/** tfjs's dropout draws from Math.random, or the same mask for ever. The layers stay ones that plain tfjs can load. */
export function seedDropout(model: tf.LayersModel): void {
  for (const layer of model.layers) {
    if (layer.getClassName() !== 'Dropout' || seeded.has(layer)) continue;
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
