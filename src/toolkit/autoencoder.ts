import * as tf from '@tensorflow/tfjs';
import { mapBatches } from './batches.ts';
import { type BatchSource, firstRows, isBatchSource, streamOf } from './batchSource.ts';
import { type Dataset, isDataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import { writeOnnx } from './exportOnnx.ts';
import { type CheckedFitOptions, checkFitOptions, type FitOptions, type LabelledFitOptions } from './fitOptions.ts';
import { jacobianNorms } from './jacobian.ts';
import {
  crossEntropyFromLogits,
  errorPerSample,
  isCrossEntropy,
  type LossName,
  lossNames,
  lossPerSample,
} from './losses.ts';
import { checkModelOptions, type ModelOptions, networkOptionsFor } from './modelOptions.ts';
import { NdArray, type Samples, toNdArray, volume } from './ndarray.ts';
import {
  allWeights,
  apply,
  buildNetworks,
  completeNetworks,
  type Networks,
  shapes,
  trainableLayers,
  wholeNetworks,
  withStepRandom,
} from './networks.ts';
import { corruptInStep, type Noise } from './noise.ts';
import { modelClasses, networkOf, readModel, type SavedModel, type SavedOptions, type Unsaved } from './persistence.ts';
import { freshSeed } from './random.ts';
import type { Run } from './run.ts';
import type { StepInput, Terms } from './step.ts';
import { describeNetworks } from './summary.ts';
import { evaluateLoss, type TrainingData, type TrainingStream } from './train.ts';
import { TrainedModel } from './trainedModel.ts';
import { splitOff, warnOfRange } from './trainingData.ts';
import { checkFinite, checkOneOf } from './validate.ts';
import { warningOfDeadUnits } from './warnings.ts';

/** Options of any autoencoder. */
type AnyOptions = Omit<ModelOptions, 'latentDim'> & { latentDim?: number | null };

/** Samples, and what the networks want beside them. */
export interface Inputs {
  readonly x: NdArray;
  /** Labels as one-hot rows, [n, classes]. */
  readonly y?: NdArray;
}

/** A batch's code, and what the loss holds against it. */
export interface Code {
  readonly z: tf.Tensor;
  readonly terms?: Terms;
}

/** Samples looked at for warnings after a fit. */
const sampleOfData = 512;

/**
 * A network that puts samples through a narrow code and back. What it can't say in so few numbers is its error.
 *
 * Samples of any shape are flattened where the encoder is made from options. Source: Hinton & Salakhutdinov 2006.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const model = new Autoencoder({ hidden: [64], latentDim: 16, seed: 1 });
 * await model.fit(train.slice(0, 1000), { epochs: 3 });
 * console.log(await model.evaluate(test.slice(0, 200))); // { loss, reconstruction }
 * plot.reconstructions(model, test);
 * ```
 */
export class Autoencoder extends TrainedModel {
  /** As given. */
  readonly options: Readonly<AnyOptions>;
  #networks: Networks | undefined;

  /**
   * Checks and keeps the options. The networks are made by the first fit, which knows the data's width.
   *
   * @throws TypeError or RangeError that names the option, its value and what is allowed
   */
  constructor(options: ModelOptions = {}) {
    new.target.checkOptions(new.target.name, options);
    super(options.seed ?? freshSeed());
    this.options = Object.freeze({ ...options });
    if (options.encoder && options.decoder) this.#networks = completeNetworks(options.encoder, options.decoder);
  }

  /** Throws at the first option that is not as it should be. */
  protected static checkOptions(what: string, options: object): void {
    checkModelOptions(what, options);
  }

  /** [batch, …] to [batch, k]; usable on its own, saved and loaded as any tf.LayersModel. */
  get encoder(): tf.LayersModel {
    return this.networks.encoder;
  }

  /** [batch, k] to [batch, …]; usable on its own. */
  get decoder(): tf.LayersModel {
    return this.networks.decoder;
  }

  /** Number of weights that train. */
  get parameters(): number {
    const variables = trainableLayers(...wholeNetworks(this.networks)).flatMap((layer) => layer.variables);
    return variables.reduce((sum, variable) => sum + variable.size, 0);
  }

  /** The layers, their shapes and numbers of weights, as text. */
  summary(): string {
    return describeNetworks(this.constructor.name, ...wholeNetworks(this.networks));
  }

  /**
   * Trains on samples [n, …]. A second call goes on from the weights reached; with `resume` also from the optimizer's
   * state and the place in the random sequences, as if the first call had had more epochs.
   *
   * Data that does not fit in memory comes as a function that gives batches, called again for every epoch; validation is
   * then separate data.
   *
   * An interrupt (options.signal, or the user stopping the cell) ends it early with `stopped: 'interrupted'`.
   * @throws RangeError before training, if data or options are not as they should be; Error if the loss becomes NaN,
   *   with the last good weights kept
   */
  async fit(x: Samples | Dataset | BatchSource, options: FitOptions = {}): Promise<Run> {
    this.assertComplete('fit', ['loss', 'noise', 'extraLosses']);
    if (isBatchSource(x)) return this.exclusively(async () => this.#fitStream(x, options));
    return this.exclusively(async () => this.fitInputs(await this.inputs('x', x), options));
  }

  /**
   * Codes of samples.
   *
   * @param x [n, …]
   * @returns [n, k]
   */
  async encode(x: Samples | Dataset): Promise<NdArray> {
    return this.encodeInputs(await this.fittedInputs('x', x));
  }

  /**
   * Samples from codes.
   *
   * @param z [n, k]
   * @returns [n, d], or [n, …] as the decoder gives them
   */
  async decode(z: Samples): Promise<NdArray> {
    return this.decodeInputs(await this.codes(z));
  }

  /**
   * Samples through the code and back.
   *
   * @param x [n, …]
   * @returns as x
   */
  async reconstruct(x: Samples | Dataset): Promise<NdArray> {
    return this.reconstructInputs(await this.fittedInputs('x', x));
  }

  /**
   * How far each sample is from its reconstruction.
   *
   * @param metric its name says the unit; default: the model's loss
   * @returns [n]
   */
  async reconstructionError(x: Samples | Dataset, metric?: LossName): Promise<Float32Array> {
    return this.inputErrors(await this.fittedInputs('x', x), metric);
  }

  /** The loss on data and the terms that add up to it, means over samples, keys as in Run.history. */
  async evaluate(x: Samples | Dataset): Promise<Record<string, number>> {
    return this.evaluateInputs(await this.fittedInputs('x', x));
  }

  /**
   * How much the mean error grows when one latent is fixed at its mean: what each latent is worth.
   *
   * @returns [k], in the unit of the loss
   */
  async latentImportance(x: Samples | Dataset): Promise<Float32Array> {
    return this.inputImportance(await this.fittedInputs('x', x));
  }

  /**
   * How strongly the code answers to small changes of the sample: the Frobenius norm of the encoder's Jacobian,
   * sqrt(sum over latents and features of (dz/dx)^2). Cost: one pass back through the encoder for each latent.
   *
   * @returns [n]
   */
  async jacobianNorm(x: Samples | Dataset): Promise<Float32Array> {
    return this.inputJacobianNorm(await this.fittedInputs('x', x));
  }

  /**
   * A model that `save` wrote, ready to use and to train on.
   *
   * @param unsaved options that were functions, which a file can't hold; needed only where they are used
   * @throws Error if the folder holds no model, one of another class, or one of a newer version
   */
  static async load<T>(this: new (...args: never[]) => T, folder: string, unsaved: Unsaved = {}): Promise<T> {
    await loadEngine();
    const saved = await readModel(folder, unsaved);
    const Model = modelClasses.get(saved.model) as (new (options: SavedOptions) => unknown) | undefined;
    if (!Model) {
      const advice = saved.model === 'Classifier' ? ': use Classifier.load' : '';
      throw new Error(`${folder} holds a ${saved.model}, which is no autoencoder that this version knows${advice}`);
    }
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class that load was called on
    if (!(Model === this || Model.prototype instanceof this)) {
      throw new TypeError(`${folder} holds a model of the class ${saved.model}; use ${saved.model}.load or loadModel`);
    }
    const model = new Model(saved.options);
    await (model as Autoencoder).#adopt(saved);
    return model as T;
  }

  async #adopt(saved: SavedModel): Promise<void> {
    const [encoder, decoder] = [await networkOf(saved, 'encoder'), await networkOf(saved, 'decoder')];
    this.#networks = completeNetworks(encoder, decoder);
    allWeights(encoder, decoder).forEach((variable, i) => {
      tf.tidy(() => variable.assign(tf.tensor(saved.weights[i].values, saved.weights[i].shape)));
    });
    this.adoptState(saved);
  }

  protected override partsToSave(): Record<string, tf.LayersModel> {
    const [encoder, decoder] = wholeNetworks(this.networks);
    return { encoder, decoder };
  }

  protected override optionsToSave(): SavedOptions {
    return { ...this.options, seed: this.seed };
  }

  protected override weightsToFree(): readonly tf.Variable[] {
    return this.#networks ? allWeights(...wholeNetworks(this.#networks)) : [];
  }

  /** The networks for samples of `width` values. */
  protected build(width: number): Networks {
    return buildNetworks(networkOptionsFor(width, this.options as ModelOptions, this.seed));
  }

  /** Corrupts what the encoder sees in training. */
  protected get noise(): Noise | undefined {
    return this.options.noise;
  }

  /** The reconstruction loss; its name is its unit. */
  protected get loss(): NonNullable<ModelOptions['loss']> {
    return this.options.loss ?? 'mse';
  }

  /** The code of a batch, with penalties on it: pure tf code, so that it can be compiled. */
  protected code(x: tf.Tensor, { y, training }: StepInput): Code {
    return { z: apply(this.networks.encoder, x, y, training) };
  }

  /**
   * Writes encoder.onnx (x [batch, …] to z [batch, k]), decoder.onnx (z to output) and model.onnx (x to output) for ONNX
   * runtimes of any language; a model that takes labels has them as a further input `label`, [batch, classes]. The number
   * of samples is free. Each file is run and compared with the model before it is kept.
   *
   * @throws Error if the folder can't be written, or a layer of your own can't be expressed
   */
  async exportOnnx(folder: string): Promise<void> {
    const { encoder, decoder } = this.networks;
    await loadEngine();
    const perSample = ({ inputs }: tf.LayersModel, name: string) =>
      Object.fromEntries(inputs.map(({ shape }, i) => [i === 0 ? name : 'label', shape.slice(1) as number[]]));
    const variables = allWeights(...wholeNetworks(this.networks));
    await writeOnnx(folder, {
      encoder: { variables, inputs: perSample(encoder, 'x'), output: 'z', code: (x, y) => apply(encoder, x, y) },
      decoder: { variables, inputs: perSample(decoder, 'z'), output: 'output', code: (z, y) => apply(decoder, z, y) },
      model: {
        variables,
        inputs: perSample(encoder, 'x'),
        output: 'output',
        code: (x, y) => apply(decoder, apply(encoder, x, y), y),
      },
    });
  }

  /** StepInput.scalars: numbers that change from epoch to epoch. */
  protected scalars(_epoch: number): Record<string, number> {
    return {};
  }

  /** The loss of a batch as terms that add up to it: pure tf code, so that it can be compiled. */
  protected terms(input: StepInput): Terms {
    const { x, y, target, random, step, training } = input;
    const { decoder, logits } = this.networks;
    const { extraLosses } = this.options;
    const loss = this.loss;
    const seen = training && this.noise ? corruptInStep(this.noise, x, random, step) : x;
    const { z, terms: codeTerms } = this.code(seen, input);
    const terms: Terms = {};
    let output: tf.Tensor | undefined;
    if (logits && isCrossEntropy(loss)) {
      const beforeSigmoid = apply(logits, z, y, training);
      terms.reconstruction = crossEntropyFromLogits(loss, target, beforeSigmoid).mean();
      if (extraLosses) output = beforeSigmoid.sigmoid();
    } else {
      const decoded = apply(decoder, z, y, training);
      const perSample = typeof loss === 'function' ? loss(target, decoded) : lossPerSample(loss, target, decoded);
      output = decoded;
      checkPerSample(perSample, target);
      terms.reconstruction = perSample.mean();
    }
    Object.assign(terms, codeTerms);
    for (const [name, extra] of Object.entries(extraLosses ?? {})) terms[name] = extra({ x, z, output: output! });
    const penalties = wholeNetworks(this.networks).flatMap((network) => network.calculateLosses());
    if (penalties.length > 0) terms.l2 = tf.addN(penalties).asScalar();
    return terms;
  }

  protected get networks(): Networks {
    this.assertAlive();
    if (!this.#networks) {
      throw new Error(
        `this ${this.constructor.name} has no networks yet: call fit first, which learns the data's width`,
      );
    }
    return this.#networks;
  }

  /** The networks there are, or fresh ones for samples of this width. The engine is loaded. */
  protected networksFor(width: number): Networks {
    return (this.#networks ??= this.build(width));
  }

  /** Data as an array, checked for what no model can use. */
  protected async inputs(name: string, x: Samples | Dataset, _labels?: ArrayLike<number>): Promise<Inputs> {
    return { x: await this.samples(name, x) };
  }

  /** As `inputs`, for a model that must have been fitted. */
  protected async fittedInputs(name: string, x: Samples | Dataset, labels?: ArrayLike<number>): Promise<Inputs> {
    void this.networks;
    return this.inputs(name, x, labels);
  }

  protected async samples(name: string, x: Samples | Dataset): Promise<NdArray> {
    this.assertAlive();
    const samples = isDataset(x) ? x.x : await toNdArray(x);
    checkFinite(name, samples);
    if (this.#networks)
      checkWidth(name, samples, volume(shapes(this.#networks.encoder).input), 'as the model has inputs');
    return samples;
  }

  /** Codes as the decoder takes them. @param z [n, k] */
  protected async codes(z: Samples): Promise<Inputs> {
    const { input } = shapes(this.networks.decoder);
    const codes = await toNdArray(z);
    checkFinite('z', codes);
    const width = volume(codes.shape.slice(1));
    if (width !== volume(input)) {
      throw new RangeError(`z must have ${volume(input)} values per code, as the model's code has, got ${width}`);
    }
    return { x: codes.reshape(codes.length, ...input) };
  }

  protected async encodeInputs(inputs: Inputs): Promise<NdArray> {
    const { encoder } = this.networks;
    await loadEngine();
    return mapBatches(this.#arrays(inputs), (x, y) => apply(encoder, x, y), { name: 'encode', networks: [encoder] });
  }

  protected async decodeInputs({ x: codes, y }: Inputs): Promise<NdArray> {
    const { decoder } = this.networks;
    await loadEngine();
    return mapBatches(y ? [codes, y] : codes, (z, labels) => apply(decoder, z, labels), {
      name: 'decode',
      networks: [decoder],
    });
  }

  protected async reconstructInputs(inputs: Inputs): Promise<NdArray> {
    const { encoder, decoder } = this.networks;
    await loadEngine();
    const output = await mapBatches(this.#arrays(inputs), (x, y) => apply(decoder, apply(encoder, x, y), y), {
      name: 'reconstruct',
      networks: [encoder, decoder],
    });
    return output.reshape(...inputs.x.shape);
  }

  protected async inputErrors(inputs: Inputs, metric?: LossName): Promise<Float32Array> {
    if (metric !== undefined) checkOneOf('metric', metric, lossNames);
    else this.assertComplete('reconstructionError without a metric', ['loss']);
    return this.#errors(inputs.x, await this.reconstructInputs(inputs), metric);
  }

  protected async evaluateInputs({ x, y }: Inputs): Promise<Record<string, number>> {
    this.assertComplete('evaluate', ['loss', 'extraLosses']);
    const samples = this.#shaped(x);
    await loadEngine();
    const data = { x: samples, target: samples, ...(y && { y }) };
    const problem = { loss: (input: StepInput) => this.terms(input), weights: this.weightsToFree() };
    const means = await evaluateLoss(problem, data, this.scalars(Infinity));
    return { loss: means.loss, ...means.terms };
  }

  protected async inputImportance(inputs: Inputs): Promise<Float32Array> {
    this.assertComplete('latentImportance', ['loss']);
    const { x, y } = inputs;
    const codes = await this.encodeInputs(inputs);
    const k = codes.data.length / codes.length;
    const error = async (z: NdArray) => {
      const output = await this.decodeInputs({ x: z, ...(y && { y }) });
      const errors = await this.#errors(x, output.reshape(...x.shape));
      return errors.reduce((sum, value) => sum + value, 0) / errors.length;
    };
    const whole = await error(codes);
    const importance = new Float32Array(k);
    for (let latent = 0; latent < k; latent++) {
      let sum = 0;
      for (let i = latent; i < codes.data.length; i += k) sum += codes.data[i];
      const fixed = codes.data.slice();
      for (let i = latent; i < fixed.length; i += k) fixed[i] = sum / codes.length;
      importance[latent] = (await error(new NdArray(fixed, codes.shape))) - whole;
    }
    return importance;
  }

  protected async inputJacobianNorm(inputs: Inputs): Promise<Float32Array> {
    const { encoder } = this.networks;
    await loadEngine();
    return (await mapBatches(this.#arrays(inputs), (x, y) => jacobianNorms(encoder, x, y))).data;
  }

  /** @param own names of fit options beyond everyone's */
  protected async fitInputs(inputs: Inputs, given: LabelledFitOptions, own: readonly string[] = []): Promise<Run> {
    const { x, y } = inputs;
    const options = checkFitOptions(given, x.length, own);
    this.checkResume(options);
    const target = options.target === undefined ? x : await this.#target(options.target, x);
    const data: TrainingData = { x, target, ...(y && { y }) };
    const parts =
      typeof options.validation === 'number' || options.validation === undefined
        ? splitOff(data, options.validation ?? 0)
        : { train: data, validation: await this.#validation(options.validation, x) };
    await loadEngine();
    this.networksFor(volume(x.shape.slice(1)));
    this.#warnOfRange(target);
    const run = await this.#learn(this.#shapedData(parts.train), parts.validation, options);
    await this.lookBack({ x: x.slice(0, sampleOfData), ...(y && { y: y.slice(0, sampleOfData) }) });
    return run;
  }

  async #fitStream(source: BatchSource, given: FitOptions): Promise<Run> {
    const options = checkFitOptions(given, Infinity);
    this.checkResume(options);
    if (options.target !== undefined)
      throw new TypeError('target goes with data in memory, not with a source of batches');
    if (typeof options.validation === 'number' && options.validation > 0) {
      throw new TypeError('validation must be separate data where x is a source of batches, got a fraction of it');
    }
    const first = await this.samples('x', await firstRows(source));
    const validation =
      typeof options.validation === 'object' ? await this.#validation(options.validation, first) : undefined;
    await loadEngine();
    const { encoder } = this.networksFor(volume(first.shape.slice(1)));
    this.#warnOfRange(first);
    const { batchSize, shuffle } = options;
    const stream = streamOf(source, { shape: shapes(encoder).input, batchSize, shuffle, seed: this.seed });
    const run = await this.#learn(stream, validation, options);
    await this.lookBack({ x: first.slice(0, sampleOfData) });
    return run;
  }

  #learn(
    data: TrainingData | TrainingStream,
    validation: TrainingData | undefined,
    options: CheckedFitOptions,
  ): Promise<Run> {
    return this.train(
      {
        unit: typeof this.loss === 'function' ? this.loss.name || 'loss' : this.loss,
        layers: trainableLayers(...wholeNetworks(this.networks)),
        loss: (input) => withStepRandom(input.random, () => this.terms(input)),
        scalars: (epoch) => this.scalars(epoch),
        train: data,
        ...(validation && { validation: this.#shapedData(validation) }),
      },
      options,
    );
  }

  #warnOfRange(target: NdArray): void {
    const crossEntropy = isCrossEntropy(this.loss);
    if (this.networks.logits !== undefined || crossEntropy) warnOfRange(target, crossEntropy);
  }

  /** Warns of what a fit has left. @param some a part of its data */
  protected async lookBack(some: Inputs): Promise<void> {
    const { encoder } = this.networks;
    const x = tf.tensor(some.x.data.slice(), [some.x.length, ...shapes(encoder).input]);
    const y = some.y && tf.tensor(some.y.data.slice(), [...some.y.shape]);
    try {
      this.warnOnce('dead units', await warningOfDeadUnits(encoder, x, y));
    } finally {
      tf.dispose([x, ...(y ? [y] : [])]);
    }
  }

  async #errors(x: NdArray, output: NdArray, metric?: LossName): Promise<Float32Array> {
    const loss = metric ?? this.loss;
    if (typeof loss !== 'function') return errorPerSample(loss, x, output);
    const errors = await mapBatches([this.#shaped(x), this.#shaped(output)], (a, b) => loss(a, b));
    return errors.data;
  }

  async #target(target: Samples | Dataset, x: NdArray): Promise<NdArray> {
    const samples = await this.samples('target', target);
    if (samples.length !== x.length || samples.data.length !== x.data.length) {
      throw new RangeError(`target must have the shape of x, [${x.shape}], got [${samples.shape}]`);
    }
    return samples;
  }

  async #validation(validation: Samples | Dataset, x: NdArray): Promise<TrainingData> {
    const inputs = await this.inputs('validation', validation);
    checkWidth('validation', inputs.x, volume(x.shape.slice(1)), 'as x has');
    return { ...inputs, target: inputs.x };
  }

  /** Samples as the encoder takes them. */
  #shaped(x: NdArray): NdArray {
    return x.reshape(x.length, ...shapes(this.networks.encoder).input);
  }

  #arrays({ x, y }: Inputs): NdArray[] {
    return y ? [this.#shaped(x), y] : [this.#shaped(x)];
  }

  #shapedData({ x, target, y }: TrainingData): TrainingData {
    const shaped = this.#shaped(x);
    return { x: shaped, target: target === x ? shaped : this.#shaped(target), ...(y && { y }) };
  }
}

modelClasses.set('Autoencoder', Autoencoder);

/** Loads any autoencoder that was saved, as its own class. */
export function loadModel(folder: string, unsaved: Unsaved = {}): Promise<Autoencoder> {
  return Autoencoder.load(folder, unsaved);
}

function checkWidth(name: string, samples: NdArray, expected: number, why: string): void {
  const width = volume(samples.shape.slice(1));
  if (width !== expected) {
    throw new RangeError(`${name} must have ${expected} values per sample, ${why}, got ${width}`);
  }
}

function checkPerSample(loss: tf.Tensor, x: tf.Tensor): void {
  if (!(loss instanceof tf.Tensor) || loss.rank !== 1 || loss.size !== x.shape[0]) {
    const got = loss instanceof tf.Tensor ? `shape [${loss.shape}]` : String(loss);
    throw new TypeError(`loss must return one value per sample, shape [${x.shape[0]}], got ${got}`);
  }
}
