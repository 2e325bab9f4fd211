import { Autoencoder } from './autoencoder.ts';
import { type Dataset, isDataset } from './dataset.ts';
import { readDetector, type SavedDetector, type UsualImage, writeDetector } from './detectorFiles.ts';
import { defaultRecipe, type Recipe } from './detectorParts.ts';
import { loadEngine } from './engine.ts';
import { faultBoxes } from './faultBoxes.ts';
import type { FitOptions } from './fitOptions.ts';
import { errorPerSample } from './losses.ts';
import * as metrics from './metrics.ts';
import { NdArray, type Samples, toNdArray } from './ndarray.ts';
import { NearestNeighbors } from './nearestNeighbors.ts';
import { PCA } from './pca.ts';
import { freshSeed, Random } from './random.ts';
import { readRows, readSamples } from './readSamples.ts';
import { displayableRun, type Run } from './run.ts';
import { MinMaxScaler, type Scaler, StandardScaler, scalerState } from './scalers.ts';
import { quantile, quantileOf, type ThresholdRule, thresholdOf } from './thresholds.ts';
import { checkKnownOptions, checkOneOf, checkPositiveInteger, checkSeed, show } from './validate.ts';
import { fitWhitening, mahalanobis, type Whitening } from './whitening.ts';

const scoreNames = ['mse', 'mae', 'mahalanobis', 'default'] as const;
type ScoreKind = 'mse' | 'mae' | 'mahalanobis' | 'combined' | 'image';

/** Normal samples that the detector remembers, at most. */
const remembered = 4_000;
/** Values in them, at most: 32 MB. */
const rememberedValues = 2 ** 23;
/** Of the usual ink: an image with less counts as if it had this. */
const leastInk = 0.01;
/** Samples that are scored at once, about a million values. */
const valuesAtOnce = 2 ** 20;

export interface AnomalyDetectorOptions {
  /** Trained by fit, unless it was before; then call calibrate. Default: chosen from the data. */
  model?: Autoencoder | PCA;
  /** Fitted on the normal data. Default: chosen with the model; for a model of one's own 'standard', or 'minmax' where its output is a sigmoid and the data is not in [0, 1]. */
  scaler?: Scaler | 'standard' | 'minmax' | 'none';
  /** Default quantile(0.95). */
  threshold?: ThresholdRule | number;
  /** Default: chosen with the model; 'mse' for a model of one's own. */
  score?: (typeof scoreNames)[number];
  seed?: number;
}

/** What stands out in a sample. */
export interface Explanation {
  /** The features of the greatest error, with their shares in the whole of it. */
  readonly features: { index: number; share: number }[];
  /** [row, column, height, width] of the regions of the greatest error, worst first; for images. */
  readonly boxes?: [number, number, number, number][];
}

export interface Evaluation {
  readonly auroc: number;
  readonly averagePrecision: number;
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly confusion: { tp: number; fp: number; tn: number; fn: number };
  /** Area under the ROC of pixels by their errors, where masks were given. */
  readonly pixelAuroc?: number;
}

