import * as tf from '@tensorflow/tfjs';
import { mapBatches } from './batches.ts';
import { type Dataset, isDataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import { checkFitOptions, type FitOptions } from './fitOptions.ts';
import { host } from './host.ts';
import {
  crossEntropyFromLogits,
  errorPerSample,
  isCrossEntropy,
  type LossName,
  lossNames,
  lossPerSample,
} from './losses.ts';
import { checkModelOptions, defaultHidden, defaultLatentDim, type ModelOptions } from './modelOptions.ts';
import { NdArray, type Samples, toNdArray, volume } from './ndarray.ts';
import {
  allWeights,
  buildNetworks,
  completeNetworks,
  type Networks,
  shapes,
  trainableLayers,
  withStepRandom,
} from './networks.ts';
import { corruptInStep } from './noise.ts';
import { modelClasses, readModel, type SavedModel, type Topology, type Unsaved, writeModel } from './persistence.ts';
import { freshSeed } from './random.ts';
import { displayableRun, type Run } from './run.ts';
import type { StepInput, Terms } from './step.ts';
import { describeNetworks } from './summary.ts';
import { evaluateLoss, type TrainingData, type TrainingState, train } from './train.ts';
import { splitOff, warnOfRange } from './trainingData.ts';
import { checkFinite, checkOneOf } from './validate.ts';

/**
 * A network that puts samples through a narrow code and back. What it can't say in so few numbers is its error.
 *
 * Samples of any shape are flattened where the encoder is made from options. Source: Hinton & Salakhutdinov 2006.
 */
export class Autoencoder {
  /** As given. */
  readonly options: Readonly<ModelOptions>;
  readonly seed: number;
  #networks: Networks | undefined;
  #training: TrainingState | undefined;
  #run: Run | undefined;
  /** Options that were functions when the model was saved, and were not given again. */
  #missing: readonly string[] = [];
  /** The fit that runs, with the signal of the cell that it runs in. */
  #fitting: { readonly signal: AbortSignal | undefined } | undefined;
  #disposed = false;

  /** Checks and keeps the options. The networks are made by the first fit, which knows the data's width. */
  constructor(options: ModelOptions = {}) {
    checkModelOptions(new.target.name, options);
    this.options = Object.freeze({ ...options });
    this.seed = options.seed ?? freshSeed();
    if (options.encoder && options.decoder) this.#networks = completeNetworks(options.encoder, options.decoder);
  }

  /** [batch, …] to [batch, k]; usable on its own, saved and loaded as any tf.LayersModel. */
  get encoder(): tf.LayersModel {
    return this.#fitted().encoder;
  }

  /** [batch, k] to [batch, …]; usable on its own. */
  get decoder(): tf.LayersModel {
    return this.#fitted().decoder;
  }

  /** Number of weights that train. */
  get parameters(): number {
    const variables = trainableLayers(this.#fitted()).flatMap((layer) => layer.variables);
    return variables.reduce((sum, variable) => sum + variable.size, 0);
  }

  /** The last fit, also of a model that was loaded. */
  get run(): Run | undefined {
    return this.#run;
  }

  /** The layers, their shapes and numbers of weights, as text. */
  summary(): string {
    return describeNetworks(this.constructor.name, this.#fitted());
  }

  /**
   * Trains on samples [n, …]. A second call goes on from the weights reached; with `resume` also from the optimizer's
   * state and the place in the random sequences, as if the first call had had more epochs.
   *
   * An interrupt (options.signal, or the user stopping the cell) ends it early with `stopped: 'interrupted'`.
   * @throws RangeError before training, if data or options are not as they should be; Error if the loss becomes NaN,
   *   with the last good weights kept
   */
  async fit(x: Samples | Dataset, options: FitOptions = {}): Promise<Run> {
    this.#assertAlive();
    this.#assertComplete('fit', ['loss', 'noise', 'extraLosses']);
    if (this.#isFitting()) throw new Error('this model is training already: await the first fit, or interrupt it');
    const fitting = { signal: host()?.signal };
    this.#fitting = fitting;
    try {
      return await this.#fit(x, options);
    } finally {
      if (this.#fitting === fitting) this.#fitting = undefined;
    }
  }

  async #fit(x: Samples | Dataset, given: FitOptions): Promise<Run> {
    const samples = await this.#samples('x', x);
    const options = checkFitOptions(given, samples.length);
    if (options.resume && !this.#training) throw new Error('resume needs an earlier fit to go on from, there was none');
    if (options.resume && this.#training && this.#training.optimizer.name !== options.optimizer) {
      throw new RangeError(
        `resume goes on with the optimizer of the last fit, '${this.#training.optimizer.name}', got '${options.optimizer}'`,
      );
    }
    const target = options.target === undefined ? samples : await this.#target(options.target, samples);
    const data: TrainingData = { x: samples, target };
    const { train: trainData, validation } =
      typeof options.validation === 'number' || options.validation === undefined
        ? splitOff(data, options.validation ?? 0)
        : { train: data, validation: await this.#validation(options.validation, samples) };
    await loadEngine();
    const networks = (this.#networks ??= this.build(volume(samples.shape.slice(1))));
    const bounded = networks.logits !== undefined || isCrossEntropy(this.#loss());
    if (bounded) warnOfRange(target, isCrossEntropy(this.#loss()));

    const { run, state } = await train(
      {
        model: this.constructor.name,
        unit: this.#unit(),
        seed: this.seed,
        layers: trainableLayers(networks),
        weights: allWeights(networks),
        loss: (input) => withStepRandom(input.random, () => this.terms(input)),
        train: this.#shaped(trainData),
        ...(validation && { validation: this.#shaped(validation) }),
        ...(options.resume && { resume: this.#training }),
        modelOptions: { ...this.options, seed: this.seed },
        ...(options.checkpoint && { saveBest: () => this.save(options.checkpoint as string) }),
      },
      options,
    );
    this.#training = state;
    this.#run = run;
    return run;
  }

  /**
   * Codes of samples.
   *
   * @param x [n, …]
   * @returns [n, k]
   */
  async encode(x: Samples | Dataset): Promise<NdArray> {
    const { encoder } = this.#fitted();
    const samples = this.#shapedInput(await this.#samples('x', x));
    await loadEngine();
    return mapBatches(samples, (batch) => encoder.apply(batch, { training: false }) as tf.Tensor);
  }

  /**
   * Samples from codes.
   *
   * @param z [n, k]
   * @returns [n, d]
   */
  async decode(z: Samples): Promise<NdArray> {
    const { decoder } = this.#fitted();
    const codes = await toNdArray(z);
    checkFinite('z', codes);
    const { input } = shapes(decoder);
    const width = volume(codes.shape.slice(1));
    if (width !== volume(input)) {
      throw new RangeError(`z must have ${volume(input)} values per code, as the model's code has, got ${width}`);
    }
    await loadEngine();
    return mapBatches(
      codes.reshape(codes.length, ...input),
      (batch) => decoder.apply(batch, { training: false }) as tf.Tensor,
    );
  }

  /**
   * Samples through the code and back.
   *
   * @param x [n, …]
   * @returns as x
   */
  async reconstruct(x: Samples | Dataset): Promise<NdArray> {
    const { encoder, decoder } = this.#fitted();
    const samples = await this.#samples('x', x);
    await loadEngine();
    const output = await mapBatches(
      this.#shapedInput(samples),
      (batch) =>
        decoder.apply(encoder.apply(batch, { training: false }) as tf.Tensor, { training: false }) as tf.Tensor,
    );
    return output.reshape(...samples.shape);
  }

  /**
   * How far each sample is from its reconstruction.
   *
   * @param metric its name says the unit; default: the model's loss
   * @returns [n]
   */
  async reconstructionError(x: Samples | Dataset, metric?: LossName): Promise<Float32Array> {
    if (metric !== undefined) checkOneOf('metric', metric, lossNames);
    else this.#assertComplete('reconstructionError without a metric', ['loss']);
    const samples = await this.#samples('x', x);
    return this.#errors(samples, await this.reconstruct(samples), metric);
  }

  /** The loss on data and the terms that add up to it, means over samples, keys as in Run.history. */
  async evaluate(x: Samples | Dataset): Promise<Record<string, number>> {
    this.#assertComplete('evaluate', ['loss', 'extraLosses']);
    this.#fitted();
    const samples = this.#shapedInput(await this.#samples('x', x));
    await loadEngine();
    const means = await evaluateLoss((input) => this.terms(input), { x: samples, target: samples });
    return { loss: means!.loss, ...means!.terms };
  }

  /**
   * How much the mean error grows when one latent is fixed at its mean: what each latent is worth.
   *
   * @returns [k], in the unit of the loss
   */
  async latentImportance(x: Samples | Dataset): Promise<Float32Array> {
    this.#assertComplete('latentImportance', ['loss']);
    const samples = await this.#samples('x', x);
    const codes = await this.encode(samples);
    const k = codes.data.length / codes.length;
    const error = async (z: NdArray) => {
      const output = (await this.decode(z)).reshape(...samples.shape);
      const errors = await this.#errors(samples, output);
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

  /**
   * Writes the model to a folder of its own: options, networks, optimizer state and the record of the last fit. The
   * folder appears whole or not at all; one that holds another saved model is replaced.
   */
  async save(folder: string): Promise<void> {
    const { encoder, decoder } = this.#fitted();
    const weights = await Promise.all(
      allWeights({ encoder, decoder }).map(async (variable) => ({
        shape: variable.shape,
        values: Float32Array.from(await variable.data()),
      })),
    );
    const topology = (model: tf.LayersModel) => model.toJSON(null, false) as Topology;
    const saved: SavedModel = {
      model: this.constructor.name,
      options: { ...this.options, seed: this.seed },
      encoder: topology(encoder),
      decoder: topology(decoder),
      weights,
      ...(this.#training && { training: this.#training }),
      ...(this.#run && { run: this.#run }),
      missing: this.#missing,
    };
    await writeModel(folder, saved);
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
    const Model = modelClasses.get(saved.model) as typeof Autoencoder | undefined;
    if (!Model)
      throw new Error(`${folder} holds a model of the class ${saved.model}, which this version does not know`);
    const model = new Model(saved.options);
    // biome-ignore lint/complexity/noThisInStatic: `this` is the class that load was called on
    if (!(model instanceof this)) {
      throw new TypeError(`${folder} holds a model of the class ${saved.model}; use ${saved.model}.load or loadModel`);
    }
    await (model as Autoencoder).#adopt(saved);
    return model;
  }

  async #adopt(saved: SavedModel): Promise<void> {
    const encoder = await networkOf(saved.encoder);
    const decoder = await networkOf(saved.decoder);
    this.#networks = completeNetworks(encoder, decoder);
    allWeights(this.#networks).forEach((variable, i) => {
      tf.tidy(() => {
        variable.assign(tf.tensor(saved.weights[i].values, saved.weights[i].shape));
      });
    });
    this.#training = saved.training;
    this.#run = saved.run && displayableRun(saved.run);
    this.#missing = saved.missing;
  }

  /** Frees the weights. Other methods leave no tensor behind. */
  dispose(): void {
    if (this.#isFitting()) throw new Error('this model is training: interrupt the fit before disposing the model');
    if (this.#networks && !this.#disposed) tf.dispose(allWeights(this.#networks));
    this.#disposed = true;
  }

  /** The networks for samples of `width` values. */
  protected build(width: number): Networks {
    const { latentDim = defaultLatentDim(width), hidden = defaultHidden(width, latentDim) } = this.options;
    return buildNetworks({
      width,
      hidden,
      latentDim,
      activation: this.options.activation ?? 'relu',
      latentActivation: this.options.latentActivation ?? 'linear',
      output: this.options.output ?? 'sigmoid',
      batchNorm: this.options.batchNorm ?? false,
      dropout: this.options.dropout ?? 0,
      l2: this.options.l2 ?? 0,
      initializer: this.options.initializer ?? 'glorotUniform',
      seed: this.seed,
    });
  }

  /** The loss of a batch as terms that add up to it: pure tf code, so that it can be compiled. */
  protected terms({ x, target, random, step, training }: StepInput): Terms {
    const { encoder, decoder, logits } = this.#fitted();
    const { noise, extraLosses } = this.options;
    const loss = this.#loss();
    const seen = training && noise ? corruptInStep(noise, x, random, step) : x;
    const z = encoder.apply(seen, { training }) as tf.Tensor;
    const terms: Terms = {};
    let output: tf.Tensor | undefined;
    if (logits && isCrossEntropy(loss)) {
      const beforeSigmoid = logits.apply(z, { training }) as tf.Tensor;
      terms.reconstruction = crossEntropyFromLogits(loss, target, beforeSigmoid).mean();
      if (extraLosses) output = beforeSigmoid.sigmoid();
    } else {
      output = decoder.apply(z, { training }) as tf.Tensor;
      const perSample = typeof loss === 'function' ? loss(target, output) : lossPerSample(loss, target, output);
      checkPerSample(perSample, target);
      terms.reconstruction = perSample.mean();
    }
    for (const [name, extra] of Object.entries(extraLosses ?? {})) terms[name] = extra({ x, z, output: output! });
    const penalties = [...encoder.calculateLosses(), ...decoder.calculateLosses()];
    if (penalties.length > 0) terms.l2 = tf.addN(penalties).asScalar();
    return terms;
  }

  #loss(): NonNullable<ModelOptions['loss']> {
    return this.options.loss ?? 'mse';
  }

  #unit(): string {
    const loss = this.#loss();
    return typeof loss === 'function' ? loss.name || 'loss' : loss;
  }

  async #errors(x: NdArray, output: NdArray, metric?: LossName): Promise<Float32Array> {
    const loss = metric ?? this.#loss();
    if (typeof loss !== 'function') return errorPerSample(loss, x, output);
    const both = new NdArray(new Float32Array(2 * x.data.length), [x.length, 2, volume(x.shape.slice(1))]);
    for (let i = 0; i < x.length; i++) {
      both.row(i).set(x.row(i));
      both.row(i).set(output.row(i), x.row(i).length);
    }
    const shape = shapes(this.#fitted().encoder).input;
    const errors = await mapBatches(both, (batch) => {
      const [a, b] = tf.unstack(batch, 1);
      return loss(a.reshape([-1, ...shape]), b.reshape([-1, ...shape]));
    });
    return errors.data;
  }

  /** Data as an array, checked for what no model can use. */
  async #samples(name: string, x: Samples | Dataset): Promise<NdArray> {
    this.#assertAlive();
    const samples = isDataset(x) ? x.x : await toNdArray(x);
    checkFinite(name, samples);
    if (this.#networks) {
      const expected = volume(shapes(this.#networks.encoder).input);
      const width = volume(samples.shape.slice(1));
      if (width !== expected) {
        throw new RangeError(`${name} must have ${expected} values per sample, as the model has inputs, got ${width}`);
      }
    }
    return samples;
  }

  async #target(target: Samples | Dataset, x: NdArray): Promise<NdArray> {
    const samples = await this.#samples('target', target);
    if (samples.length !== x.length || samples.data.length !== x.data.length) {
      throw new RangeError(`target must have the shape of x, [${x.shape}], got [${samples.shape}]`);
    }
    return samples;
  }

  async #validation(validation: Samples | Dataset, x: NdArray): Promise<TrainingData> {
    const samples = await this.#samples('validation', validation);
    const [width, expected] = [samples, x].map(({ shape }) => volume(shape.slice(1)));
    if (width !== expected) {
      throw new RangeError(`validation must have ${expected} values per sample, as x has, got ${width}`);
    }
    return { x: samples, target: samples };
  }

  #shapedInput(x: NdArray): NdArray {
    return x.reshape(x.length, ...shapes(this.#fitted().encoder).input);
  }

  #shaped({ x, target }: TrainingData): TrainingData {
    const shaped = this.#shapedInput(x);
    return { x: shaped, target: target === x ? shaped : target.reshape(target.length, ...shaped.shape.slice(1)) };
  }

  /** A cell that was terminated never came to the end of its fit; its signal tells. */
  #isFitting(): boolean {
    return this.#fitting !== undefined && !this.#fitting.signal?.aborted;
  }

  #fitted(): Networks {
    this.#assertAlive();
    if (!this.#networks) {
      throw new Error(
        `this ${this.constructor.name} has no networks yet: call fit first, which learns the data's width`,
      );
    }
    return this.#networks;
  }

  #assertAlive(): void {
    if (this.#disposed) throw new Error(`this ${this.constructor.name} was disposed: make a new one, or load it again`);
  }

  #assertComplete(what: string, options: readonly string[]): void {
    const missing = options.find((name) => this.#missing.includes(name));
    if (missing) {
      throw new Error(
        `${what} needs the option ${missing}, a function that the saved file can't hold: load the model with ` +
          `load(folder, { ${missing}: … })`,
      );
    }
  }
}

modelClasses.set('Autoencoder', Autoencoder);

/** Loads any model that was saved, as its own class. */
export function loadModel(folder: string, unsaved: Unsaved = {}): Promise<Autoencoder> {
  return Autoencoder.load(folder, unsaved);
}

function checkPerSample(loss: tf.Tensor, x: tf.Tensor): void {
  if (!(loss instanceof tf.Tensor) || loss.rank !== 1 || loss.size !== x.shape[0]) {
    const got = loss instanceof tf.Tensor ? `shape [${loss.shape}]` : String(loss);
    throw new TypeError(`loss must return one value per sample, shape [${x.shape[0]}], got ${got}`);
  }
}

function networkOf(topology: Topology): Promise<tf.LayersModel> {
  return tf.models.modelFromJSON(topology as unknown as Parameters<typeof tf.models.modelFromJSON>[0]);
}
