import * as tf from '@tensorflow/tfjs';
import { Autoencoder, type Code, type Inputs } from './autoencoder.ts';
import { mapBatches } from './batches.ts';
import {
  buildConvNetworks,
  type ConvOptions,
  checkConvOptions,
  checkImageWidth,
  convOptionNames,
} from './convNetworks.ts';
import type { Dataset } from './dataset.ts';
import { loadEngine } from './engine.ts';
import type { Condition } from './layers.ts';
import { checkModelOptions, type ModelOptions, networkOptionsFor } from './modelOptions.ts';
import { NdArray, type Samples, volume } from './ndarray.ts';
import { apply, buildNetworks, type Networks, shapes } from './networks.ts';
import { modelClasses } from './persistence.ts';
import { freshSeed, Random } from './random.ts';
import type { StepInput } from './step.ts';
import { checkKnownOptions, checkNumber, checkOneOf, checkPositiveInteger, checkSeed } from './validate.ts';
import { warningOfCollapse } from './warnings.ts';

export interface VaeOptions extends Omit<ModelOptions, 'loss'>, ConvOptions {
  /** A sum, since it is weighed against the KL term. Default 'nats'; 'sse' for linear outputs (unit variance, constant dropped). */
  loss?: 'nats' | 'sse' | 'sae';
  /** Weight of the KL term; default 1. Above 1: fewer latents, each with more of a meaning (Higgins et al. 2017). */
  beta?: number;
  /** Epochs over which beta rises from 0, so that the decoder learns before the code is priced. */
  klWarmup?: number;
  /** Nats per latent, of the mean over a batch, that are not penalised (Kingma et al. 2016). */
  freeBits?: number;
}
const vaeOptionNames = ['beta', 'klWarmup', 'freeBits', ...convOptionNames];

/** Variance of a latent's mean over the data above which it is in use. */
const activeVariance = 0.01;

/**
 * An autoencoder whose code is a distribution q(z|x) = N(mean, diag(variance)) near the prior N(0, I), so that new samples
 * can be drawn from the prior and decoded. The loss is `reconstruction` + `kl`, in nats with the default loss: a bound on
 * -log p(x). The code of a sample is the mean; training draws z = mean + std x noise.
 *
 * With `imageShape` the networks are convolutional. Own networks: an encoder with two outputs, mean and log variance.
 * `evaluate` draws z as well, always the same draws. Source: Kingma & Welling 2014.
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const model = new VariationalAutoencoder({ hidden: [128], latentDim: 8, seed: 1 });
 * await model.fit(train.slice(0, 1000), { epochs: 3 });
 * console.log(await model.evaluate(test.slice(0, 200))); // { loss, reconstruction, kl }
 * plot.images(await model.sample(20, { seed: 1 }));
 * ```
 */
export class VariationalAutoencoder extends Autoencoder {
  declare readonly options: Readonly<VaeOptions>;

  constructor(options: VaeOptions = {}) {
    super(options);
  }

  protected static override checkOptions(what: string, options: VaeOptions): void {
    checkVaeOptions(what, options);
  }

  /**
   * Mean and log variance of q(z|x).
   *
   * @returns [n, k] each
   */
  async encodeDistribution(x: Samples | Dataset): Promise<{ mean: NdArray; logVar: NdArray }> {
    return this.distribution(await this.fittedInputs('x', x));
  }

  /**
   * New samples decoded from z ~ N(0, temperature^2 I).
   *
   * @param options.temperature default 1; below it samples are more alike
   * @returns [n, d], or [n, …] as the decoder gives them
   */
  async sample(n: number, options: { seed?: number; temperature?: number } = {}): Promise<NdArray> {
    checkKnownOptions('sample', options, ['seed', 'temperature']);
    return this.decodeInputs(await this.codes(this.draw(n, options)));
  }

  /**
   * Variants of each input, decoded from draws of q(z|x): like it, not the same.
   *
   * @param options.n of each, default 1
   * @param options.temperature scales the standard deviations of q, default 1
   * @returns [samples * n, d], the variants of a sample one after the other
   */
  async vary(
    x: Samples | Dataset,
    options: { n?: number; temperature?: number; seed?: number } = {},
  ): Promise<NdArray> {
    checkKnownOptions('vary', options, ['n', 'temperature', 'seed']);
    return this.varyInputs(await this.fittedInputs('x', x), options);
  }