/**
 * Learns what is normal, from normal data alone, and says of other data how far from it each sample is, whether that is
 * too far, and where in the sample.
 *
 * Without options, tables and series are standardised and learned by three denoising nets d-128-32-128-d (ReLU, Gaussian
 * noise 0.25, Adam, 50 epochs of batches of 64) that differ in their seeds. The score is a weighted geometric mean of two
 * measures, each about 1 for normal data: the squared distance to the five nearest of at most 4 000 normal samples that
 * are remembered (weight 2/3), and the squared Mahalanobis distance of the residuals, mean over the nets (1/3). Images
 * (200 values or more in [0, 1]) are learned by a net d-256-32-256-d with cross-entropy (20 epochs of batches of 64). Their
 * score is the squared error, times the distance to the five nearest of the remembered ones, over the root of the
 * reconstruction's ink, each relative to its mean over normal images. (Ink is the squared distance to the background, the
 * median of all normal pixels: images with little of it have small errors, whatever they show.) A second net, which learned
 * to take salt and pepper (0.3) away, draws faulty places as they should be for the error maps.
 *
 * How this was found: on five ADBench sets (cardio, thyroid, optdigits, vowels, satimage-2) and ECG5000, two or three
 * splits each, by mean AUROC: widths d and 128, one and three inner layers, noise 0.25, 0.5, 1 and mixed, one net and
 * ensembles, scores by error, by Mahalanobis distance, and either with neighbours in several weights. Means over the five:
 * one net d-d-d 0.929, three 0.947, through the residuals' covariance 0.954; three d-128-d with noise 0.25 0.959;
 * neighbours alone 0.980, together with the nets 0.975 to 0.981 by their weights. With 1 000 remembered samples in place of
 * all the mean fell by about 0.005, most of it on optdigits. Left alone since. Other splits of the same sets were kept
 * apart, but no whole set was: expect a little less of data that is unlike all six. On ten other splits each: cardio 0.947
 * (neighbours alone 0.941), thyroid 0.987 (0.985), optdigits 0.953 (0.966), vowels 0.988 (0.983).
 * On digits with a fault put in, the second net's errors tell its pixels with an AUROC of 0.954, the first one's of 0.917;
 * as a score they do worse: 0.931 against 0.947 for the digit 2 among the others. The score of images was found on the
 * digits 2, 3, 4 and 8, each learned alone and told from all others, and on digits of all kinds with a fault put in: by
 * squared error alone their AUROC is 0.931, 0.952, 0.956, 0.859 and 0.962, with distance and ink 0.960, 0.968, 0.972, 0.912
 * and 0.946. Ink alone or distances alone favour the single digits and lose the faults (0.875 by distance).
 * Sources: Vincent et al. 2008 (denoising), Ramaswamy et al. 2000 (neighbours).
 *
 * @example
 * ```ts
 * const { train, test } = await datasets.digits();
 * const detector = new AnomalyDetector({ seed: 1 });
 * await detector.fit(train.filter((digit) => digit === 1), { epochs: 3 });
 * const zeros = test.filter((digit) => digit === 0);
 * console.log(await detector.predict(zeros.x), await detector.explain(zeros.slice(0, 1)));
 * ```
 */
export class AnomalyDetector {
  readonly seed: number;
  readonly #options: Readonly<AnomalyDetectorOptions>;
  #scoreKind: ScoreKind | undefined;
  #scaler: Scaler | undefined;
  #nets: readonly (Autoencoder | PCA)[] = [];
  /** Makes the error maps, where it is not the nets that score. */
  #locator: Autoencoder | undefined;
  #width = 0;
  #imageShape: readonly [number, number, number] | undefined;
  #whitenings: Whitening[] = [];
  #memory: NearestNeighbors | undefined;
  /** Mean squared distance of normal data to its neighbours. */
  #usualDistance = 1;
  /** Mean squared error of every feature over normal data. */
  #usualErrors = new Float32Array();
  /** Of normal images: the median of their pixels, and the means of their ink and of their squared error. */
  #usualImage: UsualImage | undefined;
  #threshold: number | undefined;

  constructor(options: AnomalyDetectorOptions = {}) {
    checkKnownOptions('AnomalyDetector', options, ['model', 'scaler', 'threshold', 'score', 'seed']);
    const { model, scaler, threshold, score, seed } = options;
    if (model !== undefined && !(model instanceof Autoencoder) && !(model instanceof PCA)) {
      throw new TypeError(`model must be an Autoencoder or a PCA, got ${show(model)}`);
    }
    if (typeof scaler === 'string') checkOneOf('scaler', scaler, ['standard', 'minmax', 'none']);
    else if (scaler !== undefined && typeof scaler?.transform !== 'function') {
      throw new TypeError(`scaler must be a scaler or one of 'standard', 'minmax', 'none', got ${show(scaler)}`);
    }
    if (score !== undefined) checkOneOf('score', score, scoreNames);
    if (
      threshold !== undefined &&
      !(typeof threshold === 'number' && Number.isFinite(threshold)) &&
      !isRule(threshold)
    ) {
      throw new TypeError(
        `threshold must be a number, or made by quantile, meanPlusStd, contamination or bestF1, got ${show(threshold)}`,
      );
    }
    this.#options = Object.freeze({ ...options });
    this.seed = seed === undefined ? freshSeed() : checkSeed(seed);
  }

