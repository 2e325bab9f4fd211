import * as tf from '@tensorflow/tfjs';
import { Autoencoder } from './autoencoder.ts';
import { mapBatches } from './batches.ts';
import { type Dataset, isDataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import { checkFitOptions, type LabelledFitOptions } from './fitOptions.ts';
import { checkClasses, labelsFor, oneHot } from './labels.ts';
import { checkInitializer, type Initializer, LayerMaker, makeInitializer } from './layers.ts';
import { type NdArray, type Samples, toNdArray, volume } from './ndarray.ts';
import {
  type Activation,
  activations,
  allWeights,
  denseLayers,
  seedDropout,
  shapes,
  trainableLayers,
  withStepRandom,
} from './networks.ts';
import { networkOf, readModel, type SavedModel, type SavedOptions } from './persistence.ts';
import { freshSeed } from './random.ts';
import type { Run } from './run.ts';
import type { StepInput, Terms } from './step.ts';
import { describeNetworks } from './summary.ts';
import { evaluateLoss, type TrainingData } from './train.ts';
import { TrainedModel } from './trainedModel.ts';
import { splitOff } from './trainingData.ts';
import { checkFinite, checkKnownOptions, checkOneOf, checkPositiveInteger, checkSeed, show } from './validate.ts';

/** Hidden layers to be made, all activated alike. */
export interface FreshEncoder {
  hidden: number[];
  /** Default 'relu'. */
  activation?: Activation;
  /** Also of the softmax layer. Default 'glorotUniform'. */
  initializer?: Initializer;
}

export interface ClassifierOptions {
  /** Layers that are there already, which are copied, or fresh ones. */
  encoder: Autoencoder | tf.LayersModel | FreshEncoder;
  /** Labels are integers from 0 up to below it. */
  classes: number;
  /** Trains the softmax layer alone; default false. */
  freeze?: boolean;
  seed?: number;
}

/**
 * A supervised net: an encoder, pre-trained or fresh, with a new softmax layer on top. The loss is the cross-entropy of
 * the classes, in nats. An encoder that is given is copied: the autoencoder stays as it is.
 *
 * Source: Bengio et al. 2007 for supervised nets on layers that were trained without labels.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const autoencoder = new Autoencoder({ hidden: [128], latentDim: 32, latentActivation: 'relu', seed: 1 });
 * await autoencoder.fit(train.slice(0, 1000), { epochs: 3 }); // needs no labels
 * const model = new Classifier({ encoder: autoencoder, classes: 10, seed: 1 });
 * await model.fit(train.slice(0, 200), { epochs: 10 }); // needs few
 * console.log(await model.evaluate(test)); // { accuracy, loss }
 * ```
 */
export class Classifier extends TrainedModel {
  readonly classes: number;
  readonly freeze: boolean;
  readonly #fresh: FreshEncoder | undefined;
  #networks: { readonly encoder: tf.LayersModel; readonly head: tf.LayersModel } | undefined;

  /** @throws TypeError or RangeError that names the option, its value and what is allowed */
  constructor(options: ClassifierOptions) {
    checkKnownOptions('Classifier', options ?? {}, ['encoder', 'classes', 'freeze', 'seed']);
    const { encoder, freeze = false, seed } = options ?? {};
    const classes = checkClasses(options?.classes);
    if (typeof freeze !== 'boolean') throw new TypeError(`freeze must be true or false, got ${show(freeze)}`);
    super(seed === undefined ? freshSeed() : checkSeed(seed));
    this.classes = classes;
    this.freeze = freeze;
    if (encoder instanceof Autoencoder) this.#networks = this.#onTopOf(copyOf(encoder.encoder));
    else if (encoder instanceof tf.LayersModel) this.#networks = this.#onTopOf(copyOf(encoder));
    else this.#fresh = checkFresh(encoder);
    if (this.#fresh && freeze) throw new RangeError('freeze needs an encoder that was trained, got a fresh one');
  }

  /** [batch, d] to [batch, classes], before the softmax. */
  get network(): tf.LayersModel {
    const { encoder, head } = this.#fitted();
    const logits = head.apply(encoder.outputs[0]) as tf.SymbolicTensor;
    return tf.model({ inputs: encoder.inputs, outputs: logits, name: 'classifier' });
  }

  /** The layers, their shapes and numbers of weights, as text. */
  summary(): string {
    const { encoder, head } = this.#fitted();
    return describeNetworks('Classifier', encoder, head);
  }

  /**
   * Trains on labelled samples; as Autoencoder.fit.
   *
   * @param options.labels one per sample, where x has none
   */
  async fit(x: Samples | Dataset, options: LabelledFitOptions = {}): Promise<Run> {
    return this.exclusively(() => this.#fit(x, options));
  }

  async #fit(x: Samples | Dataset, given: LabelledFitOptions): Promise<Run> {
    const data = await this.#data('x', x, given.labels);
    const options = checkFitOptions(given, data.x.length, ['labels']);
    if (options.target !== undefined)
      throw new TypeError("a Classifier has no option 'target': its targets are labels");
    this.checkResume(options);
    const { train, validation } =
      typeof options.validation === 'number' || options.validation === undefined
        ? splitOff(data, options.validation ?? 0)
        : { train: data, validation: await this.#data('validation', options.validation) };
    await loadEngine();
    const { encoder, head } = (this.#networks ??= this.#build(volume(data.x.shape.slice(1))));
    return this.train(
      {
        unit: 'nats',
        layers: trainableLayers(...(this.freeze ? [head] : [encoder, head])),
        loss: (input) => withStepRandom(input.random, () => this.#terms(input)),
        train: this.#shaped(train),
        ...(validation && { validation: this.#shaped(validation) }),
      },
      options,
    );
  }

  /** The likeliest class of each sample. @param x [n, …] @returns [n] */
  async predict(x: Samples | Dataset): Promise<Int32Array> {
    return likeliest(await this.predictProbabilities(x));
  }

  /** @param x [n, …] @returns [n, classes], rows that sum to 1 */
  async predictProbabilities(x: Samples | Dataset): Promise<NdArray> {
    const { encoder, head } = this.#fitted();
    const samples = await this.#samples('x', x);
    await loadEngine();
    return mapBatches(
      samples.reshape(samples.length, ...shapes(encoder).input),
      (batch) => (head.apply(encoder.apply(batch, { training: false }) as tf.Tensor) as tf.Tensor).softmax(),
      { name: 'probabilities', networks: [head, encoder] },
    );
  }

  /** Share of samples whose class is found, and the mean cross-entropy in nats. */
  async evaluate(x: Samples | Dataset, labels?: ArrayLike<number>): Promise<{ accuracy: number; loss: number }> {
    this.#fitted();
    const data = await this.#data('x', x, labels);
    const predicted = await this.predict(data.x);
    const truth = likeliest(data.y);
    const right = predicted.reduce((count, label, i) => count + (label === truth[i] ? 1 : 0), 0);
    const problem = { loss: (input: StepInput) => this.#terms(input), weights: this.weightsToFree() };
    const means = await evaluateLoss(problem, this.#shaped(data));
    return { accuracy: right / truth.length, loss: means.loss };
  }

  /** A classifier that `save` wrote. @throws Error if the folder holds none */
  static async load(folder: string): Promise<Classifier> {
    await loadEngine();
    const saved = await readModel(folder, {});
    if (saved.model !== 'Classifier') {
      throw new TypeError(`${folder} holds a model of the class ${saved.model}; use ${saved.model}.load or loadModel`);
    }
    const { classes, freeze, seed } = saved.options as unknown as ClassifierOptions;
    // naming itself would rename the class in the bundle
    const model = new this({ encoder: { hidden: [] }, classes, seed });
    await model.#adopt(saved, freeze === true);
    return model;
  }

  async #adopt(saved: SavedModel, freeze: boolean): Promise<void> {
    const [encoder, head] = [await networkOf(saved, 'encoder'), await networkOf(saved, 'head')];
    allWeights(encoder, head).forEach((variable, i) => {
      tf.tidy(() => variable.assign(tf.tensor(saved.weights[i].values, saved.weights[i].shape)));
    });
    seedDropout(encoder);
    this.#networks = { encoder, head };
    (this as { freeze: boolean }).freeze = freeze;
    this.adoptState(saved);
  }

  protected override partsToSave(): Record<string, tf.LayersModel> {
    return { ...this.#fitted() };
  }

  protected override optionsToSave(): SavedOptions {
    const { classes, freeze, seed } = this;
    return { classes, freeze, seed, ...this.#fresh };
  }

  protected override weightsToFree(): readonly tf.Variable[] {
    return this.#networks ? allWeights(this.#networks.encoder, this.#networks.head) : [];
  }

  /** The cross-entropy of softmax(logits): -log p(y) = log sum e^l - l_y. Unit: nats, a mean over the batch. */
  #terms({ x, y, training }: StepInput): Terms {
    const { encoder, head } = this.#fitted();
    const code = encoder.apply(x, { training: training && !this.freeze }) as tf.Tensor;
    const logits = head.apply(code, { training }) as tf.Tensor2D;
    return { crossEntropy: logits.logSoftmax().mul(y!).sum(1).neg().mean() };
  }

  #build(width: number): { encoder: tf.LayersModel; head: tf.LayersModel } {
    const { hidden, activation = 'relu', initializer = 'glorotUniform' } = this.#fresh!;
    const maker = new LayerMaker('encoder', {
      activation,
      initializer,
      batchNorm: false,
      dropout: 0,
      l2: 0,
      seed: this.seed,
    });
    const input = maker.input([width]);
    // a model needs a layer, so that without hidden ones the input passes through unchanged
    const end = hidden.length > 0 ? denseLayers(maker, input, hidden) : maker.reshape(input, [width], 'same');
    return this.#onTopOf(maker.model(input, end));
  }

  #onTopOf(encoder: tf.LayersModel): { encoder: tf.LayersModel; head: tf.LayersModel } {
    if (encoder.inputs.length !== 1 || encoder.outputs.length !== 1) {
      throw new RangeError(
        `encoder must have one input and one output, it has ${encoder.inputs.length} and ${encoder.outputs.length}`,
      );
    }
    seedDropout(encoder);
    const code = tf.input({ shape: shapes(encoder).output, name: 'code' });
    const flat = code.rank > 2 ? tf.layers.flatten({ name: 'flat_code' }).apply(code) : code;
    const dense = tf.layers.dense({
      units: this.classes,
      name: 'classes',
      // codes that were learned have any size: from zero, the first answers are even all the same
      kernelInitializer: this.#fresh
        ? makeInitializer(this.#fresh.initializer ?? 'glorotUniform', this.seed, 'classes')
        : tf.initializers.zeros(),
    });
    return { encoder, head: tf.model({ inputs: code, outputs: dense.apply(flat) as tf.SymbolicTensor, name: 'head' }) };
  }

  #fitted() {
    this.assertAlive();
    if (!this.#networks) {
      throw new Error("this Classifier has no networks yet: call fit first, which learns the data's width");
    }
    return this.#networks;
  }

  async #samples(name: string, x: Samples | Dataset): Promise<NdArray> {
    this.assertAlive();
    const samples = isDataset(x) ? x.x : await toNdArray(x);
    checkFinite(name, samples);
    if (this.#networks) {
      const [width, expected] = [volume(samples.shape.slice(1)), volume(shapes(this.#networks.encoder).input)];
      if (width !== expected) {
        throw new RangeError(`${name} must have ${expected} values per sample, as the model has inputs, got ${width}`);
      }
    }
    return samples;
  }

  async #data(
    name: string,
    x: Samples | Dataset,
    labels?: ArrayLike<number>,
  ): Promise<TrainingData & { readonly y: NdArray }> {
    const samples = await this.#samples(name, x);
    return {
      x: samples,
      target: samples,
      y: oneHot(labelsFor(x, labels, samples.length, this.classes), this.classes),
    };
  }

  #shaped({ x, y }: TrainingData): TrainingData {
    const shaped = x.reshape(x.length, ...shapes(this.#fitted().encoder).input);
    return { x: shaped, target: shaped, y };
  }
}

function checkFresh(encoder: unknown): FreshEncoder {
  if (typeof encoder !== 'object' || encoder === null || !Array.isArray((encoder as FreshEncoder).hidden)) {
    throw new TypeError(
      `encoder must be an Autoencoder, a tf.LayersModel or { hidden: [units, …] }, got ${show(encoder)}`,
    );
  }
  checkKnownOptions('encoder', encoder, ['hidden', 'activation', 'initializer']);
  const { hidden, activation, initializer } = encoder as FreshEncoder;
  hidden.forEach((units, i) => {
    checkPositiveInteger(`encoder.hidden[${i}]`, units);
  });
  if (activation !== undefined) checkOneOf('encoder.activation', activation, activations);
  if (initializer !== undefined) checkInitializer(initializer);
  return encoder as FreshEncoder;
}

/** The same layers with weights of their own. */
function copyOf(model: tf.LayersModel): tf.LayersModel {
  const Model = model.constructor as typeof tf.LayersModel;
  const copy = Model.fromConfig(Model, model.getConfig() as tf.serialization.ConfigDict) as tf.LayersModel;
  const own = allWeights(copy);
  allWeights(model).forEach((variable, i) => {
    own[i].assign(variable);
  });
  return copy;
}

/** @param rows [n, classes] */
function likeliest({ data, shape: [n, classes] }: NdArray): Int32Array {
  return Int32Array.from({ length: n }, (_, i) => {
    const row = data.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
}