  /**
   * Samples on the straight line between the codes of a and b, both ends included.
   *
   * @param a [n, …], usually one sample
   * @param b as many samples
   * @param steps 2 or more, default 8
   * @returns [n * steps, d], one line after the other
   */
  async interpolate(a: Samples, b: Samples, steps = 8): Promise<NdArray> {
    checkSteps(steps);
    const [from, to] = [await this.encode(a), await this.encode(b)];
    return this.decodeInputs(await this.codes(between(from, to, steps)));
  }

  /** Latents in use, by their index: those whose mean varies over the data, Var(E[z|x]) > 0.01 (Burda et al. 2016). */
  async activeUnits(x: Samples | Dataset): Promise<number[]> {
    return activeLatents(await this.encode(x));
  }

  /**
   * What each latent says of a sample: KL(q(z|x) || N(0, 1)), a mean over samples, without beta and free bits.
   *
   * @returns [k], nats
   */
  async klPerLatent(x: Samples | Dataset): Promise<Float32Array> {
    return this.inputKl(await this.fittedInputs('x', x));
  }

  protected override build(width: number): Networks {
    return this.buildVariational(width, undefined);
  }

  protected buildVariational(width: number, condition: Condition | undefined): Networks {
    const { imageShape, filters = [16, 32], kernelSize = 3, pool = 'stride' } = this.options;
    const more = { variational: true, ...(condition && { condition }) };
    if (!imageShape) return buildNetworks({ ...networkOptionsFor(width, this.options, this.seed), ...more });
    checkImageWidth(imageShape, width);
    const common = networkOptionsFor(width, { hidden: [], ...this.options }, this.seed);
    return buildConvNetworks({ ...common, ...more, imageShape, filters, kernelSize, pool });
  }

  protected override get loss(): 'nats' | 'sse' | 'sae' {
    return this.options.loss ?? (this.options.output === 'linear' ? 'sse' : 'nats');
  }

  protected override scalars(epoch: number): Record<string, number> {
    const { beta = 1, klWarmup = 0 } = this.options;
    return { beta: epoch < klWarmup ? (beta * epoch) / klWarmup : beta };
  }

  protected override code(x: tf.Tensor, { y, training, random, scalars }: StepInput): Code {
    const [mean, logVar] = apply<tf.Tensor2D[]>(this.networks.posterior!, x, y, training);
    // z = m + s e, e ~ N(0, I)
    const z = mean.add<tf.Tensor2D>(logVar.mul(0.5).exp().mul(random.normal(mean.shape)));
    const { freeBits = 0 } = this.options;
    const perLatent = gaussianKl(mean, logVar).mean(0);
    // max(kl, f) has the gradient of kl above f and none below; the constant f is taken off again
    const penalised = freeBits > 0 ? perLatent.sub(freeBits).relu() : perLatent;
    return { z, terms: { kl: penalised.sum<tf.Scalar>().mul(scalars.beta) } };
  }

  protected async distribution(inputs: Inputs): Promise<{ mean: NdArray; logVar: NdArray }> {
    const { encoder, posterior } = this.networks;
    await loadEngine();
    const shaped = inputs.x.reshape(inputs.x.length, ...shapes(encoder).input);
    const both = await mapBatches(
      inputs.y ? [shaped, inputs.y] : shaped,
      (x, y) => tf.concat(apply<tf.Tensor2D[]>(posterior!, x, y), 1),
      { name: 'distribution', networks: [posterior!] },
    );
    const [n, columns] = both.shape;
    const k = columns / 2;
    const [mean, logVar] = [0, k].map((start) => {
      const part = new NdArray(new Float32Array(n * k), [n, k]);
      for (let i = 0; i < n; i++) part.row(i).set(both.row(i).subarray(start, start + k));
      return part;
    });
    return { mean, logVar };
  }

  /** Codes from the prior, [n, k]. */
  protected draw(n: number, { seed = freshSeed(), temperature = 1 }: { seed?: number; temperature?: number }): NdArray {
    checkPositiveInteger('n', n);
    checkNumber('temperature', temperature, { from: 0 });
    const k = volume(shapes(this.networks.encoder).output);
    const random = new Random(checkSeed(seed), 'sample');
    const noise = random.fillNormal(new Float32Array(n * k));
    return new NdArray(
      noise.map((value) => value * temperature),
      [n, k],
    );
  }