  /** The model that reconstructs; the first one of the default's three. */
  get model(): Autoencoder | PCA {
    return this.#fittedNets()[0];
  }

  /** Scores above it are anomalies. */
  get threshold(): number {
    if (this.#threshold === undefined)
      throw new Error('this AnomalyDetector has no threshold yet: call fit or calibrate');
    return this.#threshold;
  }

  set threshold(value: number) {
    if (!Number.isFinite(value)) throw new RangeError(`threshold must be a finite number, got ${show(value)}`);
    this.#threshold = value;
  }

  /**
   * Trains on normal samples, and finds the threshold on a tenth of them (a fifth of fewer than 500) that are kept apart,
   * or on `validation` where that is given.
   *
   * @param normal [n, …]; a data set whose labels say that anomalies are in it is refused
   * @param options of the training; default: chosen with the model
   * @returns the run of the (first) model
   */
  async fit(normal: Samples | Dataset, options: FitOptions = {}): Promise<Run> {
    checkLabels(normal);
    const { training, heldOut } = await this.#apart(normal, options);
    const { validation: _, ...given } = options;
    await loadEngine();
    const recipe = this.#options.model === undefined ? defaultRecipe(training, this.seed) : undefined;
    this.#imageShape = isDataset(normal) ? normal.imageShape : undefined;
    this.#width = training.shape[1];
    this.#fitScaler(training, recipe);
    this.#nets = recipe?.nets ?? [this.#options.model!];
    this.#locator = recipe?.locator;
    const scaled = this.#scaled(training);
    const validation = typeof options.validation === 'number' || !heldOut ? undefined : this.#scaled(heldOut);
    const run = await this.#train(scaled, validation, { ...recipe?.fit, ...given });
    await this.#measure(scaled, recipe);
    await this.#setThreshold(heldOut ?? training);
    return run;
  }

  /** Takes the threshold, and what scores need beside the model, from normal data; for a model that is trained already. */
  async calibrate(normal: Samples | Dataset): Promise<void> {
    checkLabels(normal);
    const rows = await readRows('normal', normal, this.#width || undefined);
    await loadEngine();
    if (this.#nets.length === 0) {
      const { model } = this.#options;
      if (!model) throw new Error('calibrate needs a model that is trained: give it to the constructor, or call fit');
      // fails here if it is not trained
      await model.reconstruct(rows.slice(0, 1));
      this.#width = rows.shape[1];
      this.#imageShape = isDataset(normal) ? normal.imageShape : undefined;
      const { scaler = 'none' } = this.#options;
      if (typeof scaler !== 'string') this.#scaler = scaler;
      else this.#scaler = makeScaler(scaler)?.fit(rows);
      this.#nets = [model];
      await this.#measure(this.#scaled(rows), undefined);
    }
    await this.#setThreshold(rows);
  }

  /** How abnormal each sample is. @param x [n, …] @returns [n] */
  async scores(x: Samples | Dataset): Promise<Float32Array> {
    const rows = await this.#read(x);
    return this.#inParts(rows, async (part) => this.#score(this.#scaled(part)));
  }

  /** 1 where the score is above the threshold. @param x [n, …] @returns [n] */
  async predict(x: Samples | Dataset): Promise<Uint8Array> {
    const { threshold } = this;
    return Uint8Array.from(await this.scores(x), (score) => Number(score > threshold));
  }

  /** Squared error at every feature, in the scaled space, mean over the nets: where the anomaly is. @returns as x */
  async errorMap(x: Samples | Dataset): Promise<NdArray> {
    const samples = await readSamples('x', x, this.#fittedWidth());
    const rows = samples.reshape(samples.length, -1);
    const errors = await this.#inParts(rows, async (part) => this.#squaredErrors(this.#scaled(part)));
    return new NdArray(errors, samples.shape);
  }

  /**
   * What contributes most to each sample's error, above what is usual in normal data.
   *
   * @param options.top features and boxes at most; default 5
   * @param options.imageShape [height, width, channels], for boxes; known where the detector was fitted on a data set
   */
  async explain(
    x: Samples | Dataset,
    options: { top?: number; imageShape?: readonly [number, number, number] } = {},
  ): Promise<Explanation[]> {
    checkKnownOptions('explain', options, ['top', 'imageShape']);
    const top = checkPositiveInteger('top', options.top ?? 5);
    const shape = options.imageShape ?? (isDataset(x) ? x.imageShape : undefined) ?? this.#imageShape;
    const width = this.#fittedWidth();
    if (shape && shape[0] * shape[1] * shape[2] !== width) {
      throw new RangeError(`imageShape must multiply to the ${width} values per sample, got [${shape}]`);
    }
    const map = await this.errorMap(x);
    return Array.from({ length: map.length }, (_, i) => {
      const excess = map.row(i).map((error, j) => Math.max(0, error - this.#usualErrors[j]));
      const total = excess.reduce((sum, error) => sum + error, 0);
      const order = Array.from(excess.keys()).sort((a, b) => excess[b] - excess[a]);
      const features = order.slice(0, top).map((index) => ({ index, share: total > 0 ? excess[index] / total : 0 }));
      return { features, ...(shape && { boxes: faultBoxes(excess, shape, top) }) };
    });
  }

  /**
   * How well anomalies are found, anomaly (1) being the positive class.
   *
   * @param y [n], 0 and 1, both in it; may be left out where x is a data set with labels
   * @param options.masks as x, 1 at the pixels or features that are faulty
   */
  async evaluate(x: Samples | Dataset, y?: ArrayLike<number>, options: { masks?: Samples } = {}): Promise<Evaluation> {
    const labels = y ?? (isDataset(x) ? x.y : undefined);
    if (!labels) throw new TypeError('evaluate needs labels: y, or a data set that has them');
    const scores = await this.scores(x);
    const predicted = Uint8Array.from(scores, (score) => Number(score > this.threshold));
    const result = {
      auroc: metrics.auroc(scores, labels),
      averagePrecision: metrics.averagePrecision(scores, labels),
      ...metrics.decisions(predicted, labels),
    };
    if (options.masks === undefined) return result;
    const masks = await toNdArray(options.masks);
    return { ...result, pixelAuroc: metrics.auroc((await this.errorMap(x)).data, masks.data) };
  }

  /** Writes models, scaler and threshold to a folder of its own, which appears whole or not at all. */
  async save(folder: string): Promise<void> {
    const scaler = this.#scaler && scalerState(this.#scaler);
    if (this.#scaler && !scaler)
      throw new Error("a scaler of your own can't be saved: use StandardScaler or MinMaxScaler");
    await writeDetector(folder, {
      seed: this.seed,
      score: this.#scoreKind!,
      threshold: this.threshold,
      width: this.#fittedWidth(),
      imageShape: this.#imageShape,
      scaler,
      nets: this.#fittedNets(),
      locator: this.#locator,
      whitenings: this.#whitenings,
      memory: this.#memory,
      usualDistance: this.#usualDistance,
      usualErrors: this.#usualErrors,
      usualImage: this.#usualImage,
    });
  }

  /** A detector that `save` wrote, ready to score. */
  static async load(folder: string): Promise<AnomalyDetector> {
    await loadEngine();
    const saved = await readDetector(folder);
    const detector = new AnomalyDetector({ seed: saved.seed });
    detector.#adopt(saved);
    return detector;
  }

  #adopt(saved: SavedDetector): void {
    this.#scoreKind = saved.score;
    this.#threshold = saved.threshold;
    this.#width = saved.width;
    this.#imageShape = saved.imageShape;
    this.#scaler = saved.scaler;
    this.#nets = saved.nets;
    this.#locator = saved.locator;
    this.#whitenings = saved.whitenings;
    this.#memory = saved.memory;
    this.#usualDistance = saved.usualDistance;
    this.#usualErrors = saved.usualErrors;
    this.#usualImage = saved.usualImage;
  }

  /** Frees the models' weights. */
  dispose(): void {
    for (const net of this.#nets) if (net instanceof Autoencoder) net.dispose();
    this.#locator?.dispose();
  }

  /** Normal data in two parts. */
  async #apart(
    normal: Samples | Dataset,
    { validation }: FitOptions,
  ): Promise<{ training: NdArray; heldOut?: NdArray }> {
    const rows = await readRows('normal', normal);
    if (validation !== undefined && typeof validation !== 'number') {
      checkLabels(validation);
      return { training: rows, heldOut: await readRows('validation', validation, rows.shape[1]) };
    }
    const n = rows.length;
    const share = validation ?? (n >= 500 ? 0.1 : 0.2);
    const count = Math.round(n * share);
    if (n < 10 || count === 0) {
      console.warn(
        `The threshold is taken from the ${n} samples of training themselves, whose errors are smaller than those of new ` +
          'data: expect false alarms. Give more normal samples, or set the threshold yourself.',
      );
      return { training: rows };
    }
    const order = new Random(this.seed, 'heldOut').permutation(n);
    return { training: rows.gather(order.subarray(count)), heldOut: rows.gather(order.subarray(0, count)) };
  }

  #fitScaler(rows: NdArray, recipe: Recipe | undefined): void {
    const { model, scaler = recipe?.scaler ?? usualScaler(model!, rows) } = this.#options;
    this.#scaler = typeof scaler === 'string' ? makeScaler(scaler)?.fit(rows) : scaler.fit(rows);
    if (scaler !== 'none') warnOfConstants(rows);
  }

  async #train(scaled: NdArray, validation: NdArray | undefined, options: FitOptions): Promise<Run> {
    let first: Run | undefined;
    for (const net of this.#locator ? [...this.#nets, this.#locator] : this.#nets) {
      if (net instanceof PCA) {
        const started = performance.now();
        await net.fit(scaled);
        first = pcaRun(average(await net.reconstructionError(scaled)), this.seed, (performance.now() - started) / 1000);
        continue;
      }
      // one picture of the training is enough, and who did not choose the nets can't change them
      const warnings = options.warnings ?? this.#options.model !== undefined;
      const quiet = { ...options, warnings, ...(first && { live: false, onEpoch: undefined }) };
      const run = await net.fit(scaled, withoutUndefined({ ...quiet, ...(validation && { validation }) }));
      first ??= run;
      if (run.stopped === 'interrupted') break;
    }
    // an interrupted training leaves nets without weights behind: those that have them serve
    this.#nets = this.#nets.filter((net) => !(net instanceof Autoencoder) || net.run !== undefined);
    if (this.#locator?.run === undefined) this.#locator = undefined;
    return first!;
  }

  /** What scores and explanations need to know of normal data. @param scaled [n, d] */
  async #measure(scaled: NdArray, recipe: Recipe | undefined): Promise<void> {
    const { score = 'default' } = this.#options;
    this.#scoreKind = score === 'default' ? (recipe?.score ?? 'mse') : score;
    const some = scaled.length > 20_000 ? scaled.gather(this.#sample(scaled.length, 20_000)) : scaled;
    this.#whitenings = [];
    this.#memory = undefined;
    if (this.#scoreKind === 'mahalanobis' || this.#scoreKind === 'combined') {
      for (const net of this.#nets) this.#whitenings.push(await fitWhitening(await residuals(net, some)));
    }
    if (this.#scoreKind === 'combined' || this.#scoreKind === 'image') await this.#remember(scaled);
    if (this.#scoreKind === 'image') {
      const enough = Math.min(some.length, Math.ceil(valuesAtOnce / this.#width));
      const background = quantileOf(some.gather(this.#sample(some.length, enough)).data, 0.5);
      this.#usualImage = {
        background,
        ink: average(inkOf(some, background)) || 1,
        error: average(await this.#errors('mse', some)) || 1,
      };
    }
    const errors = await this.#squaredErrors(some);
    this.#usualErrors = new Float32Array(this.#width);
    for (let i = 0; i < errors.length; i++) this.#usualErrors[i % this.#width] += errors[i] / some.length;
  }

  /** Keeps normal samples to compare with; what is usual is measured on others, or leaving each one out. */
  async #remember(scaled: NdArray): Promise<void> {
    const k = Math.max(1, Math.min(5, scaled.length - 1));
    const most = Math.max(1, Math.min(remembered, Math.floor(rememberedValues / this.#width)));
    const kept = scaled.length > most ? scaled.gather(this.#sample(scaled.length, most)) : scaled;
    this.#memory = await new NearestNeighbors({ k }).fit(kept);
    // each kept sample is its own nearest neighbour, at no distance: one more is asked, and the mean taken over k
    const around = await new NearestNeighbors({ k: Math.min(k + 1, kept.length) }).fit(kept);
    const distances = await around.scores(kept);
    this.#usualDistance = average(distances.map((distance) => ((distance * (k + 1)) / k) ** 2)) || 1;
  }

  #sample(n: number, count: number): Uint32Array {
    return new Random(this.seed, 'detectorSample').permutation(n).subarray(0, count);
  }

  async #setThreshold(heldOut: NdArray): Promise<void> {
    const rule = this.#options.threshold ?? quantile(0.95);
    if (typeof rule === 'number') this.#threshold = rule;
    else if (rule.kind === 'bestF1') {
      this.#threshold = metrics.bestF1Threshold(await this.scores(rule.x), rule.y).threshold;
    } else this.#threshold = thresholdOf(rule, await this.scores(heldOut));
  }

  /** @param scaled [n, d] @returns [n] */
  async #score(scaled: NdArray): Promise<Float32Array> {
    const kind = this.#scoreKind;
    if (kind === 'mse' || kind === 'mae') return this.#errors(kind, scaled);
    if (kind === 'image') return this.#scoreImages(scaled);
    const distances = await meanOver(this.#nets, async (net, i) =>
      mahalanobis(this.#whitenings[i], await residuals(net, scaled)),
    );
    if (kind === 'mahalanobis') return distances;
    const nearest = await this.#memory!.scores(scaled);
    // (D^2 / mean D^2)^(2/3) M^(1/3)
    return distances.map((distance, i) => Math.cbrt((nearest[i] ** 2 / this.#usualDistance) ** 2 * distance));
  }

  /** E / mean E, times D / sqrt(mean D^2), over sqrt(I / mean I) */
  async #scoreImages(images: NdArray): Promise<Float32Array> {
    const { background, ink, error } = this.#usualImage!;
    const nearest = await this.#memory!.scores(images);
    return meanOver(this.#nets, async (net) => {
      const reconstructed = await net.reconstruct(images);
      const [errors, inks] = [errorPerSample('mse', images, reconstructed), inkOf(reconstructed, background)];
      return errors.map(
        (one, i) =>
          (one / error) * Math.sqrt(nearest[i] ** 2 / this.#usualDistance / Math.max(leastInk, inks[i] / ink)),
      );
    });
  }

  async #errors(kind: 'mse' | 'mae', scaled: NdArray): Promise<Float32Array> {
    return meanOver(this.#nets, async (net) => errorPerSample(kind, scaled, await net.reconstruct(scaled)));
  }

  /** @param scaled [n, d] @returns [n * d] */
  async #squaredErrors(scaled: NdArray): Promise<Float32Array> {
    return meanOver(this.#locator ? [this.#locator] : this.#nets, async (net) =>
      (await residuals(net, scaled)).data.map((residual) => residual ** 2),
    );
  }

  /** Some rows at a time, so that memory stays small whatever comes. */
  async #inParts(rows: NdArray, map: (part: NdArray) => Promise<Float32Array>): Promise<Float32Array> {
    const size = Math.max(1, Math.floor(valuesAtOnce / rows.shape[1]));
    const parts: Float32Array[] = [];
    for (let start = 0; start < rows.length; start += size) parts.push(await map(rows.slice(start, start + size)));
    if (parts.length === 1) return parts[0];
    const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      out.set(part, offset);
      offset += part.length;
    }
    return out;
  }

  async #read(x: Samples | Dataset): Promise<NdArray> {
    return readRows('x', x, this.#fittedWidth());
  }

  #scaled(rows: NdArray): NdArray {
    return this.#scaler ? this.#scaler.transform(rows) : rows;
  }

  #fittedNets(): readonly (Autoencoder | PCA)[] {
    if (this.#nets.length === 0) {
      throw new Error(
        'this AnomalyDetector knows nothing of normal data yet: call fit, or calibrate for a trained model',
      );
    }
    return this.#nets;
  }

  #fittedWidth(): number {
    this.#fittedNets();
    return this.#width;
  }
}

/** Squared distance of every image to a picture of the background alone. */
function inkOf(images: NdArray, background: number): Float32Array {
  return Float32Array.from({ length: images.length }, (_, i) =>
    images.row(i).reduce((sum, pixel) => sum + (pixel - background) ** 2, 0),
  );
}

function isRule(value: unknown): value is ThresholdRule {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

/** Anomalies must not be learned as normal where the labels tell of them. */
function checkLabels(normal: Samples | Dataset): void {
  if (!isDataset(normal) || !normal.y) return;
  const { y, labels } = normal;
  const others = y.reduce((count, label) => count + Number(label !== 0), 0);
  if (others === 0 || others === y.length) return;
  if (labels?.[0] === 'normal') {
    throw new RangeError(
      `normal must hold normal samples alone, ${others} of the ${y.length} in '${normal.name}' have other labels: ` +
        'leave them out with .filter((label) => label === 0)',
    );
  }
  if (!labels && y.every((label) => label === 0 || label === 1)) {
    console.warn(
      `'${normal.name}' has the labels 0 and 1. If 1 marks anomalies, leave them out with .filter((label) => label === 0): ` +
        'what a detector is trained on, it takes for normal.',
    );
  }
}

function warnOfConstants(rows: NdArray): void {
  const d = rows.shape[1];
  const constant = Array.from({ length: d }, (_, j) => j).filter((j) => {
    for (let i = j; i < rows.data.length; i += d) if (rows.data[i] !== rows.data[j]) return false;
    return true;
  });
  if (constant.length === 0) return;
  const named = constant.length > 8 ? `${constant.slice(0, 8).join(', ')}, …` : constant.join(', ');
  console.warn(
    `${constant.length === 1 ? 'Feature' : 'Features'} ${named} never ${constant.length === 1 ? 'changes' : 'change'} in the ` +
      'normal data: any other value in new data counts as it is, not scaled.',
  );
}

function makeScaler(name: 'standard' | 'minmax' | 'none'): Scaler | undefined {
  if (name === 'none') return undefined;
  return name === 'standard' ? new StandardScaler() : new MinMaxScaler();
}

function usualScaler(model: Autoencoder | PCA, rows: NdArray): 'standard' | 'minmax' | 'none' {
  if (model instanceof PCA || model.options.output === 'linear') return 'standard';
  return rows.data.every((value) => value >= 0 && value <= 1) ? 'none' : 'minmax';
}

/** Output minus input. @param scaled [n, d] @returns [n, d] */
async function residuals(net: Autoencoder | PCA, scaled: NdArray): Promise<NdArray> {
  const output = await net.reconstruct(scaled);
  return new NdArray(
    output.data.map((value, i) => value - scaled.data[i]),
    scaled.shape,
  );
}

async function meanOver<T>(
  nets: readonly T[],
  measure: (net: T, index: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  let sum = new Float32Array();
  for (const [i, net] of nets.entries()) {
    const values = await measure(net, i);
    sum = i === 0 ? Float32Array.from(values) : sum.map((value, j) => value + values[j]);
  }
  return nets.length === 1 ? sum : sum.map((value) => value / nets.length);
}

function average(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function withoutUndefined(options: FitOptions): FitOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** PCA is solved, not trained: a run of one epoch says what came of it. */
function pcaRun(loss: number, seed: number, seconds: number): Run {
  return displayableRun({
    model: 'PCA',
    history: { loss: [loss], terms: { reconstruction: [loss] } },
    unit: 'mse',
    epochs: 1,
    stopped: 'completed',
    engine: 'exact',
    seed,
    seconds,
    samplesPerSecond: 0,
    options: {},
  });
}
