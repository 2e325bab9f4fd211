import type { Inputs } from './autoencoder.ts';
import { type BatchSource, isBatchSource } from './batchSource.ts';
import type { Dataset } from './dataset.ts';
import type { LabelledFitOptions } from './fitOptions.ts';
import { checkClasses, labelsFor, oneHot } from './labels.ts';
import type { LossName } from './losses.ts';
import type { NdArray, Samples } from './ndarray.ts';
import type { Networks } from './networks.ts';
import { modelClasses } from './persistence.ts';
import type { Run } from './run.ts';
import { checkKnownOptions, checkOneOf, checkPositiveInteger } from './validate.ts';
import {
  activeLatents,
  between,
  checkSteps,
  checkVaeOptions,
  type VaeOptions,
  VariationalAutoencoder,
} from './variationalAutoencoder.ts';

export interface CvaeOptions extends VaeOptions {
  /** Number of classes; labels are integers from 0 up to below it. */
  classes: number;
  /**
   * How labels enter the encoder and the decoder: 'concat' puts them beside sample and code (default), 'add' adds a
   * learned projection of them to every layer.
   */
  condition?: 'concat' | 'add';
}

/**
 * A variational autoencoder that is told the class of each sample, so that its code need not say it: z is left with the
 * style, and a class can be asked for. p(x|z, y), q(z|x, y), prior N(0, I) for every class.
 *
 * Labels may be left out wherever the samples are a data set that has them. Own networks have two inputs, the second for
 * labels as one-hot rows. Source: Sohn et al. 2015; Kingma et al. 2014, model M2.
 *
 * @example
 * ```ts
 * const { train } = await datasets.digits();
 * const model = new ConditionalVariationalAutoencoder({ classes: 10, hidden: [128], latentDim: 8, seed: 1 });
 * await model.fit(train.slice(0, 1000), { epochs: 3 });
 * plot.images(await model.sample(10, { label: 3, seed: 1 })); // ten threes
 * const grid = await model.styleGrid(4, { seed: 1 }); // [4 styles, 10 classes, 784]
 * console.log(grid.shape);
 * ```
 */
export class ConditionalVariationalAutoencoder extends VariationalAutoencoder {
  declare readonly options: Readonly<CvaeOptions>;

  constructor(options: CvaeOptions) {
    super(options);
  }

  protected static override checkOptions(what: string, options: CvaeOptions): void {
    checkVaeOptions(what, options, ['classes', 'condition'], 2);
    checkClasses(options.classes);
    if (options.condition !== undefined) checkOneOf('condition', options.condition, ['concat', 'add']);
  }

  /** As Autoencoder.fit. @param options.labels one per sample, where x has none */
  override async fit(x: Samples | Dataset | BatchSource, options: LabelledFitOptions = {}): Promise<Run> {
    if (isBatchSource(x))
      throw new TypeError(`${this.constructor.name} needs a label for every sample, which a source of batches has not`);
    this.assertComplete('fit', ['noise', 'extraLosses']);
    return this.exclusively(async () => this.fitInputs(await this.inputs('x', x, options.labels), options, ['labels']));
  }

  /** @param x [n, …] @returns [n, k], the means of q(z|x, y) */
  override async encode(x: Samples | Dataset, labels?: ArrayLike<number>): Promise<NdArray> {
    return this.encodeInputs(await this.fittedInputs('x', x, labels));
  }