  protected async varyInputs(
    inputs: Inputs,
    { n = 1, temperature = 1, seed = freshSeed() }: { n?: number; temperature?: number; seed?: number },
  ): Promise<NdArray> {
    checkPositiveInteger('n', n);
    checkNumber('temperature', temperature, { from: 0 });
    checkSeed(seed);
    const { mean, logVar } = await this.distribution(inputs);
    const indices = Int32Array.from({ length: mean.length * n }, (_, i) => Math.floor(i / n));
    const [centre, spread] = [mean.gather(indices), logVar.gather(indices)];
    const noise = new Random(seed, 'vary').fillNormal(new Float32Array(centre.data.length));
    const z = centre.data.map((value, i) => value + temperature * Math.exp(spread.data[i] / 2) * noise[i]);
    const codes = await this.codes(new NdArray(z, centre.shape));
    return this.decodeInputs({ ...codes, ...(inputs.y && { y: inputs.y.gather(indices) }) });
  }

  protected async inputKl(inputs: Inputs): Promise<Float32Array> {
    const { mean, logVar } = await this.distribution(inputs);
    const [n, k] = mean.shape;
    const sums = new Float64Array(k);
    mean.data.forEach((m, i) => {
      const l = logVar.data[i];
      sums[i % k] -= (1 + l - m * m - Math.exp(l)) / 2;
    });
    return Float32Array.from(sums, (sum) => sum / n);
  }

  protected override async lookBack(some: Inputs): Promise<void> {
    await super.lookBack(some);
    this.warnOnce('collapse', warningOfCollapse(await this.inputKl(some)));
  }
}

/**
 * KL(q(z|x) || N(0, I)) of a diagonal Gaussian, for each latent. Unit: nats.
 *
 * Source: Kingma & Welling 2014, appendix B.
 * @param mean [batch, k]
 * @param logVar [batch, k], log of the variance
 * @returns [batch, k]
 */
export function gaussianKl(mean: tf.Tensor2D, logVar: tf.Tensor2D): tf.Tensor2D {
  // -1/2 (1 + log s^2 - m^2 - s^2)
  return logVar.add(1).sub(mean.square()).sub(logVar.exp()).mul(-0.5);
}

/** @param own names of further options, which the caller checks */
export function checkVaeOptions(
  what: string,
  options: VaeOptions,
  own: readonly string[] = [],
  inputs: 1 | 2 = 1,
): void {
  const { loss, latentActivation, beta, klWarmup, freeBits } = options;
  checkModelOptions(what, options, [...vaeOptionNames, ...own], { inputs, outputs: 2 });
  if (loss !== undefined) checkOneOf('loss', loss, ['nats', 'sse', 'sae']);
  if (latentActivation !== undefined && latentActivation !== 'linear') {
    throw new RangeError(
      `latentActivation must be 'linear' in a ${what}, whose mean and log variance have no bounds, got '${latentActivation}'`,
    );
  }
  if (beta !== undefined) checkNumber('beta', beta, { from: 0 });
  if (klWarmup !== undefined) checkNumber('klWarmup', klWarmup, { from: 0 });
  if (freeBits !== undefined) checkNumber('freeBits', freeBits, { from: 0 });
  if (options.imageShape !== undefined) checkConvOptions(options);
  for (const name of ['filters', 'kernelSize', 'pool'] as const) {
    if (options[name] !== undefined && options.imageShape === undefined) {
      throw new RangeError(
        `${name} needs imageShape: [height, width, channels], with which the networks are convolutional`,
      );
    }
  }
}

export function checkSteps(steps: number): void {
  checkPositiveInteger('steps', steps);
  if (steps === 1) throw new RangeError('steps must be 2 or more, got 1');
}

/** Codes on the lines from a to b, [n * steps, k]. */
export function between(a: NdArray, b: NdArray, steps: number): NdArray {
  if (a.length !== b.length) {
    throw new RangeError(`a and b must have the same number of samples, got ${a.length} and ${b.length}`);
  }
  const lines = new NdArray(new Float32Array(steps * a.data.length), [a.length * steps, ...a.shape.slice(1)]);
  for (let i = 0; i < a.length; i++) {
    const [from, to] = [a.row(i), b.row(i)];
    for (let step = 0; step < steps; step++) {
      const t = step / (steps - 1);
      lines.row(i * steps + step).set(from.map((value, u) => value + t * (to[u] - value)));
    }
  }
  return lines;
}

export function activeLatents(means: NdArray): number[] {
  const [n, k] = means.shape;
  return Array.from({ length: k }, (_, latent) => latent).filter((latent) => {
    const values = Float64Array.from({ length: n }, (_, i) => means.data[i * k + latent]);
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n > activeVariance;
  });
}

modelClasses.set('VariationalAutoencoder', VariationalAutoencoder);