  /** @param z [n, k] @param labels one per code, or a single one for all @returns [n, d] */
  override async decode(z: Samples, labels?: ArrayLike<number>): Promise<NdArray> {
    const { x } = await this.codes(z);
    const each = labels?.length === 1 ? new Int32Array(x.length).fill(labels[0]) : labels;
    return this.decodeInputs({ x, y: this.#rows(undefined, each, x.length) });
  }

  /** @returns as x */
  override async reconstruct(x: Samples | Dataset, labels?: ArrayLike<number>): Promise<NdArray> {
    return this.reconstructInputs(await this.fittedInputs('x', x, labels));
  }

  override async reconstructionError(
    x: Samples | Dataset,
    metric?: LossName,
    labels?: ArrayLike<number>,
  ): Promise<Float32Array> {
    return this.inputErrors(await this.fittedInputs('x', x, labels), metric);
  }

  override async evaluate(x: Samples | Dataset, labels?: ArrayLike<number>): Promise<Record<string, number>> {
    return this.evaluateInputs(await this.fittedInputs('x', x, labels));
  }

  override async latentImportance(x: Samples | Dataset, labels?: ArrayLike<number>): Promise<Float32Array> {
    return this.inputImportance(await this.fittedInputs('x', x, labels));
  }

  override async jacobianNorm(x: Samples | Dataset, labels?: ArrayLike<number>): Promise<Float32Array> {
    return this.inputJacobianNorm(await this.fittedInputs('x', x, labels));
  }

  override async encodeDistribution(
    x: Samples | Dataset,
    labels?: ArrayLike<number>,
  ): Promise<{ mean: NdArray; logVar: NdArray }> {
    return this.distribution(await this.fittedInputs('x', x, labels));
  }

  override async activeUnits(x: Samples | Dataset, labels?: ArrayLike<number>): Promise<number[]> {
    return activeLatents(await this.encode(x, labels));
  }

  override async klPerLatent(x: Samples | Dataset, labels?: ArrayLike<number>): Promise<Float32Array> {
    return this.inputKl(await this.fittedInputs('x', x, labels));
  }

  /**
   * New samples. `label` fixes the class, else the classes take turns: 0, 1, …; `z` fixes the style, one code for all or
   * one for each, else styles are drawn from N(0, temperature^2 I).
   *
   * @returns [n, d]
   */
  override async sample(
    n: number,
    options: { label?: number; z?: Samples; seed?: number; temperature?: number } = {},
  ): Promise<NdArray> {
    checkKnownOptions('sample', options, ['label', 'z', 'seed', 'temperature']);
    const { classes } = this.options;
    checkPositiveInteger('n', n);
    const labels = Int32Array.from({ length: n }, (_, i) => options.label ?? i % classes);
    if (options.label !== undefined) this.#checkLabel(options.label);
    const { x } = await this.codes(options.z ?? this.draw(n, options));
    if (x.length !== 1 && x.length !== n) {
      throw new RangeError(`z must hold one code, or one for each of the ${n} samples, got ${x.length}`);
    }
    const codes = x.length === n ? x : x.gather(new Int32Array(n));
    return this.decodeInputs({ x: codes, y: oneHot(labels, classes) });
  }

  /** As VariationalAutoencoder.vary, each variant in its sample's class. */
  override async vary(
    x: Samples | Dataset,
    options: { n?: number; temperature?: number; seed?: number; labels?: ArrayLike<number> } = {},
  ): Promise<NdArray> {
    checkKnownOptions('vary', options, ['n', 'temperature', 'seed', 'labels']);
    return this.varyInputs(await this.fittedInputs('x', x, options.labels), options);
  }

  /**
   * As VariationalAutoencoder.interpolate, from style to style; a and b are data sets with labels, or `labels` holds the
   * class of each pair.
   */
  override async interpolate(
    a: Samples | Dataset,
    b: Samples | Dataset,
    steps = 8,
    labels?: ArrayLike<number>,
  ): Promise<NdArray> {
    checkSteps(steps);
    const [from, to] = [await this.fittedInputs('a', a, labels), await this.fittedInputs('b', b, labels)];
    const lines = between(await this.encodeInputs(from), await this.encodeInputs(to), steps);
    const { x } = await this.codes(lines);
    // from one class to another the labels are mixed as the codes are
    return this.decodeInputs({ x, y: between(from.y!, to.y!, steps) });
  }

  /**
   * Every style (rows) in every class (columns): the same z decoded with each label.
   *
   * @param styles how many to draw from N(0, I), or codes [styles, k]
   * @returns [styles, classes, d]
   */
  async styleGrid(styles: number | Samples, options: { seed?: number } = {}): Promise<NdArray> {
    checkKnownOptions('styleGrid', options, ['seed']);
    const { classes } = this.options;
    const { x } = await this.codes(typeof styles === 'number' ? this.draw(styles, options) : styles);
    const cells = x.length * classes;
    const rows = Int32Array.from({ length: cells }, (_, i) => Math.floor(i / classes));
    const labels = Int32Array.from({ length: cells }, (_, i) => i % classes);
    const grid = await this.decodeInputs({ x: x.gather(rows), y: oneHot(labels, classes) });
    return grid.reshape(x.length, classes, ...grid.shape.slice(1));
  }

  protected override async inputs(
    name: string,
    x: Samples | Dataset,
    labels?: ArrayLike<number>,
  ): Promise<Required<Inputs>> {
    const samples = await this.samples(name, x);
    return { x: samples, y: this.#rows(x, labels, samples.length) };
  }

  protected override build(width: number): Networks {
    const { classes, condition = 'concat' } = this.options;
    return this.buildVariational(width, { classes, kind: condition });
  }

  #rows(x: Samples | Dataset | undefined, labels: ArrayLike<number> | undefined, n: number): NdArray {
    return oneHot(labelsFor(x, labels, n, this.options.classes), this.options.classes);
  }

  #checkLabel(label: number): void {
    const { classes } = this.options;
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new RangeError(`label must be an integer from 0 to ${classes - 1} (classes is ${classes}), got ${label}`);
    }
  }
}

modelClasses.set('ConditionalVariationalAutoencoder', ConditionalVariationalAutoencoder);
